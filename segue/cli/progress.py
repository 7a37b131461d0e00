"""How training and evaluation look while they run, and how figures end a command. Knows no model."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class TrainingProgress:
    """Shows phases, loss, speed and remaining time; a `segue.evaluation.watching.EvaluationWatch`."""

    def __init__(self, *, shown: bool = True) -> None:
        self._progress = progress(shown=shown)
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()

    def system(self, name: str, seed: int) -> None:
        """See EvaluationWatch."""
        self._progress.console.print(f"[bold]{name}[/bold], seed {seed}")

    def phase(self, name: str) -> None:
        """See Watch."""
        if self._task is not None:
            task = next(task for task in self._progress.tasks if task.id == self._task)
            self._progress.update(self._task, total=task.completed or 1, completed=task.completed or 1)
        self._task = self._progress.add_task(name, total=None, told="")

    def step(self, done: int, of: int, loss: float, tracks_per_second: float) -> None:
        """See Watch."""
        if self._task is not None:
            told = f"loss {loss:.3f}, {tracks_per_second:,.0f} tracks/s" if tracks_per_second else ""
            self._progress.update(self._task, completed=done, total=of, told=told)

    def validated(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """See Watch."""
        self._progress.console.print(
            f"epoch {epoch + 1}: validation hit@10 {metrics['hit10']:.3f}, MRR {metrics['mrr']:.3f}"
        )

    def ranked(self, done: int, of: int) -> None:
        """See EvaluationWatch."""
        if self._task is not None:
            self._progress.update(self._task, completed=done, total=of)


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
