"""How sure a ratio of two systems is: paired bootstrap over histories.

Positions of one playlist rise and fall together, so histories are drawn, with all their positions, and both systems
are measured on the same draw (Efron, Tibshirani 1993). Knows numbers, no systems.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segue.evaluation.metrics import Values

DRAWS = 2_000
INTERVAL = 0.9


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of sums and the interval in which it lies in INTERVAL of the draws; None where its divisor is 0."""

    value: float | None
    low: float | None
    high: float | None

    @property
    def rounded(self) -> list[float | None]:
        """The interval's ends, for a report."""
        return [None if end is None else round(end, 3) for end in (self.low, self.high)]


def ratio(above: Values, below: Values, histories: Sequence[str], seed: int = 1, draws: int = DRAWS) -> Ratio:
    """Return sum(above) / sum(below) over positions, with its interval; `histories` names each position's history."""
    if not below.sum():
        return Ratio(None, None, None)
    _, places = np.unique(np.asarray(histories), return_inverse=True)
    tops, bottoms = np.bincount(places, above), np.bincount(places, below)
    random = np.random.default_rng(seed)
    drawn = random.multinomial(len(tops), np.full(len(tops), 1.0 / len(tops)), size=draws).astype(np.float64)
    divisors = drawn @ bottoms
    quotients = np.where(divisors > 0, (drawn @ tops) / np.where(divisors > 0, divisors, 1.0), np.inf)
    low, high = np.quantile(quotients, [(1.0 - INTERVAL) / 2, (1.0 + INTERVAL) / 2], method="nearest")
    return Ratio(float(above.sum() / below.sum()), float(low), float(high) if np.isfinite(high) else None)
