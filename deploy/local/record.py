"""The running stack on disk: who supervises it, what runs, in which state. One stack for each folder.

Knows nothing about starting or stopping. A lock that the supervisor holds says whether it lives: the kernel frees it
whatever ends the supervisor, so a record without its lock is what a crash left behind.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from segue.errors import StackError


@dataclass(slots=True)
class PartRecord:
    """One part as `status` shows it. `state`: waiting, starting, ready, done, exited, stopped."""

    state: str = "waiting"
    pid: int | None = None
    seconds: float | None = None
    ports: dict[str, int] = field(default_factory=dict)
    detail: str = ""


@dataclass(slots=True)
class Record:
    """One stack. `phase`: starting, running, stopping, failed."""

    stack: str
    supervisor: int
    phase: str = "starting"
    error: str = ""
    parts: dict[str, PartRecord] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write the record in one step."""
        target = _path(folder)
        part = target.with_suffix(".part")
        part.write_text(json.dumps(asdict(self), indent=1))
        part.replace(target)


def read(folder: Path) -> Record | None:
    """Return the record of this folder's stack, or None when there is none."""
    try:
        parsed = json.loads(_path(folder).read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise StackError(f"{_path(folder)} is damaged; remove it and end what still runs by hand") from error
    parts = {name: PartRecord(**part) for name, part in parsed.pop("parts").items()}
    return Record(**parsed, parts=parts)


def remove(folder: Path) -> None:
    """Forget the stack of this folder."""
    _path(folder).unlink(missing_ok=True)


def is_held(folder: Path) -> bool:
    """Whether a living supervisor holds the folder."""
    try:
        with held(folder):
            return False
    except StackError:
        return True


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder for one stack. Raises StackError when another one holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "run.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise StackError(f"a stack already runs in {folder}; `make down` stops it, `make status` shows it") from error
    try:
        yield
    finally:
        os.close(lock)


def _path(folder: Path) -> Path:
    return folder / "run.json"
