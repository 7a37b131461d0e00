"""One ranker over all positions of a task: ranks of the wanted tracks, recall of all that follows, what was listed.

Knows rankers through their protocol and prints nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segue.evaluation.metrics import Values, rank_of
from segue.evaluation.positions import Position
from segue.evaluation.systems import NOTHING, Ranker
from segue.tokens.codebook import Floats, Integers

LIST_LENGTH = 10
RECALLS = (10, 100)


@dataclass(frozen=True, slots=True)
class Run:
    """What one fitted ranker reached.

    `ranks` [positions]; `recalls` by list length, [histories]: the share of all tracks that a history still gained
    that the list at its first position holds; `shown` counts the first ten of every list, [tracks].
    """

    ranks: Integers
    recalls: Mapping[int, Values]
    shown: Integers


def run(
    ranker: Ranker, positions: Sequence[Position], tracks: int, watch: Callable[[int, int], None] = lambda *_: None
) -> Run:
    """Rank the catalogue at every position."""
    following = _following(positions)
    ranks, shown = np.zeros(len(positions), np.int64), np.zeros(tracks, np.int64)
    recalls: dict[int, list[float]] = {most: [] for most in RECALLS}
    for place, (position, scores) in enumerate(zip(positions, ranker.scores(positions), strict=True)):
        ranks[place] = rank_of(scores, position.wanted, position.excluded)
        shown[top(scores, position.excluded, LIST_LENGTH)] += 1
        if wanted := following.get(place):
            found = np.array([rank_of(scores, row, position.excluded) for row in wanted])
            for most, shares in recalls.items():
                shares.append(float(np.mean(found <= most)))
        if place % 50 == 49 or place == len(positions) - 1:
            watch(place + 1, len(positions))
    return Run(ranks, {most: np.array(shares) for most, shares in recalls.items()}, shown)


def top(scores: Floats, excluded: Sequence[int], most: int) -> Integers:
    """Return at most `most` rows that are not excluded and of which the ranker says anything, best first."""
    allowed = scores.copy()
    allowed[list(excluded)] = NOTHING
    near = np.argpartition(-allowed, min(most, len(allowed) - 1))[:most]
    ordered = near[np.lexsort((near, -allowed[near]))]
    return np.asarray(ordered[allowed[ordered] > NOTHING], np.int64)


def _following(positions: Sequence[Position]) -> dict[int, list[int]]:
    """Return, for the first position of each history, the distinct tracks wanted there and later."""
    first: dict[str, int] = {}
    wanted: dict[int, dict[int, None]] = {}
    for place, position in enumerate(positions):
        at = first.setdefault(position.history, place)
        if position.wanted not in positions[at].excluded:
            wanted.setdefault(at, {})[position.wanted] = None
    return {at: list(rows) for at, rows in wanted.items()}
