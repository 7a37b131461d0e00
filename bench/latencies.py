"""Percentiles of measured times. Knows numbers, not where they come from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MILLISECONDS = 1_000.0


def percentile_ms(seconds: Sequence[float], percent: float) -> float:
    """Return the percentile of times in seconds, in milliseconds, interpolated linearly; NaN of nothing."""
    if not len(seconds):
        return float("nan")
    return round(float(np.percentile(np.asarray(seconds), percent)) * MILLISECONDS, 3)


def paired(first: Sequence[float], second: Sequence[float]) -> list[float]:
    """Return the sums of the times at the same places: what one after the other takes.

    The 99th percentile of the sums is smaller than the sum of the two, so a ratio over it is the harder one.
    """
    return [one + other for one, other in zip(first, second, strict=False)]
