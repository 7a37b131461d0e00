"""The neighbours of every row: the checkpoint's, and over them those that the stream told of, merged when asked for.

An update of a thousand tracks names sixty thousand neighbours, and few of its tracks are in anybody's session before
the next one. So what is told is kept as it came until somebody reads it: then, or when an update has the time, it is
worked out once. Knows rows and ids, and no codes.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias, overload

import numpy as np

from segue.catalog import Neighbour
from segue.tokens.codebook import Floats, Integers

MAX_NEIGHBOURS = 100

NeighbourList: TypeAlias = tuple[Integers, Floats]
NO_NEIGHBOURS: NeighbourList = (np.zeros(0, np.int64), np.zeros(0, np.float32))


class _Found(NamedTuple):
    """What was told, by the rows that there are: where neighbours are `missing`, who have none, they are kept by id."""

    rows: int
    list: NeighbourList
    strongest: float
    missing: tuple[str, ...]
    missing_weights: Floats
    # The checkpoint's list and this one together, once somebody has read it.
    merged: NeighbourList | None = None


class LiveList:
    """What the stream says of one track's neighbours, over what the checkpoint says.

    Shared by all snapshots that hold it, and the same to each of them: what one has worked out is only kept for another
    with as many rows, or more.
    """

    __slots__ = ("_share", "_state", "_stored")

    def __init__(self, stored: NeighbourList, told: Sequence[Neighbour], share: float | None = None) -> None:
        self._stored = stored
        self._share = share
        self._state: _Found | Sequence[Neighbour] = told

    def settle(self, rows: Mapping[str, int]) -> _Found:
        """Find the neighbours' rows, and keep no more than those: ids take ten times as much memory."""
        state = self._state
        if not isinstance(state, _Found):
            weights = np.array([neighbour.weight for neighbour in state], np.float32)
            ids = [neighbour.track_id for neighbour in state]
            state = _looked_up(NO_NEIGHBOURS, ids, weights, float(weights.max(initial=0.0)), rows)
            self._state = state
        elif state.missing and state.rows < len(rows):
            state = _looked_up(state.list, state.missing, state.missing_weights, state.strongest, rows)
            self._state = state
        return state

    def among(self, rows: Mapping[str, int]) -> NeighbourList:
        """Return the neighbours that have rows here, heaviest first; more of them once tracks are new."""
        state = self.settle(rows)
        together = state.merged
        if together is None:
            together = merged(self._stored, state.list, state.strongest, self._share)
            self._state = state._replace(merged=together)
        if state.rows > len(rows):
            known = together[0] < len(rows)
            return together[0][known], together[1][known]
        return together


def _looked_up(
    found: NeighbourList, ids: Sequence[str], weights: Floats, strongest: float, rows: Mapping[str, int]
) -> _Found:
    """Return a list with those of further neighbours that have rows."""
    places = np.array([rows.get(track_id, -1) for track_id in ids], np.int64)
    known = places >= 0
    here, missing = (places, weights), tuple[str, ...]()
    if not known.all():
        here = places[known], weights[known]
        missing = tuple(sys.intern(track_id) for track_id, has in zip(ids, known.tolist(), strict=True) if not has)
    if len(found[0]):
        here = np.concatenate([found[0], here[0]]), np.concatenate([found[1], here[1]])
    return _Found(len(rows), here, strongest, missing, weights[~known])


class NeighbourLists(Sequence[NeighbourList]):
    """The lists of all rows of one snapshot; `rows` are the snapshot's own."""

    __slots__ = ("lists", "rows")

    def __init__(self, lists: Sequence[NeighbourList | LiveList], rows: Mapping[str, int]) -> None:
        self.lists = lists
        self.rows = rows

    def __len__(self) -> int:
        return len(self.lists)

    def settle(self, row: int) -> None:
        """Look the row's live neighbours up."""
        found = self.lists[row]
        if isinstance(found, LiveList):
            found.settle(self.rows)

    @overload
    def __getitem__(self, row: int) -> NeighbourList: ...

    @overload
    def __getitem__(self, row: slice) -> Sequence[NeighbourList]: ...

    def __getitem__(self, row: int | slice) -> NeighbourList | Sequence[NeighbourList]:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(len(self)))]
        found = self.lists[row]
        return found.among(self.rows) if isinstance(found, LiveList) else found


def merged(
    stored: NeighbourList, live: NeighbourList, strongest: float | None = None, share: float | None = None
) -> NeighbourList:
    """Return two lists as one, heaviest first, at most MAX_NEIGHBOURS long.

    Where it is known what `share` of itself the stored list still weighs, both are added up. Else the live weights are
    scaled until both lists' largest are equal, for weights compare within one list only; `strongest` is the live list's
    largest where not all of it is given.
    """
    if not len(live[0]):
        return stored
    most = float(live[1].max()) if strongest is None else strongest
    scale = float(stored[1].max()) / most if share is None and len(stored[1]) and most > 0 else 1.0
    rows = np.concatenate([stored[0], live[0]])
    weights = np.concatenate([stored[1] * np.float32(1.0 if share is None else share), live[1] * np.float32(scale)])
    distinct, places = np.unique(rows, return_inverse=True)
    summed = np.bincount(places, weights).astype(np.float32)
    order = np.lexsort((distinct, -summed))[:MAX_NEIGHBOURS]
    return distinct[order], summed[order]
