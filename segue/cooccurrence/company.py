"""The company that one track keeps: weights by neighbour and hour, bounded, summed exactly, decayed when read.

Beside its neighbours these are the playlists that hold it, each since an hour, kept in the same way.

The state is the newest `MAX_CELLS` cells by (hour, neighbour) whose sums are not zero; what is read is the newest
`READ_CELLS` of them. A cell that fell out never returns. Every cell newer than the newest one that fell out is exact,
so while that leaves `READ_CELLS` of them, or nothing fell out, what is read is a function of the set of edits: their
order, how they were batched and which worker read them do not matter.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import timedelta
from math import exp

import msgspec

from segue.catalog import Neighbour, Shelf
from segue.cooccurrence.pairs import SLOT_MS, WEIGHT_UNIT, PairDelta

READ_CELLS = 256
# Room for what comes and goes while edits arrive out of order.
MAX_CELLS = READ_CELLS * 3 // 2
MAX_PUBLISHED = 64
# The same for the playlists that hold the track.
READ_PLAYLISTS = 16
MAX_PLAYLISTS = READ_PLAYLISTS * 3 // 2

Key = tuple[int, str]  # hours since 1970, neighbour


class Cell(msgspec.Struct, frozen=True, array_like=True):
    """What one hour says about one neighbour. `slot` is hours since 1970, `weight` in units of 1/WEIGHT_UNIT."""

    slot: int
    neighbour_id: str
    weight: int

    @property
    def key(self) -> Key:
        """What orders cells."""
        return self.slot, self.neighbour_id


class Company(msgspec.Struct, frozen=True, array_like=True):
    """One track's cells, oldest first, and the newest one that no longer has a place; likewise of its playlists."""

    cells: tuple[Cell, ...] = ()
    dropped: Key | None = None
    playlists: tuple[Cell, ...] = ()
    dropped_playlist: Key | None = None

    @property
    def read(self) -> Sequence[Cell]:
        """The cells that count, oldest first."""
        return self.cells[-READ_CELLS:]


def add(company: Company, deltas: Iterable[PairDelta]) -> Company:
    """Return the company after changes of one track; those of cells that were dropped change nothing."""
    beside: list[PairDelta] = []
    held: list[PairDelta] = []
    for delta in deltas:
        (held if delta.of_playlist else beside).append(delta)
    return Company(
        *_added(company.cells, company.dropped, beside, MAX_CELLS),
        *_added(company.playlists, company.dropped_playlist, held, MAX_PLAYLISTS),
    )


def neighbours(company: Company, days: float) -> tuple[Neighbour, ...]:
    """Return the neighbours with their decayed weights, heaviest first, at most MAX_PUBLISHED.

    Weights decay by exp(-age / `days`), with ages counted from the track's own newest hour: what passes later makes all
    weights of the track smaller alike, so it need not be known here.
    """
    cells = company.read
    newest = cells[-1].slot if cells else 0
    constant = timedelta(days=days) / timedelta(milliseconds=SLOT_MS)
    decays = {slot: exp((slot - newest) / constant) for slot in {cell.slot for cell in cells}}
    sums: dict[str, float] = {}
    for cell in cells:
        sums[cell.neighbour_id] = sums.get(cell.neighbour_id, 0.0) + cell.weight * decays[cell.slot]
    lightest_last = sorted((-round(total / WEIGHT_UNIT, 6), neighbour_id) for neighbour_id, total in sums.items())
    return tuple(Neighbour(neighbour_id, -less) for less, neighbour_id in lightest_last[:MAX_PUBLISHED] if less < 0)


def shelves(company: Company) -> tuple[Shelf, ...]:
    """Return the playlists that hold the track, at most READ_PLAYLISTS, the newest first."""
    newest = {cell.neighbour_id: cell.slot for cell in company.playlists[-READ_PLAYLISTS:] if cell.weight > 0}
    return tuple(
        Shelf(name, slot) for slot, name in sorted(((slot, name) for name, slot in newest.items()), reverse=True)
    )


def _added(
    known: tuple[Cell, ...], dropped: Key | None, deltas: Sequence[PairDelta], most: int
) -> tuple[tuple[Cell, ...], Key | None]:
    if not deltas:
        return known, dropped
    cells = list(known)
    for delta in deltas:
        key = (delta.slot, delta.neighbour_id)
        if dropped is None or key > dropped:
            _add(cells, key, delta.weight)
    return tuple(cells[-most:]), cells[-most - 1].key if len(cells) > most else dropped


def _add(cells: list[Cell], key: Key, weight: int) -> None:
    place = bisect_left(cells, key, key=lambda cell: cell.key)
    known = place < len(cells) and cells[place].key == key
    total = weight + (cells[place].weight if known else 0)
    cells[place : place + known] = [Cell(*key, total)] if total else []
