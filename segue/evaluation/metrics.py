"""Ranking metrics from the ranks of the wanted tracks. Knows ranks and scores, not where they come from.

Ties are pessimistic: a track that scores like others ranks behind all of them, so a constant score earns nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MISSED = np.iinfo(np.int64).max


def rank_of(scores: npt.NDArray[np.float32], wanted: int, excluded: Sequence[int] | npt.NDArray[np.int64]) -> int:
    """Return the rank, from 1, of the wanted row among the rows that are not excluded; MISSED when it is excluded."""
    mark = scores[wanted]
    ahead = int(np.count_nonzero(scores >= mark))
    for row in excluded:
        if row == wanted:
            return int(MISSED)
        ahead -= bool(scores[row] >= mark)
    return ahead


@dataclass(frozen=True, slots=True)
class RankingMetrics:
    """Means over positions, each 0 to 1. A position has one wanted track, so NDCG is 1 / log2(1 + rank) within ten."""

    positions: int
    hit10: float
    hit100: float
    mrr: float
    ndcg10: float

    @classmethod
    def of(cls, ranks: Sequence[int]) -> RankingMetrics:
        """Summarise ranks from 1 on."""
        values = np.asarray(ranks, np.float64)
        if not len(values):
            return cls(0, 0.0, 0.0, 0.0, 0.0)
        return cls(
            positions=len(values),
            hit10=float(np.mean(values <= 10)),
            hit100=float(np.mean(values <= 100)),
            mrr=float(np.mean(np.where(values == MISSED, 0.0, 1.0 / values))),
            ndcg10=float(np.mean(np.where(values <= 10, 1.0 / np.log2(1.0 + values), 0.0))),
        )
