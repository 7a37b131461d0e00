"""Ranking metrics from the ranks of the wanted tracks. Knows ranks and scores, not where they come from.

Ties are pessimistic: a track that scores like others ranks behind all of them, so a constant score earns nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MISSED = np.iinfo(np.int64).max

Values = npt.NDArray[np.float64]


def rank_of(scores: npt.NDArray[np.float32], wanted: int, excluded: Sequence[int] | npt.NDArray[np.int64]) -> int:
    """Return the rank, from 1, of the wanted row among the rows that are not excluded; MISSED when it is excluded.

    `excluded` names no row twice.
    """
    mark = scores[wanted]
    ahead = int(np.count_nonzero(scores >= mark))
    if not len(excluded):
        return ahead
    rows = np.asarray(excluded, np.int64)
    if np.any(rows == wanted):
        return int(MISSED)
    return ahead - int(np.count_nonzero(scores[rows] >= mark))


def hit(ranks: npt.NDArray[np.int64], most: int) -> Values:
    """Return 1 where the wanted track is among the first `most`, else 0."""
    return np.asarray(ranks <= most, np.float64)


def reciprocal(ranks: npt.NDArray[np.int64]) -> Values:
    """Return 1 / rank, 0 where the track was missed; its mean is the MRR."""
    return np.asarray(np.where(ranks == MISSED, 0.0, 1.0 / ranks), np.float64)


def gain(ranks: npt.NDArray[np.int64], most: int = 10) -> Values:
    """Return NDCG for one wanted track: 1 / log2(1 + rank) within the first `most` (Järvelin, Kekäläinen 2002)."""
    inside = np.minimum(ranks, most)
    return np.asarray(np.where(ranks <= most, 1.0 / np.log2(1.0 + inside), 0.0), np.float64)


@dataclass(frozen=True, slots=True)
class RankingMetrics:
    """Means over positions, each 0 to 1. A position has one wanted track, so NDCG is 1 / log2(1 + rank) within ten."""

    positions: int
    hit10: float
    hit100: float
    mrr: float
    ndcg10: float
    hit1: float = 0.0

    @classmethod
    def of(cls, ranks: Sequence[int] | npt.NDArray[np.int64]) -> RankingMetrics:
        """Summarise ranks from 1 on."""
        values = np.asarray(ranks, np.int64)
        if not len(values):
            return cls(0, 0.0, 0.0, 0.0, 0.0)
        return cls(
            positions=len(values),
            hit10=float(hit(values, 10).mean()),
            hit100=float(hit(values, 100).mean()),
            mrr=float(reciprocal(values).mean()),
            ndcg10=float(gain(values).mean()),
            hit1=float(hit(values, 1).mean()),
        )
