"""Balanced k-means: centroids of which none stands for far more than its share, the same for the same seed.

Each centroid has an offset that is added to the squared distance, raised while it takes too many vectors and lowered
while it takes too few: the dual variables of assignment under capacities (Aurenhammer et al., 1998), found along with
Lloyd's iterations. A new vector is coded by the same rule, so balance costs serving nothing. Vectors that are equal
cannot be told apart, and offsets are bounded so that they need not be. Knows vectors, not what they stand for.
"""

from __future__ import annotations

import numpy as np
from sklearn.cluster import kmeans_plusplus

from segue.tokens.codebook import Clusters
from segue.tokens.text import Floats, Integers, unit

_ITERATIONS = 30
# The last iterations leave the offsets alone, and the centroids settle.
_SETTLING = 5
# Of the vectors' mean squared distance to their centroids: a step for a centroid e times too large, and the bound.
_STEP = 0.1
_BOUND = 0.3
# Clusters of fewer than this share of the mean size give their centroid to ones of more than that.
_SMALL = 0.4
_LARGE = 1.7
# kmeans++ draws from so many vectors a code; Lloyd's iterations see at most MOST_VECTORS.
_SEEDING = 12
MOST_VECTORS = 100_000


def cluster(vectors: Floats, most: int, tracks_per_code: int, seed: int, *, spherical: bool = True) -> Clusters:
    """Cluster vectors, [vectors, dimensions], at least one of them.

    There are at most `most` clusters, and no more than one for `tracks_per_code` distinct vectors. `spherical` is for
    unit vectors: centroids have length one too, so that none gathers what is far from all (Dhillon and Modha, 2001).
    """
    random = np.random.default_rng(seed)
    distinct = len(np.unique(np.round(vectors, 4), axis=0))
    size = max(1, min(most, distinct // tracks_per_code))
    if len(vectors) > MOST_VECTORS:
        vectors = vectors[np.sort(random.choice(len(vectors), MOST_VECTORS, replace=False))]
    drawn = vectors[random.permutation(len(vectors))[: max(size, _SEEDING * size)]]
    centroids = np.asarray(kmeans_plusplus(drawn, size, random_state=seed)[0], np.float32)
    return _settled(vectors, centroids, random, spherical=spherical)


def _settled(vectors: Floats, centroids: Floats, random: np.random.Generator, *, spherical: bool) -> Clusters:
    offsets = np.zeros(len(centroids), np.float32)
    share = len(vectors) / len(centroids)
    for iteration in range(_ITERATIONS):
        codes = Clusters(centroids, offsets).nearest(vectors)
        sizes = np.bincount(codes, minlength=len(centroids))
        spread = float(np.square(vectors - centroids[codes]).sum(1).mean())
        centroids = _means(vectors, codes, centroids, sizes)
        if spherical:
            centroids = unit(centroids)
        if iteration < _ITERATIONS - _SETTLING:
            centroids, offsets = _relocated(vectors, codes, centroids, offsets, random)
            moved = offsets + _STEP * spread * np.log((sizes + 1.0) / (share + 1.0))
            offsets = np.clip(moved - moved.mean(), -_BOUND * spread, _BOUND * spread).astype(np.float32)
    return Clusters(_half(centroids), _half(offsets))


def _means(vectors: Floats, codes: Integers, centroids: Floats, sizes: Integers) -> Floats:
    """Return the mean of each cluster's vectors; an empty one keeps its centroid."""
    order = np.argsort(codes, kind="stable")
    filled = np.flatnonzero(sizes)
    starts = (np.cumsum(sizes) - sizes)[filled]
    sums = np.add.reduceat(vectors[order].astype(np.float64), starts, axis=0)
    means = centroids.copy()
    means[filled] = sums / sizes[filled, None]
    return means


def _relocated(
    vectors: Floats, codes: Integers, centroids: Floats, offsets: Floats, random: np.random.Generator
) -> tuple[Floats, Floats]:
    """Move the centroids of small clusters to vectors of large ones: offsets alone never reach into a dense crowd."""
    sizes = np.bincount(codes, minlength=len(centroids))
    share = len(codes) / len(centroids)
    small = np.argsort(sizes, kind="stable")[: int((sizes < _SMALL * share).sum())]
    excess = np.maximum(0.0, sizes / share - _LARGE)
    count = min(len(small), int(excess.sum() + 0.5))
    if not count:
        return centroids, offsets
    weights = (excess / np.maximum(sizes, 1))[codes]
    chosen = random.choice(len(codes), count, replace=False, p=weights / weights.sum())
    centroids[small[:count]] = vectors[chosen]
    offsets[small[:count]] = offsets[codes[chosen]]
    return centroids, offsets


def _half(values: Floats) -> Floats:
    return values.astype(np.float16).astype(np.float32)
