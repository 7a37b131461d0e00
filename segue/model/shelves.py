"""Which playlists hold which tracks: the checkpoint's, and over them those that the stream told of.

Neighbours tell who stands close to whom in a list. Two playlists that share tracks go on sharing: what one of them has
just gained, the other may gain next, wherever it stands. Immutable, as the index is. Knows rows and playlists' ids.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from heapq import nlargest
from itertools import islice

import numpy as np

from segue.catalog import Shelf
from segue.model.turns import Turn
from segue.tokens.codebook import Floats, Integers

# Of a playlist the newest so many tracks speak, and of the playlists those so many that share most with the session.
MAX_NEWEST = 64
MAX_ALIKE = 32
# Rows that are taken over between two requests.
ROWS_AT_ONCE = 32


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

    def updated(self, told: Mapping[int, Sequence[Shelf]], turn: Turn = nullcontext) -> Shelves:
        """Return the shelves after news of some rows, a few at a time, each time inside a `turn`.

        Copies what there is once, if anything changes.
        """
        changed: dict[int, Sequence[Shelf]] = {}
        holding: dict[str, tuple[Integers, Integers]] = {}
        left = iter(told.items())
        while some := list(islice(left, ROWS_AT_ONCE)):
            with turn():
                for row, shelves in some:
                    self._put(row, self._merged(row, shelves), changed, holding)
        if not changed:
            return self
        with turn():
            of_row = {**self.of_row, **changed}
        with turn():
            held = {**self.holding, **holding}
            for name in [name for name, (rows, _) in holding.items() if not len(rows)]:
                del held[name]
        return replace(self, of_row=of_row, holding=held)

    def alike(self, rows: Integers, weights: Floats) -> Iterator[tuple[float, Integers, Integers]]:
        """Yield the playlists that share most with weighed rows: their shares, newest rows, and the hours of them."""
        shares: defaultdict[str, float] = defaultdict(float)
        for row, weight in zip(rows.tolist(), weights.tolist(), strict=True):
            for shelf in self.of_row.get(row, ()):
                shares[shelf.playlist_id] += weight
        for share, name in nlargest(MAX_ALIKE, ((share, name) for name, share in shares.items())):
            held, hours = self.holding[name]
            yield share, held[-MAX_NEWEST:], hours[-MAX_NEWEST:]

    def _put(
        self,
        row: int,
        shelves: tuple[Shelf, ...],
        changed: dict[int, Sequence[Shelf]],
        holding: dict[str, tuple[Integers, Integers]],
    ) -> None:
        """Note what is new of a row; of its playlists only those are touched that gained, lost or re-dated it."""
        before, after = set(self.of_row.get(row, ())), set(shelves)
        if before == after:
            return
        changed[row] = shelves
        for shelf in before - after:
            name = shelf.playlist_id
            holding[name] = _without(holding.get(name, self.holding[name]), row)
        for shelf in after - before:
            name = shelf.playlist_id
            known = holding.get(name, self.holding.get(name, _columns(())))
            holding[name] = _with(known, row, shelf.hour)

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
