"""What came of the dialogue protocol: a table by turn, ratios to BM25, and how sure they are.

A hit is a question of whose wanted tracks one or more stand among the first ten; the reciprocal rank is that of the
first. Intervals are paired bootstraps over whole dialogues. Knows ranks, no systems.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from segue.evaluation.bootstrap import ratio
from segue.evaluation.dialogues.plain import BM25, OWN_BM25, OWN_BM25_TWO
from segue.evaluation.dialogues.questions import Question
from segue.evaluation.dialogues.systems import DECODER, SEGUE, Reached
from segue.evaluation.metrics import Values, hit
from segue.evaluation.task import Mask
from segue.tokens.codebook import Integers

MOST_TURNS = 8

SLICES: dict[str, Callable[[Question], bool]] = {
    "first": lambda question: question.turn == 0,
    "last": lambda question: question.is_last,
    "all": lambda _: True,
}


def joined(parts: Sequence[Reached]) -> Reached:
    """Return the folds as one: each dialogue was tested once."""
    first = parts[0]
    return Reached(
        [question for part in parts for question in part.questions],
        {name: np.concatenate([part.goal[name] for part in parts]) for name in first.goal},
        {name: np.concatenate([part.now[name] for part in parts]) for name in first.now},
        {name: " / ".join(dict.fromkeys(part.chosen[name] for part in parts)) for name in first.chosen},
    )


def table(reached: Reached) -> dict[str, dict[str, dict[str, float]]]:
    """Return hit@10, hit@100 and MRR by system and slice; `now` is over all turns, for what was liked at once."""
    return {
        name: {
            **{part: _metrics(reached.goal[name][_places(reached, chosen)]) for part, chosen in SLICES.items()},
            "now": _metrics(reached.now[name][reached.now[name] > 0]),
        }
        for name in reached.goal
    }


def by_turn(reached: Reached) -> dict[str, dict[str, float]]:
    """Return each system's hit@10 by the number of the turn, from 1; the last number stands for all from there on."""
    turns = np.minimum([question.turn + 1 for question in reached.questions], MOST_TURNS)
    return {
        name: {str(turn): round(float(hit(ranks[turns == turn], 10).mean()), 4) for turn in np.unique(turns)}
        for name, ranks in reached.goal.items()
    }


def figures(reached: Reached) -> dict[str, Any]:
    """Return the figures under the names that the command reports them by, each with its interval."""
    return {
        "dialogues": len({question.dialogue for question in reached.questions}),
        "questions": len(reached.questions),
        **_over(reached, "bm25", BM25),
        **_over(reached, "own_bm25", OWN_BM25),
        **_ratio(reached, "hit10_over_own_bm25_two_turns", SEGUE, OWN_BM25_TWO, "last", _hit10),
    }


def _over(reached: Reached, name: str, below: str) -> dict[str, Any]:
    return {
        **_ratio(reached, f"hit10_over_{name}", SEGUE, below, "last", _hit10),
        **_ratio(reached, f"mrr_over_{name}", SEGUE, below, "last", _reciprocal),
        **_ratio(reached, f"first_turn_hit10_over_{name}", SEGUE, below, "first", _hit10),
        **_ratio(reached, f"decoder_hit10_over_{name}", DECODER, below, "last", _hit10),
    }


def _ratio(
    reached: Reached, figure: str, system: str, below: str, part: str, metric: Callable[[Integers], Values]
) -> dict[str, Any]:
    places = _places(reached, SLICES[part])
    dialogues = [question.dialogue for question, kept in zip(reached.questions, places, strict=True) if kept]
    found = ratio(metric(reached.goal[system][places]), metric(reached.goal[below][places]), dialogues)
    return {figure: None if found.value is None else round(found.value, 3), f"{figure}_interval": found.rounded}


def _places(reached: Reached, chosen: Callable[[Question], bool]) -> Mask:
    return np.array([chosen(question) for question in reached.questions], bool)


def _metrics(ranks: Integers) -> dict[str, float]:
    if not len(ranks):
        return {}
    values = {"hit10": _hit10(ranks), "hit100": hit(ranks, 100), "mrr": _reciprocal(ranks)}
    return {name: round(float(each.mean()), 4) for name, each in values.items()}


def _hit10(ranks: Integers) -> Values:
    return hit(ranks, 10)


def _reciprocal(ranks: Integers) -> Values:
    return np.asarray(1.0 / ranks, np.float64)
