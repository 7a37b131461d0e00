"""What a person sees of the stack: progress while it starts, its state, its logs in colour. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.local.parts import NAMES
from deploy.local.record import PartRecord
from segue.printable import in_a_line

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")
STYLES = {"ready": "green", "done": "green", "starting": "yellow", "exited": "bold red", "not ready": "bold red"}
NAME_WIDTH = 14
# Without a terminal a line is a line: wide enough that nothing of a table is folded.
PLAIN_WIDTH = 240
CHUNK_BYTES = 1 << 20


class Progress:
    """Prints one line for each change of a part, so that it reads the same in a terminal and in a log."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, name: str, part: PartRecord) -> None:
        """Show that the part has changed."""
        if part.state == "starting":
            return
        line = Text(f"{name:<{NAME_WIDTH}}", style=colour(name))
        line.append(f"{part.state:<9}", style=STYLES.get(part.state, ""))
        said = part.detail or (addresses(part) if part.state == "ready" else "")
        line.append(f"{part.seconds or 0.0:6.1f} s  {said}".rstrip())
        self._console.print(line, soft_wrap=True)


class Logs:
    """Follows log files and prints what is new, each line behind its process's name."""

    def __init__(self, folder: Path, names: Iterable[str], console: Console) -> None:
        self._files = {name: folder / f"{name}.log" for name in names}
        self._read: dict[str, int] = dict.fromkeys(self._files, 0)
        self._console = console

    def print_new(self) -> None:
        """Print every line that has been completed since the last call."""
        for name, file in self._files.items():
            for line in self._new_lines(name, file):
                prefix = Text(f"{name:<{NAME_WIDTH}}", style=colour(name))
                self._console.print(prefix + Text(in_a_line(line)), soft_wrap=True)

    def _new_lines(self, name: str, file: Path) -> list[str]:
        if not file.exists():
            return []
        if file.stat().st_size < self._read[name]:  # moved aside because it had grown too large
            self._read[name] = 0
        with file.open("rb") as log:
            log.seek(self._read[name])
            whole = log.read(CHUNK_BYTES)
        whole = whole[: whole.rfind(b"\n") + 1] or (whole if len(whole) == CHUNK_BYTES else b"")
        self._read[name] += len(whole)
        return whole.decode(errors="replace").splitlines()


def say(console: Console, message: str) -> None:
    """Print a line; where it cannot be written, as to a file on a full disk, what runs goes on without it."""
    with suppress(OSError):
        console.print(message, markup=False, soft_wrap=True)


def state_table(parts: Mapping[str, PartRecord]) -> Table:
    """Return the parts with their states, processes and addresses."""
    table = Table("part", "state", "process", "seconds", "ports", "", box=None, header_style="bold")
    for name, part in parts.items():
        state = Text(part.state, style=STYLES.get(part.state, ""))
        seconds = "" if part.seconds is None else f"{part.seconds:.1f}"
        table.add_row(
            Text(name, style=colour(name)), state, str(part.pid or ""), seconds, addresses(part), Text(part.detail)
        )
    return table


def addresses(part: PartRecord) -> str:
    """Return where the part listens: `kafka 9092`, for each of its ports; all are this machine's own."""
    return ", ".join(f"{field.removesuffix('_port')} {port}" for field, port in part.ports.items())


def colour(name: str) -> str:
    """Return the part's colour, the same in every view."""
    return COLOURS[NAMES.index(name) % len(COLOURS)] if name in NAMES else "white"
