"""A large fit's files, and the survey that begins it: ids by row, and a sample of tracks chosen by a hash of their ids.

Everything between the steps lies in one folder, so that processes share it. Knows files and rows, no codebooks.
"""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
from threadpoolctl import threadpool_limits

from segue import wire
from segue.catalog import Track
from segue.errors import DatasetError
from segue.tokens.shards import shard_lines
from segue.tokens.text import Integers

T = TypeVar("T")


class _Id(msgspec.Struct):
    track_id: str


@dataclass(frozen=True, slots=True)
class Work:
    """The files of a large fit, the folder between its steps, and how it is shared out."""

    catalog: Path
    playlists: Path | None
    folder: Path
    processes: int
    sample: int

    @property
    def information(self) -> Path:
        """The file of the pairs' positive PMI, [tracks, tracks]."""
        return self.folder / "information.npz"

    def ids(self) -> list[str]:
        """Return the track ids by row."""
        return (self.folder / "ids.txt").read_text().split("\n")

    def sampled(self) -> tuple[Integers, list[Track]]:
        """Return the sample's rows, rising, and its tracks."""
        lines = (self.folder / "sample.jsonl").read_bytes().splitlines()
        return np.load(self.folder / "sample.npy"), [wire.decode(line, Track) for line in lines]


@dataclass(frozen=True, slots=True)
class Survey:
    """A shard's track ids in order, and of its part of the sample the hash, the place in the shard and the line."""

    ids: list[str]
    sample: list[tuple[int, int, bytes]]


def one_thread() -> None:
    """Keep this process to one thread: the processes are as many as the cores."""
    threadpool_limits(1)


def survey(work: Work, part: int, parts: int) -> Survey:
    """Return the ids of a shard of the catalogue, and the tracks with the lowest hashes as its part of the sample."""
    ids: list[str] = []
    lowest: list[tuple[int, int, bytes]] = []
    for line in shard_lines(work.catalog, part, parts):
        track_id = decoded(line, _Id, work.catalog).track_id
        # Negative, so that the heap's first is the highest hash kept.
        candidate = (-zlib.crc32(track_id.encode()), len(ids), line)
        if len(lowest) < work.sample:
            heapq.heappush(lowest, candidate)
        elif candidate > lowest[0]:
            heapq.heapreplace(lowest, candidate)
        ids.append(track_id)
    return Survey(ids, lowest)


def merge_surveys(work: Work, surveys: Sequence[Survey]) -> int:
    """Write ids and sample into the folder, and return the number of tracks."""
    ids = [track_id for each in surveys for track_id in each.ids]
    if len(set(ids)) < len(ids):
        raise DatasetError(f"{work.catalog} has tracks that occur twice; a track has one row")
    firsts = np.cumsum([0, *(len(each.ids) for each in surveys)])
    found = [
        (mark, int(first) + place, line)
        for first, each in zip(firsts, surveys, strict=False)
        for mark, place, line in each.sample
    ]
    kept = sorted((row, line) for _, row, line in heapq.nlargest(work.sample, found))
    (work.folder / "ids.txt").write_text("\n".join(ids))
    (work.folder / "sample.jsonl").write_bytes(b"".join(line.rstrip(b"\n") + b"\n" for _, line in kept))
    np.save(work.folder / "sample.npy", np.array([row for row, _ in kept], np.int64))
    return len(ids)


def decoded(line: bytes, kind: type[T], path: Path | None) -> T:
    """Return the line's row. Raises DatasetError that names the file."""
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.DecodeError as error:
        raise DatasetError(f"{path} holds a line that is no row: {error}: {line[:80]!r}") from error
