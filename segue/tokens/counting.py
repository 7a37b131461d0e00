"""Co-occurrence of a catalogue whose pairs fit on a disk but not in memory: spilled, sorted, summed, pruned.

A pair is one 64-bit number: the track, its neighbour, and the pair's weight in the lowest bits, so that sorting numbers
groups pairs. Pairs are spilled into ranges of tracks, each small enough to be sorted in memory; there they are summed,
valued by positive PMI (`pmi.py`), and of each track only the most telling neighbours are kept.

Knows rows of tracks, list ends and weights; `large.py` knows where they come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from segue.cooccurrence.pairs import WEIGHT_UNIT, WEIGHTS
from segue.tokens.pmi import pair_information
from segue.tokens.text import Floats, Integers

Numbers = npt.NDArray[np.uint64]
Doubles = npt.NDArray[np.float64]

# The pairs of so many tracks are sorted at a time.
TRACKS_IN_RANGE = 32_768
# Weights are at most one: kept in steps of 2**-15.
_WEIGHT_BITS = 16
_WEIGHT_STEPS = float(2 ** (_WEIGHT_BITS - 1))
MOST_TRACKS = 2 ** ((64 - _WEIGHT_BITS) // 2)


@dataclass(frozen=True, slots=True)
class Lists:
    """Playlists in one piece: rows of tracks, [entries], the number of each entry's list, its recency in 0 to 1."""

    rows: Integers
    numbers: Integers
    recency: Floats


class Spill:
    """Writes the pairs of lists into one file for each range of tracks, and sums what each track's pairs weigh.

    `tracks` is at most MOST_TRACKS.
    """

    def __init__(self, folder: Path, tracks: int) -> None:
        if tracks > MOST_TRACKS:
            raise ValueError(f"{tracks:,} tracks; at most {MOST_TRACKS:,} can be counted")
        folder.mkdir(parents=True, exist_ok=True)
        self.marginal: Doubles = np.zeros(tracks, np.float64)
        self.pairs = 0
        bounds = [first for first, _ in ranges_of(tracks)] + [tracks]
        self._bounds = np.array(bounds, np.uint64) * np.uint64(MOST_TRACKS << _WEIGHT_BITS)
        self._files = [range_file(folder, number).open("wb") for number in range(len(bounds) - 1)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def add(self, lists: Lists) -> None:
        """Spill every pair of tracks within reach, in both directions; a pair is as recent as its later entry."""
        found = np.concatenate([np.zeros(0, np.uint64), *self._pairs(lists)])
        found.sort()
        self.pairs += len(found)
        for file, (first, last) in zip(self._files, pairwise(np.searchsorted(found, self._bounds)), strict=True):
            found[first:last].tofile(file)

    def _pairs(self, lists: Lists) -> Iterator[Numbers]:
        told = np.zeros(len(lists.rows), np.float64)
        rows = lists.rows.astype(np.uint64)
        for distance, weight in enumerate(WEIGHTS, start=1):
            apart = lists.numbers[distance:] == lists.numbers[:-distance]
            apart &= lists.rows[distance:] != lists.rows[:-distance]
            places = np.flatnonzero(apart)
            recent = np.maximum(lists.recency[places], lists.recency[places + distance])
            steps = np.maximum(1, np.rint(recent * (weight / WEIGHT_UNIT) * _WEIGHT_STEPS)).astype(np.uint64)
            told[places] += steps
            told[places + distance] += steps
            one, other = rows[places], rows[places + distance]
            yield _packed(one, other, steps)
            yield _packed(other, one, steps)
        self.marginal += np.bincount(lists.rows, told / _WEIGHT_STEPS, len(self.marginal))


def range_file(folder: Path, number: int) -> Path:
    """Return the file of one range of tracks in a spill's folder."""
    return folder / f"pairs-{number:04}.bin"


def ranges_of(tracks: int) -> list[tuple[int, int]]:
    """Return the ranges of tracks, each as its first row and the one after its last."""
    return [(first, min(tracks, first + TRACKS_IN_RANGE)) for first in range(0, tracks, TRACKS_IN_RANGE)]


def telling_neighbours(files: Iterable[Path], first: int, last: int, marginal: Doubles, most: int) -> csr_matrix:
    """Return the positive PMI of the tracks `first` to `last` - 1 with their `most` most telling neighbours.

    [last - first, tracks], float32. `files` are those of the range, `marginal` the weight of each track's pairs.
    """
    pairs = np.concatenate([np.zeros(0, np.uint64), *(np.fromfile(file, np.uint64) for file in files)])
    pairs.sort()
    rows, neighbours, weights = _summed(pairs)
    information = pair_information(weights, marginal[rows], marginal[neighbours], marginal)
    kept = information > 0.0
    rows, neighbours, information = rows[kept], neighbours[kept], information[kept]
    # Positive floats sort as their bits do: by row, then the most telling first.
    keys = (rows - first).astype(np.uint64) << np.uint64(32) | np.uint64(2**32 - 1) - information.view(np.uint32)
    order = np.argsort(keys, kind="stable")
    starts = np.searchsorted(rows, np.arange(first, last + 1))
    foremost = np.arange(len(rows)) - starts[rows - first] < most
    ends = np.concatenate([[0], np.cumsum(foremost)])[starts]
    chosen = order[foremost]
    return csr_matrix((information[chosen], neighbours[chosen], ends), (last - first, len(marginal)))


def _packed(one: Numbers, other: Numbers, steps: Numbers) -> Numbers:
    return (one * np.uint64(MOST_TRACKS) + other) << np.uint64(_WEIGHT_BITS) | steps


def _summed(pairs: Numbers) -> tuple[Integers, npt.NDArray[np.int32], Floats]:
    """Return rows, neighbours and summed weights of sorted pairs, each pair once."""
    keys = pairs >> np.uint64(_WEIGHT_BITS)
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.zeros(0, np.int64)
    steps = np.add.reduceat(pairs & np.uint64(2**_WEIGHT_BITS - 1), starts) if len(keys) else pairs
    keys = keys[starts]
    rows, neighbours = keys // np.uint64(MOST_TRACKS), keys % np.uint64(MOST_TRACKS)
    return rows.astype(np.int64), neighbours.astype(np.int32), (steps / _WEIGHT_STEPS).astype(np.float32)
