"""The company that one track keeps: weights by neighbour and hour, bounded, summed exactly, decayed when read.

The state is the newest `MAX_CELLS` cells by (hour, neighbour), each with the sum of its weights. A cell that fell out
never returns, and one that is in was never out, so the state is a function of the set of changes: their order, how they
were batched and which worker read them do not matter. A cell whose sum is zero keeps its place for that reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from math import exp

import msgspec

from segue.catalog import Neighbour
from segue.cooccurrence.pairs import SLOT_MS, WEIGHT_UNIT, PairDelta

MAX_CELLS = 256
MAX_PUBLISHED = 64
# What was best on real playlists: of neighbours, the recent ones count.
TIME_CONSTANT = timedelta(days=20)


class Cell(msgspec.Struct, frozen=True, array_like=True):
    """What one hour says about one neighbour. `slot` is hours since 1970, `weight` in units of 1/WEIGHT_UNIT."""

    slot: int
    neighbour_id: str
    weight: int

    @property
    def key(self) -> tuple[int, str]:
        """What orders cells."""
        return self.slot, self.neighbour_id


class Company(msgspec.Struct, frozen=True, array_like=True):
    """One track's cells, oldest first, and the newest one that no longer has a place."""

    cells: tuple[Cell, ...] = ()
    dropped: tuple[int, str] | None = None


def add(company: Company, deltas: Iterable[PairDelta]) -> Company:
    """Return the company after changes of one track; those of cells that were dropped change nothing."""
    sums = {cell.key: cell.weight for cell in company.cells}
    for delta in deltas:
        key = (delta.slot, delta.neighbour_id)
        if company.dropped is None or key > company.dropped:
            sums[key] = sums.get(key, 0) + delta.weight
    keys = sorted(sums)
    dropped = keys[-MAX_CELLS - 1] if len(keys) > MAX_CELLS else company.dropped
    return Company(tuple(Cell(*key, sums[key]) for key in keys[-MAX_CELLS:]), dropped)


def neighbours(company: Company, time_constant: timedelta = TIME_CONSTANT) -> tuple[Neighbour, ...]:
    """Return the neighbours with their decayed weights, heaviest first, at most MAX_PUBLISHED.

    Weights decay by exp(-age / time constant), with ages counted from the track's own newest hour: what passes later
    makes all weights of the track smaller alike, so it need not be known here.
    """
    newest = company.cells[-1].slot if company.cells else 0
    sums: dict[str, float] = {}
    for cell in company.cells:
        decay = exp(-(newest - cell.slot) * SLOT_MS / (time_constant.total_seconds() * 1_000))
        sums[cell.neighbour_id] = sums.get(cell.neighbour_id, 0.0) + cell.weight * decay
    weighed = [Neighbour(neighbour_id, round(total / WEIGHT_UNIT, 6)) for neighbour_id, total in sums.items()]
    positive = [neighbour for neighbour in weighed if neighbour.weight > 0]
    return tuple(sorted(positive, key=lambda near: (-near.weight, near.track_id))[:MAX_PUBLISHED])
