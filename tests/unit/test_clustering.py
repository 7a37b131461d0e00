"""Balanced k-means: no code gathers far more than its share, groups stay together, the same seed gives the same."""

from __future__ import annotations

import numpy as np

from segue.tokens.clustering import cluster
from segue.tokens.codebook import Clusters, Floats
from segue.tokens.text import unit


def _skewed(seed: int = 1) -> Floats:
    """Return unit vectors of which most lie in one direction's wide surroundings and a few in far ones."""
    random = np.random.default_rng(seed)
    crowd = random.normal(size=(3_600, 16)) + 1.5
    others = random.normal(size=(400, 16)) * 0.3 + random.normal(size=(400, 16))
    return unit(np.concatenate([crowd, others]).astype(np.float32))


def test_no_code_gathers_far_more_than_its_share() -> None:
    vectors = _skewed()
    sizes = np.bincount(cluster(vectors, 40, 8, 1).nearest(vectors), minlength=40)
    assert sizes.min() > 0
    assert sizes.max() < 2.5 * sizes.mean()


def test_offsets_balance_what_plain_distance_does_not() -> None:
    vectors = _skewed()
    found = cluster(vectors, 40, 8, 1)
    plain = Clusters(found.centroids, np.zeros_like(found.offsets))
    assert np.bincount(found.nearest(vectors)).max() < np.bincount(plain.nearest(vectors)).max()


def test_groups_that_lie_apart_get_codes_of_their_own() -> None:
    random = np.random.default_rng(1)
    places = np.eye(8, dtype=np.float32).repeat(100, axis=0)
    vectors = unit(places + 0.05 * random.normal(size=places.shape).astype(np.float32))
    codes = cluster(vectors, 8, 8, 1).nearest(vectors).reshape(8, 100)
    assert all(len(set(row)) == 1 for row in codes.tolist())
    assert len(set(codes[:, 0].tolist())) == 8


def test_the_same_seed_gives_the_same_codes_and_half_precision_keeps_them() -> None:
    vectors = _skewed()
    one, same = cluster(vectors, 20, 8, 5), cluster(vectors, 20, 8, 5)
    halved = Clusters(*(values.astype(np.float16).astype(np.float32) for values in (one.centroids, one.offsets)))
    assert np.array_equal(one.nearest(vectors), same.nearest(vectors))
    assert np.array_equal(one.nearest(vectors), halved.nearest(vectors))


def test_few_distinct_vectors_get_few_codes() -> None:
    vectors = unit(np.repeat(np.random.default_rng(1).normal(size=(17, 4)), 50, axis=0).astype(np.float32))
    assert len(cluster(vectors, 512, 8, 1).centroids) == 2
