"""A checkpoint's shelves as arrays, and back: which playlists hold which rows, and since which hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from segue.catalog import Shelf
from segue.model.checkpoint_files import Arrays

Shelved = Mapping[int, Sequence[Shelf]]


def playlist_names(shelves: Shelved) -> list[str]:
    """Return the ids of all playlists that hold something, ascending: their numbers are their places."""
    return sorted({shelf.playlist_id for held in shelves.values() for shelf in held})


def shelf_arrays(shelves: Shelved) -> Arrays:
    """Return row, playlist's number and hour of every track that a playlist holds, each [shelves]."""
    numbers = {name: number for number, name in enumerate(playlist_names(shelves))}
    held = [(row, numbers[shelf.playlist_id], shelf.hour) for row, each in sorted(shelves.items()) for shelf in each]
    rows, playlists, hours = zip(*held, strict=True) if held else ((), (), ())
    return {
        "shelf_rows": np.array(rows, np.int32),
        "shelf_playlists": np.array(playlists, np.int32),
        "shelf_hours": np.array(hours, np.int32),
    }


def shelves_from(names: Sequence[str], arrays: Arrays) -> dict[int, list[Shelf]]:
    """Return what `shelf_arrays` was made of, with the playlists' names."""
    shelves: dict[int, list[Shelf]] = {}
    columns = (arrays[name].tolist() for name in ("shelf_rows", "shelf_playlists", "shelf_hours"))
    for row, number, hour in zip(*columns, strict=True):
        shelves.setdefault(row, []).append(Shelf(names[number], hour))
    return shelves
