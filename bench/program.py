"""How every benchmark runs and ends: progress while it measures, then a table, then one line of JSON with its figures.

Knows nothing of what is measured. A missed target is a figure like any other: only `--check` turns it into exit code 1.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from segue.errors import SegueError

Figures = Mapping[str, Any]

INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Target:
    """A figure and the most that it may be; with `at_least`, the least."""

    name: str
    most: float
    at_least: bool = False

    def met(self, figure: float) -> bool:
        """Whether a figure is on the right side."""
        return figure >= self.most if self.at_least else figure <= self.most


def run(title: str, targets: Sequence[Target], measure: Callable[[Console], Figures], *, check: bool) -> int:
    """Measure, print the table and the line of JSON, and return the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a stack that runs is stopped in order
    console = Console(stderr=True)
    try:
        figures = measure(console)
    except SegueError as error:
        console.print(str(error), style="bold red", highlight=False, markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    Console().print(_table(title, targets, figures))
    print(json.dumps(figures), flush=True)
    return 1 if check and missed(targets, figures) else 0


def missed(targets: Sequence[Target], figures: Figures) -> list[str]:
    """Return the names of the targets that the figures miss."""
    return [target.name for target in targets if not target.met(figures[target.name])]


def progress(console: Console) -> Progress:
    """Return a progress display: what is done, how far, for how long."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, transient=not console.is_terminal)


def _table(title: str, targets: Sequence[Target], figures: Figures) -> Table:
    table = Table("figure", "measured", "target", title=title, title_justify="left")
    aims = {each.name: f"{'≥' if each.at_least else '≤'} {_shown(each.most)}" for each in targets}
    late = set(missed(targets, figures))
    for name, value in figures.items():
        if isinstance(value, Mapping):
            continue
        style = "" if name not in aims else "red" if name in late else "green"
        table.add_row(name, _shown(value), aims.get(name, ""), style=style)
    return table


def _shown(value: float | str) -> str:
    return f"{value:.3g}" if isinstance(value, float) and value < 1_000 else str(value)
