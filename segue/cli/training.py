"""`segue train` and `segue evaluate`: checkpoints made and measured, with progress.

Knows options and printing, no model.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Self

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from segue.evaluation.metrics import RankingMetrics

app = typer.Typer()
evaluations = typer.Typer(help="Measure a checkpoint on held-back data.", no_args_is_help=True)
app.add_typer(evaluations, name="evaluate")

DatasetArgument = Annotated[Path, typer.Argument(metavar="DATASET", help="Dataset folder.")]
CheckpointOption = Annotated[Path, typer.Option("--checkpoint", metavar="CHECKPOINT", help="Checkpoint folder.")]
Until = Annotated[
    datetime | None,
    typer.Option("--until", formats=["%Y-%m-%d"], help="Learn only from what happened before this day, UTC."),
]


@app.command("train")
def train_command(
    dataset: DatasetArgument,
    out: Annotated[Path, typer.Option("--out", metavar="CHECKPOINT", help="Checkpoint folder to write.")],
    until: Until = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="Most minutes for the decoder's training.")] = 15.0,
    epochs: Annotated[int, typer.Option(min=1, help="Most passes over the data.")] = 30,
    seed: Annotated[int, typer.Option(help="The same seed gives the same checkpoint.")] = 1,
    width: Annotated[int, typer.Option(min=64, help="Width of the decoder, a multiple of 64.")] = 256,
    layers: Annotated[int, typer.Option(min=1, max=24, help="Layers of the decoder.")] = 4,
    most_codes: Annotated[int, typer.Option(min=2, max=4096, help="Most codes of a modality.")] = 512,
) -> None:
    """Train a recommender on a dataset folder and write a checkpoint folder."""
    from segue.dataset import Dataset
    from segue.tokens.fitting import CodebookRules
    from segue.training.distributed import Peers
    from segue.training.loop import LoopRules
    from segue.training.train import TrainingRules, train

    if width % 64:
        raise typer.BadParameter(f"{width} is no multiple of 64", param_hint="--width")
    rules = TrainingRules(
        until=None if until is None else until.replace(tzinfo=UTC),
        width=width,
        layers=layers,
        codebooks=CodebookRules(most_codes=most_codes, seed=seed),
        loop=LoopRules(epochs=epochs, minutes=minutes, seed=seed),
    )
    started = time.monotonic()
    with Peers.joined() as peers, _TrainingProgress(shown=peers.leads) as watch:
        checkpoint = train(Dataset.open(dataset), out, rules, watch, peers)
    if not peers.leads:
        return
    reached = checkpoint.metrics["validation"]
    typer.echo(f"{out} is written.")
    _figures(
        version=checkpoint.version,
        minutes=round((time.monotonic() - started) / 60, 2),
        megabytes=round(sum(path.stat().st_size for path in out.iterdir()) / 1e6, 2),
        epochs=len(checkpoint.metrics["epochs"]),
        **{f"validation_hit10_{name}": round(metrics["hit10"], 4) for name, metrics in reached.items()},
    )


@evaluations.command("next-track")
def evaluate_next_track(
    dataset: DatasetArgument,
    checkpoint: CheckpointOption,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day to test on, UTC; default: the checkpoint's cut."),
    ] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day to stop before, UTC.")] = None,
    most_positions: Annotated[int, typer.Option(min=1, help="Test at most so many positions, evenly spread.")] = 5_000,
) -> None:
    """Rank the catalogue at held-back positions of playlists, sessions and dialogues, against popularity."""
    from segue.evaluation.next_track import evaluate
    from segue.session import to_ms

    with _progress() as progress:
        task = progress.add_task("Ranking", total=None, told="")
        report = evaluate(
            dataset,
            checkpoint,
            since_ms=None if since is None else to_ms(since.replace(tzinfo=UTC)),
            until_ms=None if until is None else to_ms(until.replace(tzinfo=UTC)),
            most_positions=most_positions,
            watch=lambda done, of: progress.update(task, completed=done, total=of),
        )
    _print_table(report.rows)
    _figures(**report.figures())


class _TrainingProgress:
    """Shows phases, loss, speed and remaining time; a `segue.training.watch.Watch`."""

    def __init__(self, *, shown: bool = True) -> None:
        self._progress = _progress(shown=shown)
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()

    def phase(self, name: str) -> None:
        if self._task is not None:
            task = next(task for task in self._progress.tasks if task.id == self._task)
            self._progress.update(self._task, total=task.completed or 1, completed=task.completed or 1)
        self._task = self._progress.add_task(name, total=None, told="")

    def step(self, done: int, of: int, loss: float, tracks_per_second: float) -> None:
        if self._task is not None:
            told = f"loss {loss:.3f}, {tracks_per_second:,.0f} tracks/s"
            self._progress.update(self._task, completed=done, total=of, told=told)

    def validated(self, epoch: int, metrics: Mapping[str, float]) -> None:
        self._progress.console.print(
            f"epoch {epoch + 1}: validation hit@10 {metrics['hit10']:.3f}, MRR {metrics['mrr']:.3f}"
        )


def _progress(*, shown: bool = True) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, quiet=not shown),
    )


def _print_table(rows: Mapping[str, RankingMetrics]) -> None:
    table = Table("ranker", "positions", "hit@10", "hit@100", "MRR", "NDCG@10")
    for name, reached in rows.items():
        values = (reached.hit10, reached.hit100, reached.mrr, reached.ndcg10)
        table.add_row(name, str(reached.positions), *(f"{value:.4f}" for value in values))
    Console().print(table)


def _figures(**figures: Any) -> None:
    typer.echo(orjson.dumps(figures).decode())
