"""The checkpoint's clusters of tracks, frozen: what a neighbour stands for, and which code content suggests.

A weighted sum of clusters stands for the same sum of their centroids. Its inner products follow from the centroids'
own, which are whole numbers here, so whatever is made of them is exact, however it was batched. Knows arrays and ids,
neither the checkpoint's files nor any track's evidence. `segue.tokens.codebooks` freezes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import isqrt

import numpy as np
import numpy.typing as npt

from segue.cooccurrence.rules import LiveRules
from segue.cooccurrence.suggestion import Suggestion

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

# Lengths and inner products of unit vectors are held in units of 1/UNIT.
UNIT = 1 << 16
MOST_SUGGESTED = 65_536
TINY = 1e-9
# Of a bound that holds for exact numbers; ours are rounded to a hundred-thousandth.
CERTAINLY = 0.98


@dataclass(frozen=True)
class FrozenClusters:
    """Centroids, [clusters, dimensions], what is added to squared distances, [clusters], and known tracks' clusters.

    `version` is that of the codebooks that number the clusters; `checkpoint` is the checkpoint's own, which stands for
    all that is here.
    """

    version: str
    centroids: Floats
    offsets: Floats
    by_track: Mapping[str, int]
    suggestion: Suggestion
    rules: LiveRules = field(default_factory=LiveRules)
    checkpoint: str = ""

    def __len__(self) -> int:
        return len(self.centroids)

    @cached_property
    def products(self) -> Integers:
        """The centroids' inner products, [clusters, clusters], in units of 1/UNIT."""
        whole = self._whole
        return np.asarray(np.rint((whole @ whole.T) / UNIT), np.int64)

    @cached_property
    def handicaps(self) -> Integers:
        """What each centroid adds to the squared distance of a unit vector, [clusters], in units of 1/UNIT."""
        return np.asarray(np.diag(self.products) + np.rint(self.offsets.astype(np.float64) * UNIT), np.int64)

    @cached_property
    def _whole(self) -> Integers:
        return np.asarray(np.rint(self.centroids.astype(np.float64) * UNIT), np.int64)

    def distances(self, closeness: Integers, length: int) -> Integers:
        """Return how far a vector's direction is from each centroid, [clusters], comparable among themselves.

        `closeness` are its inner products with the centroids times UNIT, [clusters], `length` is its own. A difference
        of two distances is one of squared distances between unit vectors, offsets included, times `length` times UNIT.
        """
        return np.asarray(length * self.handicaps - 2 * closeness, np.int64)

    def least_moving(self, home: int, margin: float) -> float:
        """Return a share of home's belief: evidence that weighs no more moves no code from home, whatever it says."""
        return self._least(home, margin)

    @cached_property
    def _least(self) -> Callable[[int, float], float]:
        return lru_cache(MOST_SUGGESTED)(self._least_of)

    def _least_of(self, home: int, margin: float) -> float:
        # Beside a belief of 1, evidence of weight w in whatever direction brings the mixture closer to another centroid
        # than to home by at most: gain + 2 (w apart - behind) / (1 + w), as long as that is not positive before gain.
        own = self.products[home] / UNIT
        behind = own[home] - own
        apart = np.sqrt(np.maximum(0.0, np.diag(self.products) / UNIT + own[home] - 2.0 * own))
        gain = (self.handicaps[home] - self.handicaps) / UNIT - margin
        most = np.minimum(behind / (apart + TINY), (2.0 * behind - gain) / np.maximum(gain + 2.0 * apart, TINY))
        least = np.min(most, where=np.arange(len(self)) != home, initial=1.0)
        return CERTAINLY * max(0.0, float(least))

    def suggested(self, content_codes: tuple[int, ...], artists: tuple[str, ...]) -> int | None:
        """Return the cluster that content suggests, codes in the order of modalities; None where it says nothing."""
        return self._suggest(content_codes, artists)

    @cached_property
    def _suggest(self) -> Callable[[tuple[int, ...], tuple[str, ...]], int | None]:
        # The same track is asked for with each of its edits.
        return lru_cache(MOST_SUGGESTED)(self._nearest)

    def _nearest(self, content_codes: tuple[int, ...], artists: tuple[str, ...]) -> int | None:
        if not len(self):
            return None
        vector = np.rint(self.suggestion.vector(content_codes, artists) * UNIT).astype(np.int64)
        length = isqrt(int(vector @ vector))
        return int(np.argmin(self.distances(self._whole @ vector, length))) if length else None
