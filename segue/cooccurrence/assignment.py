"""Which code the company of a track gives it: a pure function of the company, so of the set of edits.

Evidence is what neighbours stand for: their frozen clusters, weighted as pairs are and decayed. The code begins at the
track's home, the checkpoint's code or the one that content suggests, and is looked at where each span of event time
ends, and at the newest evidence. It moves to the centroid nearest to the evidence's mean, shrunk towards home, if that
is closer than the present one by a margin. So it does not flicker, and yet does not depend on the order in which edits
came: what it was is worked out again from the evidence each time, never remembered.

Knows weights and clusters, not what a track is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from math import exp, isqrt

import msgspec
import numpy as np

from segue.cooccurrence.clusters import UNIT, FrozenClusters, Integers
from segue.cooccurrence.company import Company
from segue.cooccurrence.pairs import SLOT_MS, WEIGHTS
from segue.cooccurrence.rules import LiveRules

# What the pairs of one addition weigh, among REACH others on either side.
ADDITION = 2 * sum(WEIGHTS)
MAX_CHANGES = 8

_DAY_MS = 86_400_000


class Home(msgspec.Struct, frozen=True):
    """Where a code begins: the cluster, and whether the checkpoint itself has it for the track."""

    cluster: int | None = None
    known: bool = False


class Change(msgspec.Struct, frozen=True):
    """A code that was taken on at the end of a span of event time, or at the newest evidence, in Unix milliseconds."""

    time_ms: int
    before: int | None
    after: int


class Assignment(msgspec.Struct, frozen=True):
    """A track's code and why: decayed `evidence` in additions, distinct neighbours in it, newest changes last."""

    code: int | None
    evidence: float = 0.0
    neighbours: int = 0
    changes: tuple[Change, ...] = ()


def assign(company: Company, home: Home, clusters: FrozenClusters, rules: LiveRules | None = None) -> Assignment:
    """Return the code that a track has after all edits that its company holds; None where nothing says one."""
    rules = rules or clusters.rules
    evidence = _Evidence(clusters)
    code, changes, near, before = home.cluster, [], set[str](), 0
    belief = (
        0 if home.cluster is None else round(ADDITION * (rules.known_belief if home.known else rules.content_belief))
    )
    for span, last_ms, weights, names in _spans(company, clusters, rules.span_hours):
        evidence.decay(_kept(span - before, rules))
        evidence.add(weights)
        near |= names
        before = span
        best = evidence.nearest(home.cluster, belief, code, rules.margin)
        if best is not None and best != code:
            changes.append(Change(last_ms, code, best))
            code = best
    return Assignment(code, round(evidence.weight / ADDITION, 6), len(near), tuple(changes[-MAX_CHANGES:]))


class _Evidence:
    """A weighted sum of clusters, in units of 1/WEIGHT_UNIT, and its inner products with all centroids."""

    def __init__(self, clusters: FrozenClusters) -> None:
        self._clusters = clusters
        self._weights: dict[int, int] = {}
        self._closeness: Integers = np.zeros(len(clusters), np.int64)

    @property
    def weight(self) -> int:
        return sum(self._weights.values())

    def decay(self, kept: int) -> None:
        """Keep so many UNITths of it."""
        if self._weights and kept < UNIT:
            self._weights = {cluster: weight * kept // UNIT for cluster, weight in self._weights.items()}
            self._closeness = self._closeness * kept // UNIT

    def add(self, weights: Counter[int]) -> None:
        for cluster, weight in weights.items():
            self._weights[cluster] = self._weights.get(cluster, 0) + weight
        added = np.array(list(weights.values()), np.int64)
        self._closeness = self._closeness + added @ self._clusters.products[list(weights)]

    def nearest(self, home: int | None, belief: int, code: int | None, margin: float) -> int | None:
        """Return the centroid to move to, or the code itself where none is closer by more than the margin."""
        closeness, length = self._shrunk(home, belief)
        if not length:
            return code
        distances = self._clusters.distances(closeness, length)
        best = int(np.argmin(distances))
        if code is None or distances[code] - distances[best] > margin * length * UNIT:
            return best
        return code

    def _shrunk(self, home: int | None, belief: int) -> tuple[Integers, int]:
        weights, closeness = self._weights, self._closeness
        if home is not None and belief:
            weights = weights | {home: weights.get(home, 0) + belief}
            closeness = closeness + belief * self._clusters.products[home]
        square = sum(weight * int(closeness[cluster]) for cluster, weight in weights.items()) // UNIT
        return closeness, isqrt(max(0, square))


def _spans(company: Company, clusters: FrozenClusters, hours: int) -> Iterator[tuple[int, int, Counter[int], set[str]]]:
    """Yield spans with evidence, oldest first: number, newest time in Unix milliseconds, weights by cluster, names."""
    for span, cells in groupby(company.read, key=lambda cell: cell.slot // hours):
        weights: Counter[int] = Counter()
        names: set[str] = set()
        for cell in cells:
            last = cell.slot
            cluster = clusters.by_track.get(cell.neighbour_id)
            if cluster is not None:
                weights[cluster] += cell.weight
                names.add(cell.neighbour_id)
        if weights:
            yield span, last * SLOT_MS, weights, names


def _kept(spans: int, rules: LiveRules) -> int:
    return round(UNIT * exp(-spans * rules.span_hours * 3_600_000 / (rules.code_days * _DAY_MS)))
