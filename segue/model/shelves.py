"""Which playlists hold which tracks: the checkpoint's, and over them those that the stream told of.

Neighbours tell who stands close to whom in a list. Two playlists that share tracks go on sharing: what one of them has
just gained, the other may gain next, wherever it stands. Immutable, as the index is. Knows rows and playlists' ids.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import nlargest

import numpy as np

from segue.catalog import Shelf
from segue.tokens.codebook import Floats, Integers

# Of a playlist the newest so many tracks speak, and of the playlists those so many that share most with the session.
MAX_NEWEST = 64
MAX_ALIKE = 32


@dataclass(frozen=True, slots=True)
class Shelves:
    """`of_row` holds each row's shelves; `holding`, by playlist, its rows and the hours of them, oldest first.

    `stored` are the checkpoint's, by row, over which live ones are merged anew each time.
    """

    of_row: Mapping[int, Sequence[Shelf]] = field(default_factory=dict)
    holding: Mapping[str, tuple[Integers, Integers]] = field(default_factory=dict)
    stored: Mapping[int, Sequence[Shelf]] = field(default_factory=dict)

    @classmethod
    def of_checkpoint(cls, stored: Mapping[int, Sequence[Shelf]]) -> Shelves:
        """Return what holds before the first live edit."""
        hours: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for row, shelves in stored.items():
            for shelf in shelves:
                hours[shelf.playlist_id].append((shelf.hour, row))
        holding = {name: _columns(sorted(held)) for name, held in hours.items()}
        return cls(stored, holding, stored)

    def updated(self, told: Mapping[int, Sequence[Shelf]]) -> Shelves:
        """Return the shelves after news of some rows; copies what there is once, if anything changes."""
        changed = {row: self._merged(row, shelves) for row, shelves in told.items()}
        changed = {row: shelves for row, shelves in changed.items() if shelves != tuple(self.of_row.get(row, ()))}
        if not changed:
            return self
        holding = dict(self.holding)
        for row, shelves in changed.items():
            for shelf in self.of_row.get(row, ()):
                holding[shelf.playlist_id] = _without(holding[shelf.playlist_id], row)
            for shelf in shelves:
                holding[shelf.playlist_id] = _with(holding.get(shelf.playlist_id, _columns(())), row, shelf.hour)
        return replace(self, of_row={**self.of_row, **changed}, holding=holding)

    def alike(self, rows: Integers, weights: Floats) -> Iterator[tuple[float, Integers, Integers]]:
        """Yield the playlists that share most with weighed rows: their shares, newest rows, and the hours of them."""
        shares: defaultdict[str, float] = defaultdict(float)
        for row, weight in zip(rows.tolist(), weights.tolist(), strict=True):
            for shelf in self.of_row.get(row, ()):
                shares[shelf.playlist_id] += weight
        for share, name in nlargest(MAX_ALIKE, ((share, name) for name, share in shares.items())):
            held, hours = self.holding[name]
            yield share, held[-MAX_NEWEST:], hours[-MAX_NEWEST:]

    def _merged(self, row: int, told: Sequence[Shelf]) -> tuple[Shelf, ...]:
        """Return the checkpoint's shelves and live ones as one; where both know one, the later hour counts."""
        hours: dict[str, int] = {}
        for shelf in (*self.stored.get(row, ()), *told):
            hours[shelf.playlist_id] = max(shelf.hour, hours.get(shelf.playlist_id, 0))
        return tuple(Shelf(name, hour) for name, hour in sorted(hours.items()))


def _columns(held: Sequence[tuple[int, int]]) -> tuple[Integers, Integers]:
    return np.array([row for _, row in held], np.int64), np.array([hour for hour, _ in held], np.int64)


def _without(held: tuple[Integers, Integers], row: int) -> tuple[Integers, Integers]:
    others = held[0] != row
    return held[0][others], held[1][others]


def _with(held: tuple[Integers, Integers], row: int, hour: int) -> tuple[Integers, Integers]:
    rows, hours = held
    first, last = np.searchsorted(hours, hour, "left"), np.searchsorted(hours, hour, "right")
    place = int(first + np.searchsorted(rows[first:last], row))
    return np.insert(rows, place, row), np.insert(hours, place, hour)
