"""Seeded draws: each thing in the world has dice of its own, found by its name, so that no draw disturbs another's.

Only uniform numbers are drawn, and PCG64 makes the same ones on every machine; what is computed from them is compared
or rounded far above the last bit, in which machines may differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import TypeVar
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
Floats = NDArray[np.float64]


class Dice:
    """The draws of one thing, named by a path such as ("listener", 7)."""

    def __init__(self, seed: int, *path: str | int) -> None:
        words = [part if isinstance(part, int) else crc32(part.encode()) for part in path]
        self._generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """A number in [low, high)."""
        return low + (high - low) * float(self._generator.random())

    def uniforms(self, *shape: int) -> Floats:
        """Numbers in [0, 1)."""
        numbers: Floats = self._generator.random(shape)
        return numbers

    def bell(self, mean: float, spread: float) -> float:
        """A number around the mean, roughly normal with this standard deviation, at most 3.5 of them away."""
        # The sum of four uniform numbers has variance 4/12; no transcendental function is needed.
        return mean + spread * (float(self._generator.random(4).sum()) - 2.0) * sqrt(3.0)

    def chance(self, probability: float) -> bool:
        """True this often."""
        return float(self._generator.random()) < probability

    def between(self, least: int, most: int) -> int:
        """A whole number, both ends included."""
        return least + int(self._generator.random() * (most - least + 1))

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[int(self._generator.random() * len(items))]

    def weighted(self, weights: Floats) -> int:
        """An index, as often as its weight says."""
        return self._index(np.cumsum(weights))

    def several(self, weights: Floats, count: int) -> list[int]:
        """At most `count` different indices of positive weight, as often as their weights say, in the order drawn."""
        left = np.array(weights, dtype=np.float64)
        count = min(count, int(np.count_nonzero(left > 0)))
        total = np.cumsum(left)
        drawn: list[int] = []
        while len(drawn) < count:
            index = self._index(total)
            if index in drawn:
                # Drawing again is as good as drawing without it, and one sum over all weights serves many draws.
                left[drawn] = 0.0
                total = np.cumsum(left)
            else:
                drawn.append(index)
        return drawn

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """At most `count` different items, in the order drawn."""
        return [items[index] for index in self.several(np.ones(len(items)), count)]

    def _index(self, total: Floats) -> int:
        return min(int(np.searchsorted(total, self._generator.random() * total[-1], side="right")), len(total) - 1)
