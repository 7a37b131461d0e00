"""A JSON lines file in byte ranges, so that several processes read it at once. Knows files and lines, not rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from segue.errors import DatasetError
from segue.jsonlines import read_lines


def shard_lines(path: Path, part: int, parts: int) -> Iterator[bytes]:
    """Yield the lines that begin in one of `parts` equal byte ranges; of a gzip file, the first part has all.

    Raises DatasetError where the file cannot be read.
    """
    if path.suffix == ".gz":
        if part == 0:
            yield from (line for _, line in read_lines(path))
        return
    try:
        size = path.stat().st_size
        place, last = size * part // parts, size * (part + 1) // parts
        with path.open("rb") as stream:
            if place:
                stream.seek(place - 1)
                place += len(stream.readline()) - 1
            while place < last and (line := stream.readline()):
                place += len(line)
                if line.strip():
                    yield line
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error}") from error
