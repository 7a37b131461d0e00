"""What a text encoder learns from: each turn of a dialogue, the tracks that came of it, and tracks that only sound so.

Knows histories and an index; the questions are written as in serving (`segue/model/closeness.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

import numpy as np

from segue.model.closeness import question
from segue.model.index import Index
from segue.model.scoring import Context, word_share
from segue.tokens.codebook import Integers
from segue.tokens.histories import DIALOGUE, History
from segue.tokens.prompt import Moment
from segue.tokens.vocabulary import Control
from segue.training.text_tuning import TextExample

# As many as the words of the utterance speak for most.
_MOST_CONFUSABLE = 40


def text_examples(histories: Sequence[History], index: Index) -> list[TextExample]:
    """Return a question for each turn after which something was taken; competitors are tracks of these dialogues."""
    dialogues = [history for history in histories if history.kind == DIALOGUE]
    known = np.unique([moment.row for dialogue in dialogues for moment in dialogue.moments if moment.is_track])
    return [example for dialogue in dialogues for example in _examples(dialogue, index, known.astype(np.int64))]


def _examples(dialogue: History, index: Index, known: Integers) -> Iterator[TextExample]:
    turns = [place for place, moment in enumerate(dialogue.moments) if moment.is_turn]
    for number, place in enumerate(turns):
        told, later = dialogue.moments[: place + 1], dialogue.moments[place + 1 :]
        now = tuple(takewhile(lambda moment: not moment.is_turn, later))
        likely = _taken(later)
        if not likely:
            continue
        texts = dialogue.texts[: number + 1]
        right = {*likely, *_taken(told)}
        yield TextExample(
            asked=question(told, texts, index.tracks),
            bare=texts[-1],
            wanted=_taken(now),
            likely=likely,
            right=tuple(right),
            unwanted=_refused(now) or _refused(told),
            confusable=tuple(row for row in _sounding(texts[-1], index, known) if row not in right),
        )


def _taken(moments: Sequence[Moment]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(moment.row for moment in moments if moment.wanted))


def _refused(moments: Sequence[Moment]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(moment.row for moment in moments if moment.control is Control.DISLIKED))


def _sounding(text: str, index: Index, known: Integers) -> list[int]:
    """Return the rows, of the known ones, whose own words carry most of what was said."""
    shares = word_share(index, Context.of((), (text,)))[known]
    nearest = np.argsort(-shares, kind="stable")[:_MOST_CONFUSABLE]
    return [int(row) for row in known[nearest[shares[nearest] > 0.0]]]
