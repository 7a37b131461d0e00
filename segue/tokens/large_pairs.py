"""A large fit's co-occurrence: playlists of a shard into spilled pairs, ranges of pairs into positive PMI.

Knows playlists as a dataset folder has them; `counting.py` knows the pairs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
from scipy.sparse import save_npz

from segue.tokens.counting import Doubles, Lists, Spill, range_file, ranges_of, telling_neighbours
from segue.tokens.large_work import Work, decoded
from segue.tokens.shards import shard_lines
from segue.tokens.text import Floats

_ENTRIES_AT_ONCE = 500_000
# So many playlists' names of a track are enough to name its code by.
_NAMES_OF_TRACK = 10
_DAY_SECONDS = 86_400.0


class _Entry(msgspec.Struct):
    track_id: str
    added_at: datetime | None = None


class _List(msgspec.Struct):
    name: str = ""
    entries: tuple[_Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Fading:
    """How additions fade: by 1/e in `days`, counted back from `now`; what is undated or later counts in full."""

    now: datetime
    days: float

    def recency(self, times: list[datetime | None]) -> Floats:
        """Return a weight in (0, 1] for each time."""
        now = self.now.timestamp()
        ages = np.array([0.0 if time is None else max(0.0, now - time.timestamp()) for time in times])
        return np.asarray(np.exp(-ages / (self.days * _DAY_SECONDS)), np.float32)


def count(work: Work, fading: Fading | None, part: int, parts: int) -> tuple[Doubles, dict[int, list[str]]]:
    """Spill the pairs of a shard of the playlists.

    Returns what each track's pairs weigh, [tracks], and by sampled row the names of playlists that hold the track.
    """
    ids = work.ids()
    told = _Names(set(np.load(work.folder / "sample.npy").tolist()))
    with Spill(work.folder / f"part-{part}", len(ids)) as spill:
        if work.playlists is not None:
            rows = {track_id: row for row, track_id in enumerate(ids)}
            lines = shard_lines(work.playlists, part, parts)
            for lists in _lists(lines, work.playlists, rows, fading, told):
                spill.add(lists)
        return spill.marginal, dict(told.by_row)


def merge_counts(work: Work, counts: Sequence[tuple[Doubles, dict[int, list[str]]]]) -> None:
    """Write the marginals and the playlists' names into the folder."""
    np.save(work.folder / "marginal.npy", np.sum([marginal for marginal, _ in counts], axis=0))
    merged: dict[int, list[str]] = {}
    for _, names in counts:
        for row, told in names.items():
            merged[row] = sorted({*merged.get(row, ()), *told})[:_NAMES_OF_TRACK]
    (work.folder / "names.json").write_bytes(msgspec.json.encode(merged))


def value_range(work: Work, number: int, neighbours: int) -> Path:
    """Write the positive PMI of one range of tracks, [tracks in range, tracks], and return the file."""
    marginal = np.load(work.folder / "marginal.npy")
    first, last = ranges_of(len(marginal))[number]
    spilled = [range_file(work.folder / f"part-{part}", number) for part in range(work.processes)]
    path = work.folder / f"information-{number:04}.npz"
    save_npz(path, telling_neighbours(spilled, first, last, marginal, neighbours), compressed=False)
    for file in spilled:
        file.unlink()
    return path


def _lists(
    lines: Iterator[bytes], path: Path, rows: Mapping[str, int], fading: Fading | None, told: _Names
) -> Iterator[Lists]:
    """Yield playlists, many in one piece, each in the order of its times, then of the list."""
    found: list[int] = []
    numbers: list[int] = []
    times: list[datetime | None] = []
    for number, line in enumerate(lines):
        playlist = decoded(line, _List, path)
        entries = [(rows[entry.track_id], entry.added_at) for entry in playlist.entries if entry.track_id in rows]
        found += [row for row, _ in entries]
        times += [time for _, time in entries]
        numbers += [number] * len(entries)
        told.add(playlist.name, {row for row, _ in entries})
        if len(found) >= _ENTRIES_AT_ONCE:
            yield _in_order(found, numbers, times, fading)
            found, numbers, times = [], [], []
    yield _in_order(found, numbers, times, fading)


def _in_order(found: list[int], numbers: list[int], times: list[datetime | None], fading: Fading | None) -> Lists:
    lists = np.array(numbers, np.int64)
    seconds = np.array([0.0 if time is None else time.timestamp() for time in times])
    order = np.lexsort((seconds, lists))
    recency = np.ones(len(found), np.float32) if fading is None else fading.recency(times)
    return Lists(np.array(found, np.int64)[order], lists[order], recency[order])


class _Names:
    """The names of playlists that hold the sampled tracks, by row."""

    def __init__(self, sampled: set[int]) -> None:
        self.by_row: defaultdict[int, list[str]] = defaultdict(list)
        self._sampled = sampled

    def add(self, name: str, rows: set[int]) -> None:
        if not name:
            return
        for row in rows & self._sampled:
            if len(self.by_row[row]) < _NAMES_OF_TRACK:
                self.by_row[row].append(name)
