"""Tuning on validation positions: one setting after the other over its values, the best kept.

Knows rankers through their scores. What a system tries is beside its code and in `docs/evaluation.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from segue.evaluation.metrics import RankingMetrics, rank_of
from segue.evaluation.positions import Position
from segue.evaluation.systems import NOTHING
from segue.evaluation.task import Mask
from segue.tokens.codebook import Floats
from segue.training.watch import Watch

S = TypeVar("S")
SWEEPS = 2


def reached(scores: Iterable[Floats], positions: Sequence[Position], candidates: Mask) -> RankingMetrics:
    """Return the metrics over validation positions, at which only the candidates compete."""
    return RankingMetrics.of(
        [
            rank_of(np.where(candidates, row, NOTHING), position.wanted, position.excluded)
            for row, position in zip(scores, positions, strict=True)
        ]
    )


def quality(metrics: RankingMetrics) -> float:
    """Return what tuning makes as large as it can: hit@10 and MRR, the two figures that systems are compared by."""
    return metrics.hit10 + metrics.mrr


def search(
    start: S, grid: Mapping[str, Sequence[Any]], measure: Callable[[S], float], watch: Watch, sweeps: int = SWEEPS
) -> tuple[S, float]:
    """Return the best settings found, and their quality; `start` is a dataclass, `grid` the values of its fields.

    One field after the other is set to its best value, `sweeps` times. What is in use wins ties.
    """
    best, known = start, {start: measure(start)}
    trials = sweeps * sum(len(values) for values in grid.values())
    done = 0
    for _ in range(sweeps):
        for name, values in grid.items():
            for value in values:
                candidate: S = replace(best, **{name: value})  # type: ignore[type-var]
                if candidate not in known:
                    known[candidate] = measure(candidate)
                done += 1
                watch.step(done, trials, 1.0 - known[best], 0.0)
            best = max([best, *(replace(best, **{name: value}) for value in values)], key=known.__getitem__)  # type: ignore[type-var]
    return best, known[best]
