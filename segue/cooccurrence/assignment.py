"""Which code the company of a track gives it: a pure function of the company, so of the set of edits.

Evidence is what neighbours stand for: their frozen clusters, weighted as pairs are and decayed. The code begins at the
track's home, the checkpoint's code or the one that content suggests, and is looked at where each span of event time
ends, and at the newest evidence. It moves to the centroid nearest to the evidence's mean, shrunk towards home, if that
is closer than the present one by a margin. So it does not flicker, and yet does not depend on the order in which edits
came: what it was is worked out again from the evidence each time, never remembered.

Knows weights and clusters, not what a track is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    belief = round(ADDITION * (rules.known_belief if home.known else rules.content_belief))
    spans = _spans(company, clusters, rules.span_hours)
    sums, most = _summed(spans, rules)
    # Most tracks have little evidence, and with less than this none of it can matter: looking costs ten times as much.
    moves = home.cluster is None or most > belief * clusters.least_moving(home.cluster, rules.margin)
    code, changes = _moved(spans, home.cluster, belief, clusters, rules) if moves else (home.cluster, [])
    near = len({name for span in spans for name in span.names})
    return Assignment(code, round(sum(sums.values()) / ADDITION, 6), near, tuple(changes[-MAX_CHANGES:]))


@dataclass(slots=True)
class _Span:
    """A span of event time with evidence: its number, its newest hour, and weights by cluster and of whom."""

    number: int
    last: int
    weights: dict[int, int]
    names: set[str]


def _spans(company: Company, clusters: FrozenClusters, hours: int) -> list[_Span]:
    """Return the spans that hold evidence, oldest first."""
    spans: list[_Span] = []
    by_track = clusters.by_track
    for cell in company.read:
        cluster = by_track.get(cell.neighbour_id)
        if cluster is None:
            continue
        slot, number = cell.slot, cell.slot // hours
        if not spans or spans[-1].number != number:
            spans.append(_Span(number, slot, {}, set()))
        span = spans[-1]
        span.last = slot
        span.weights[cluster] = span.weights.get(cluster, 0) + cell.weight
        span.names.add(cell.neighbour_id)
    return spans


def _summed(spans: Sequence[_Span], rules: LiveRules) -> tuple[dict[int, int], int]:
    """Return the decayed weights by cluster after the last span, and the most that they came to after any."""
    sums: dict[int, int] = {}
    most = before = 0
    for span in spans:
        _fade(sums, _kept(span.number - before, rules))
        _join(sums, span.weights)
        most, before = max(most, sum(sums.values())), span.number
    return sums, most


def _moved(
    spans: Sequence[_Span], code: int | None, belief: int, clusters: FrozenClusters, rules: LiveRules
) -> tuple[int | None, list[Change]]:
    """Return the code after the last span, and every change on the way from home."""
    evidence = _Evidence(clusters, code, belief)
    changes: list[Change] = []
    before = 0
    for span in spans:
        evidence.fade(_kept(span.number - before, rules))
        evidence.join(span.weights)
        before = span.number
        best = evidence.nearest(code, rules.margin)
        if best is not None and best != code:
            changes.append(Change(span.last * SLOT_MS, code, best))
            code = best
    return code, changes


class _Evidence:
    """A weighted sum of clusters, in units of 1/WEIGHT_UNIT, its products with all centroids, and home's belief."""

    def __init__(self, clusters: FrozenClusters, home: int | None, belief: int) -> None:
        self._clusters = clusters
        self._home = home
        self._belief = belief
        self._sums: dict[int, int] = {}
        self._closeness: Integers = np.zeros(len(clusters), np.int64)

    def fade(self, kept: int) -> None:
        """Keep so many UNITths of it."""
        _fade(self._sums, kept)
        self._closeness = self._closeness * kept // UNIT

    def join(self, weights: Mapping[int, int]) -> None:
        """Add weights by cluster."""
        _join(self._sums, weights)
        added = np.array(list(weights.values()), np.int64)
        self._closeness = self._closeness + added @ self._clusters.products[list(weights)]

    def nearest(self, code: int | None, margin: float) -> int | None:
        """Return the centroid to move to, or the code itself where none is closer by more than the margin."""
        closeness, length = self._shrunk()
        if not length:
            return code
        distances = self._clusters.distances(closeness, length)
        best = int(np.argmin(distances))
        if code is None or distances[code] - distances[best] > margin * length * UNIT:
            return best
        return code

    def _shrunk(self) -> tuple[Integers, int]:
        sums, closeness = self._sums, self._closeness
        if self._home is not None and self._belief:
            sums = sums | {self._home: sums.get(self._home, 0) + self._belief}
            closeness = closeness + self._belief * self._clusters.products[self._home]
        square = sum(weight * int(closeness[cluster]) for cluster, weight in sums.items()) // UNIT
        return closeness, isqrt(max(0, square))


def _fade(sums: dict[int, int], kept: int) -> None:
    for cluster, weight in sums.items():
        sums[cluster] = weight * kept // UNIT


def _join(sums: dict[int, int], weights: Mapping[int, int]) -> None:
    for cluster, weight in weights.items():
        sums[cluster] = sums.get(cluster, 0) + weight


def _kept(spans: int, rules: LiveRules) -> int:
    return round(UNIT * exp(-spans * rules.span_hours * 3_600_000 / (rules.code_days * _DAY_MS)))
