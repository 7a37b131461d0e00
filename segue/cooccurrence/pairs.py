"""How much two tracks of a playlist say about each other, and what an edit changes of that.

A track and the playlist that holds it are a pair too: it comes and goes with the track's others. Knows a playlist as a
list of tracks in order, each with the time it was added. Weights are integers, so that sums are exact in whatever order
they are made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import sqrt

import msgspec

# How far apart two tracks may stand, and how much a pair at each distance weighs: 1/sqrt(distance), in thousandths.
# Both were the best of those tried for item-kNN on real playlists.
REACH = 10
WEIGHT_UNIT = 1_000
WEIGHTS = tuple(round(WEIGHT_UNIT / sqrt(distance)) for distance in range(1, REACH + 1))

# Weights are summed by the hour of the event: fine beside a decay of days.
SLOT_MS = 3_600_000

# What stands for the playlist itself in its pairs with the tracks that it holds, each of weight 1; no track's id.
THE_PLAYLIST = ""

# Two tracks in alphabetical order and the hour, and with what the pair weighs.
Pair = tuple[str, str, int]
WeighedPair = tuple[Pair, int]


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A track of a playlist, and when it was added, in Unix milliseconds."""

    track_id: str
    time_ms: int


class PairDelta(msgspec.Struct, frozen=True, array_like=True):
    """A change of what `track_id` knows of `neighbour_id`; `weight` is in units of 1/WEIGHT_UNIT, and may be negative.

    `slot` is the hour, counted from 1970, in which the later of the two was added. `of_playlist` says that the
    neighbour is a playlist that holds the track since then; the weight is 1 then.
    """

    track_id: str
    neighbour_id: str
    slot: int
    weight: int
    of_playlist: bool = False


def changes(before: Sequence[Entry], after: Sequence[Entry]) -> tuple[PairDelta, ...]:
    """Return what the step from one list to the other changes, for both tracks of each pair, in a fixed order.

    The playlist, which knows its own id, is THE_PLAYLIST here.
    A pair counts in the slot in which it came to be, so that taking it away cancels it exactly.
    """
    start, end = _common(before, after)
    return summed(_pairs(after, start, len(after) - end), _pairs(before, start, len(before) - end))


def pairs_of_first(entries: Sequence[Entry]) -> Iterator[WeighedPair]:
    """Yield the pairs of a list's first track with the playlist and with those within its reach."""
    yield _held(entries[0])
    for distance, other in enumerate(entries[1 : 1 + REACH], start=1):
        yield _pair(entries[0], other), WEIGHTS[distance - 1]


def summed(
    gained: Iterable[WeighedPair], lost: Iterable[WeighedPair], more: Iterable[PairDelta] = ()
) -> tuple[PairDelta, ...]:
    """Return what gained and lost pairs and `more` changes, both tracks of each pair, come to, in a fixed order."""
    changed: Counter[tuple[str, str, int]] = Counter()
    for pairs, sign in ((gained, 1), (lost, -1)):
        for pair, weight in pairs:
            changed[pair] += sign * weight
    for delta in more:
        if delta.of_playlist or delta.track_id <= delta.neighbour_id:
            one, other = sorted((delta.track_id, delta.neighbour_id))
            changed[one, other, delta.slot] += delta.weight
    return tuple(
        PairDelta(track_id, neighbour_id, slot, weight, neighbour_id == THE_PLAYLIST)
        for (one, other, slot), weight in sorted(changed.items())
        if weight
        for track_id, neighbour_id in ((one, other), (other, one))
        if track_id != THE_PLAYLIST
    )


def _common(before: Sequence[Entry], after: Sequence[Entry]) -> tuple[int, int]:
    """Return how many entries the two lists share at their start, and how many further ones at their end."""
    shorter = min(len(before), len(after))
    start = next((place for place in range(shorter) if before[place] != after[place]), shorter)
    left = shorter - start
    return start, next((place for place in range(left) if before[-1 - place] != after[-1 - place]), left)


def _pairs(entries: Sequence[Entry], start: int, end: int) -> Iterator[WeighedPair]:
    """Yield the pairs that do not lie whole before the start or behind the end."""
    yield from map(_held, entries[start:end])
    for place in range(max(0, start - REACH), end):
        for other in range(max(place + 1, start), min(place + 1 + REACH, len(entries))):
            yield _pair(entries[place], entries[other]), WEIGHTS[other - place - 1]


def _held(entry: Entry) -> WeighedPair:
    return (THE_PLAYLIST, entry.track_id, entry.time_ms // SLOT_MS), 1


def _pair(entry: Entry, other: Entry) -> Pair:
    one, two = entry.track_id, other.track_id
    slot = max(entry.time_ms, other.time_ms) // SLOT_MS
    return (one, two, slot) if one < two else (two, one, slot)
