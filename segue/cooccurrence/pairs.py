"""How much two tracks of a playlist say about each other, and what an edit changes of that.

Knows a playlist as a list of tracks in order, each with the time it was added. Weights are integers, so that sums are
exact in whatever order they are made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import sqrt

import msgspec

# How far apart two tracks may stand, and how much a pair at each distance weighs: 1/sqrt(distance), in thousandths.
# Both were the best of those tried for item-kNN on real playlists.
REACH = 10
WEIGHT_UNIT = 1_000
WEIGHTS = tuple(round(WEIGHT_UNIT / sqrt(distance)) for distance in range(1, REACH + 1))

# Weights are summed by the hour of the event: fine beside a decay of days.
SLOT_MS = 3_600_000


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A track of a playlist, and when it was added, in Unix milliseconds."""

    track_id: str
    time_ms: int


class PairDelta(msgspec.Struct, frozen=True, array_like=True):
    """A change of what `track_id` knows of `neighbour_id`; `weight` is in units of 1/WEIGHT_UNIT, and may be negative.

    `slot` is the hour, counted from 1970, in which the later of the two was added.
    """

    track_id: str
    neighbour_id: str
    slot: int
    weight: int


def changes(before: Sequence[Entry], after: Sequence[Entry]) -> tuple[PairDelta, ...]:
    """Return what the step from one list to the other changes, for both tracks of each pair, in a fixed order.

    A pair counts in the slot in which it came to be, so that taking it away cancels it exactly.
    """
    start, end = _common(before, after)
    first = max(0, start - REACH)
    changed: Counter[tuple[str, str, int]] = Counter()
    for entries, sign in ((before, -1), (after, 1)):
        for pair, weight in _pairs(entries[first : len(entries) - max(0, end - REACH)]):
            changed[pair] += sign * weight
    return tuple(
        PairDelta(track_id, neighbour_id, slot, weight)
        for (one, other, slot), weight in sorted(changed.items())
        if weight
        for track_id, neighbour_id in ((one, other), (other, one))
    )


def _common(before: Sequence[Entry], after: Sequence[Entry]) -> tuple[int, int]:
    """Return how many entries the two lists share at their start, and how many further ones at their end."""
    shorter = min(len(before), len(after))
    start = next((place for place in range(shorter) if before[place] != after[place]), shorter)
    left = shorter - start
    return start, next((place for place in range(left) if before[-1 - place] != after[-1 - place]), left)


def _pairs(entries: Sequence[Entry]) -> Iterator[tuple[tuple[str, str, int], int]]:
    """Yield every pair within reach, its tracks in alphabetical order, and its weight."""
    for place, entry in enumerate(entries):
        for distance, other in enumerate(entries[place + 1 : place + 1 + REACH], start=1):
            one, two = sorted((entry.track_id, other.track_id))
            yield (one, two, max(entry.time_ms, other.time_ms) // SLOT_MS), WEIGHTS[distance - 1]
