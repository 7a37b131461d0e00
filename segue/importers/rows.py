"""The rows of a foreign JSON lines file, read as a stream: each one good, or named, or counted and left out.

Knows neither source: `playlist_archive.py` and `cpcd.py` say what their rows hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from segue import wire
from segue.errors import DatasetError, InvalidMessage
from segue.jsonlines import Watch, read_lines, unwatched

R = TypeVar("R", bound=msgspec.Struct)
T = TypeVar("T")

# Enough to see what is wrong with a file; the count says how much of it is.
MAX_COMPLAINTS = 5


def refuse_overwriting(source: Path, out: Path) -> None:
    """Raise DatasetError when the dataset folder is the source's own, whose files it could replace."""
    if out.resolve() == source.resolve():
        raise DatasetError(f"{out} holds the files to import; write the dataset to another folder")


@dataclass(slots=True)
class BadRows:
    """How bad rows are dealt with: refused, or with `skip` counted, the first complaints kept."""

    skip: bool = False
    count: int = 0
    complaints: list[str] = field(default_factory=list)

    def complain(self, path: Path, number: int, error: InvalidMessage) -> None:
        """Count a bad row. Raises DatasetError when bad rows are not to be skipped."""
        complaint = f"{path}, line {number}: {error}"
        if not self.skip:
            raise DatasetError(f"{complaint}; skip bad rows with --skip-bad") from error
        self.count += 1
        if len(self.complaints) < MAX_COMPLAINTS:
            self.complaints.append(complaint)


def read(path: Path, kind: type[R], take: Callable[[R], T], bad: BadRows, watch: Watch = unwatched) -> Iterator[T]:
    """Yield what `take` makes of each row; it raises InvalidMessage where a row is broken.

    Raises DatasetError when the file cannot be read, and at a bad row that is not to be skipped.
    """
    for number, line in watch(read_lines(path), path.name):
        try:
            taken = take(wire.decode(line, kind))
        except InvalidMessage as error:
            bad.complain(path, number, error)
        else:
            yield taken
