"""How training and evaluation look while they run, and how figures end a command. Knows no model.

On a terminal bars move; in a file, such as the log of a run in the background, lines tell the same.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

# Seconds between two lines about the same phase in a file.
_LINE_EVERY = 20.0


class TrainingProgress:
    """Shows phases, loss, speed and remaining time; a `segue.evaluation.watching.EvaluationWatch`."""

    def __init__(self, *, shown: bool = True) -> None:
        self._progress = progress(shown=shown)
        self._console = self._progress.console
        self._task: TaskID | None = None
        self._phase: _Phase | None = None
        self._begun = time.monotonic()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._progress.stop()

    def system(self, name: str, seed: int) -> None:
        """See EvaluationWatch."""
        self._print(f"[bold]{name}[/bold], seed {seed}")

    def phase(self, name: str) -> None:
        """See Watch."""
        if not self._console.is_terminal:
            self._phase = _Phase()
            self._print(f"  {name}")
            return
        if self._task is not None:
            task = next(task for task in self._progress.tasks if task.id == self._task)
            self._progress.update(self._task, total=task.completed or 1, completed=task.completed or 1)
        self._task = self._progress.add_task(name, total=None, told="")

    def step(self, done: int, of: int, loss: float, tracks_per_second: float) -> None:
        """See Watch."""
        self._told(done, of, f"loss {loss:.3f}, {tracks_per_second:,.0f} tracks/s" if tracks_per_second else "")

    def validated(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """See Watch."""
        self._print(f"  epoch {epoch + 1}: validation hit@10 {metrics['hit10']:.3f}, MRR {metrics['mrr']:.3f}")

    def ranked(self, done: int, of: int) -> None:
        """See EvaluationWatch."""
        self._told(done, of, "")

    def measured(self, name: str, seed: int, minutes: float, metrics: Mapping[str, float]) -> None:
        """See EvaluationWatch."""
        figures = f"hit@10 {metrics['hit10']:.4f}, MRR {metrics['mrr']:.4f}"
        self._print(f"[bold]{name}[/bold], seed {seed}: {figures}, {minutes:.1f} minutes of the processor")

    def _told(self, done: int, of: int, about: str) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=done, total=of, told=about)
        elif self._phase is not None and self._phase.is_due():
            left = self._phase.left(done, of)
            self._print(f"    {done:,} of {of:,}{f', {about}' if about else ''}, {_clock(left)} left")

    def _print(self, line: str) -> None:
        if self._console.is_terminal:
            self._console.print(line)
        else:
            self._console.print(f"{_clock(time.monotonic() - self._begun)} {line}", soft_wrap=True, highlight=False)


class _Phase:
    """One phase of a run that is told in lines: when it began, and when the last line was."""

    def __init__(self) -> None:
        self._begun = self._last = time.monotonic()

    def is_due(self) -> bool:
        """Whether it is time for another line; asking counts as writing it."""
        now = time.monotonic()
        if now - self._last < _LINE_EVERY:
            return False
        self._last = now
        return True

    def left(self, done: int, of: int) -> float:
        """Return the seconds that remain at the pace so far."""
        return (time.monotonic() - self._begun) * max(0, of - done) / max(1, done)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:02}:{rest:02}"


def progress(*, shown: bool = True) -> Progress:
    """Return a progress display on stderr, with a text of its own for each task."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, quiet=not shown),
    )


def print_figures(**figures: Any) -> None:
    """Print the figures as one line of JSON, the last of a command."""
    typer.echo(orjson.dumps(figures).decode())
