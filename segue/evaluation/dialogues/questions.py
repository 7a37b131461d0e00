"""Turns of recorded dialogues as questions: what is known when it is asked, and what the listener still wants.

A turn is a question where something was said and tracks of the goal are left. Known are all utterances so far, the
replies to the earlier ones, and which tracks were liked and disliked before it; what came of the turn itself is not.
Tracks that were rated before are ruled out for every system alike. Knows dialogues, no system.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from segue.catalog import Track, validate_track
from segue.dataset import Dialogue
from segue.errors import DatasetError
from segue.importers.cpcd import read_cpcd, read_cpcd_catalog
from segue.jsonlines import read_lines, read_rows
from segue.tokens.asking import asking
from segue.tokens.codebook import Floats, Integers

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Question:
    """One turn. Tracks are rows of the catalogue; what is told is oldest first and each track once.

    `texts` are the utterances, the one to answer last; `replies` answered those before it. `goal` is what the listener
    ended up with and had not liked yet, `now` what was liked of this turn's answer, `refused` what was disliked of it.
    """

    dialogue: str
    turn: int
    texts: tuple[str, ...]
    replies: tuple[str, ...]
    liked: tuple[int, ...]
    disliked: tuple[int, ...]
    goal: tuple[int, ...]
    now: tuple[int, ...]
    refused: tuple[int, ...]
    is_last: bool = False

    @property
    def ruled_out(self) -> list[int]:
        """Rows that were rated before, each once."""
        return sorted({*self.liked, *self.disliked})


@dataclass(frozen=True, slots=True)
class Conversations:
    """The catalogue, ordered by id, and the questions of the dialogues to learn from and of those to test on."""

    tracks: Sequence[Track]
    training: Sequence[Question]
    test: Sequence[Question]


def read_conversations(train: Path, test: Path | None = None, catalog: Path | None = None) -> list[Conversations]:
    """Read the files: one pair of training and test, or FOLDS of them where only `train` is given.

    Candidates are all tracks that any of the files describes; nothing else of the test file is learned from. Raises
    DatasetError where a file is broken, or has no question.
    """
    dialogues, tracks = read_cpcd(train)
    tested, more = read_cpcd(test) if test is not None else ([], {})
    listed = (_read_catalog(catalog) if catalog is not None else {}) | more | tracks
    ordered = [listed[track_id] for track_id in sorted(listed)]
    rows = {track.track_id: row for row, track in enumerate(ordered)}
    asked = [question for dialogue in dialogues for question in questions(dialogue, rows)]
    if test is not None:
        shared = {dialogue.dialogue_id for dialogue in dialogues} & {dialogue.dialogue_id for dialogue in tested}
        if shared:
            raise DatasetError(f"{train} and {test} share dialogues, such as {min(shared)}; nothing may be in both")
        pairs = [(asked, [question for dialogue in tested for question in questions(dialogue, rows)])]
    else:
        pairs = folds(asked, FOLDS)
    for learned, measured in pairs:
        if not learned or not measured:
            raise DatasetError(f"{train if not learned else test or train} holds too few dialogues with something left")
    return [Conversations(ordered, learned, measured) for learned, measured in pairs]


def questions(dialogue: Dialogue, rows: Mapping[str, int]) -> Iterator[Question]:
    """Yield the questions of a dialogue; the last one is marked."""
    found: list[Question] = []
    liked: dict[int, None] = {}
    disliked: dict[int, None] = {}
    for place, turn in enumerate(dialogue.turns):
        seen = {*liked, *disliked}
        now = _fresh(turn.liked_track_ids, rows, seen)
        goal = _fresh(dialogue.goal_track_ids, rows, seen)
        if turn.text.strip() and goal:
            told = dialogue.turns[: place + 1]
            found.append(
                Question(
                    dialogue=dialogue.dialogue_id,
                    turn=place,
                    texts=tuple(each.text for each in told),
                    replies=tuple(each.reply for each in told[:-1]),
                    liked=tuple(liked),
                    disliked=tuple(disliked),
                    goal=goal,
                    now=now,
                    refused=_fresh(turn.disliked_track_ids, rows, seen),
                )
            )
        liked |= dict.fromkeys(rows[each] for each in turn.liked_track_ids)
        disliked |= dict.fromkeys(rows[each] for each in turn.disliked_track_ids)
    for question in found:
        yield replace(question, is_last=True) if question is found[-1] else question


def folds(asked: Sequence[Question], count: int, seed: int = 1) -> list[tuple[list[Question], list[Question]]]:
    """Return the questions cut `count` times into those to learn from and those to test on, by whole dialogues."""
    names = np.array(sorted({question.dialogue for question in asked}))
    np.random.default_rng(seed).shuffle(names)
    parts = [set(names[place::count].tolist()) for place in range(count)]
    return [split(asked, part) for part in parts]


def split(asked: Sequence[Question], held: Collection[str]) -> tuple[list[Question], list[Question]]:
    """Return the questions of all other dialogues, and those of the dialogues that are held out."""
    return (
        [question for question in asked if question.dialogue not in held],
        [question for question in asked if question.dialogue in held],
    )


def rank_of_first(scores: Floats, question: Question, wanted: Sequence[int]) -> int:
    """Return the rank, from 1, of the first wanted row; rows that were rated are ruled out, ties are pessimistic."""
    competing = np.ones(len(scores), bool)
    competing[question.ruled_out] = False
    mark = max(scores[list(wanted)])
    others = competing.copy()
    others[list(wanted)] = False
    return 1 + int(np.count_nonzero(~(scores[others] < mark)))


def ranks(scores: Floats, questions: Sequence[Question], *, now: bool = False) -> Integers:
    """Return `rank_of_first` at each question for its goal, or for what was liked at once: 0 where nothing was."""
    wanted = [question.now if now else question.goal for question in questions]
    found = [
        rank_of_first(each, question, rows) if rows else 0
        for each, question, rows in zip(scores, questions, wanted, strict=True)
    ]
    return np.array(found, np.int64)


def as_sentence(question: Question, tracks: Sequence[Track]) -> str:
    """Return the conversation as a sentence for a text encoder."""
    reply = question.replies[-1] if question.replies else ""
    return asking(question.texts, [tracks[row] for row in question.liked], reply)


def spread(questions: Sequence[Question], most: int) -> list[Question]:
    """Return at most so many of the questions, evenly spread."""
    step = max(1.0, len(questions) / most)
    return [questions[int(place * step)] for place in range(min(most, len(questions)))]


def _read_catalog(path: Path) -> dict[str, Track]:
    """Read a catalogue in CPCD's words for a track or in those of a dataset folder."""
    _, first = next(read_lines(path), (0, b""))
    if b'"track_ids"' in first:
        return read_cpcd_catalog(path)
    return {track.track_id: track for track in read_rows(path, Track, validate_track)}


def _fresh(track_ids: Sequence[str], rows: Mapping[str, int], seen: Collection[int]) -> tuple[int, ...]:
    return tuple(row for row in dict.fromkeys(rows[each] for each in track_ids) if row not in seen)
