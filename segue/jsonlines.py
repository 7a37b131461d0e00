"""JSON lines files as streams, plain or gzip: a row in memory at a time, the same rows the same bytes.

Knows files, lines and messages; `segue/dataset.py` and `segue/importers/` know what the rows hold.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar, cast

from segue import wire
from segue.errors import DatasetError, InvalidMessage
from segue.events import Message

# A playlist of 100,000 entries fits; a file without line ends does not fill the memory.
MAX_ROW_BYTES = 32 * 2**20

M = TypeVar("M", bound=Message)
T = TypeVar("T")


class Watch(Protocol):
    """Whatever wants to see rows pass by, such as a progress bar."""

    def __call__(self, rows: Iterable[T], what: str) -> Iterable[T]:
        """Return the rows unchanged."""


def unwatched(rows: Iterable[T], what: str) -> Iterable[T]:  # noqa: ARG001
    """Return the rows; nobody looks."""
    return rows


def read_rows(path: Path, kind: type[M], validate: Callable[[M], None]) -> Iterator[M]:
    """Yield the rows of a JSON lines file. Raises DatasetError naming file, line and what is wrong."""
    for number, line in read_lines(path):
        try:
            row = wire.decode(line, kind)
            validate(row)
        except InvalidMessage as error:
            raise DatasetError(f"{path}, line {number}: {error}") from error
        yield row


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the numbered lines of a file, gzip or not, without blank ones. Raises DatasetError if it is unreadable."""
    number = 0
    try:
        with _open_to_read(path) as stream:
            while line := stream.readline(MAX_ROW_BYTES + 1):
                number += 1
                if len(line) > MAX_ROW_BYTES:
                    raise DatasetError(f"{path}, line {number}: is longer than {MAX_ROW_BYTES} bytes; split the row")
                if line.strip():
                    yield number, line
    except (OSError, EOFError, zlib.error) as error:
        place = f"{path}, after line {number}" if number else str(path)
        reason = getattr(error, "strerror", None) or error
        raise DatasetError(f"{place}: cannot be read: {reason}") from error


def write_rows(path: Path, rows: Iterable[Message], validate: Callable[..., None], *, compress: bool) -> int:
    """Write rows and return their number. Raises DatasetError at an invalid one, OSError where the file refuses."""
    count = 0
    with path.open("wb") as raw, _compressed(raw) if compress else raw as stream:
        for count, row in enumerate(rows, start=1):
            try:
                validate(row)
            except InvalidMessage as error:
                raise DatasetError(f"row {count} for {path.parent} ({type(row).__name__}): {error}") from error
            stream.write(wire.encode(row) + b"\n")
    return count


def _compressed(raw: BinaryIO) -> BinaryIO:
    # Neither a file name nor a time in the header: the same rows give the same bytes.
    return cast(BinaryIO, gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=raw, mtime=0))


def _open_to_read(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")
