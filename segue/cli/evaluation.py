"""`segue evaluate`: systems measured side by side on what happened after a cut, with progress.

Knows options, tables and files; `segue/evaluation/` does the measuring.
"""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from segue.cli.dialogues import evaluate_cpcd
from segue.cli.playlists import ARCHIVE, NamesFile, OutFolder, TestFile, TrainFile, evaluate_playlists
from segue.cli.progress import TrainingProgress, print_figures
from segue.cli.talking import evaluate_conversation
from segue.cli.world import evaluate_world

app = typer.Typer()
evaluations = typer.Typer(help="Measure rankers on held-back data.", no_args_is_help=True, invoke_without_command=True)
app.add_typer(evaluations, name="evaluate")
evaluations.command("world")(evaluate_world)
evaluations.command("cpcd")(evaluate_cpcd)
evaluations.command("playlists")(evaluate_playlists)
evaluations.command("conversation")(evaluate_conversation)


@evaluations.callback()
def evaluate_prequentially(
    context: typer.Context,
    prequential: Annotated[bool, typer.Option("--prequential", help="The same as `segue evaluate playlists`.")] = False,
    train: TrainFile = ARCHIVE,
    test: TestFile = None,
    names: NamesFile = None,
    out: OutFolder = None,
) -> None:
    """Measure rankers on held-back data."""
    if context.invoked_subcommand is not None:
        return
    if not prequential:
        raise typer.BadParameter("name a command, or ask for --prequential")
    evaluate_playlists(train, test, names, out=out)


@evaluations.command("next-track")
def evaluate_next_track(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="Dataset folder.")],
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="The cut, UTC: learn from what happened before, test on what came after."
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Take Segue from here instead of training it.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write report, plots and checkpoints here; a run that was cut off goes on from what lies here.",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=20, help="Seeds for systems that depend on one.")] = 3,
    minutes: Annotated[float, typer.Option(min=0.05, help="Most minutes to train a system, for each seed.")] = 10.0,
    only: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this system; repeatable.")] = None,
    most_positions: Annotated[int, typer.Option(min=1, help="Test at most so many positions, evenly spread.")] = 20_000,
) -> None:
    """Rank the catalogue at held-back positions of playlists, sessions and dialogues: Segue and all baselines.

    Without --until the newest tenth is tested; with --checkpoint what came after the checkpoint's own cut.
    """
    from segue.dataset import Dataset
    from segue.evaluation.choosing import check_names, choose_systems
    from segue.evaluation.comparison import Comparison, compare
    from segue.evaluation.kept import Notes, digest
    from segue.evaluation.report import report
    from segue.evaluation.tables import metrics
    from segue.evaluation.task import TaskRules, make_task

    check_names(only or ())
    cut = until.replace(tzinfo=UTC) if until else checkpoint and _cut_of(checkpoint)
    rules = TaskRules(until=cut or None, most_positions=most_positions, undated=checkpoint is None)
    with tempfile.TemporaryDirectory() if out is None else nullcontext(out) as folder, TrainingProgress() as watch:
        work = Path(folder)
        watch.phase("Reading the dataset")
        task = make_task(Dataset.open(dataset), work, rules)
        notes = Notes(work / "kept" / digest((task.identity, minutes, _contents(checkpoint))))
        systems = choose_systems(task, work, minutes, checkpoint, only or (), notes)
        measured: dict[str, Any] = {}

        def keep(so_far: Comparison) -> None:
            measured.update(report(so_far))
            if out is not None:
                _write(out, measured)

        compare(task, systems, range(1, seeds + 1), watch, keep, notes)
    typer.echo(metrics(measured))
    if out is not None:
        typer.echo(f"{out / 'report.md'}, report.json and {_plot(out, measured)} plots are written.")
    print_figures(**measured["figures"])


def _cut_of(checkpoint: Path) -> datetime:
    from segue.evaluation.next_track import cut_of
    from segue.model.recommender import Recommender

    return cut_of(Recommender.load(checkpoint), checkpoint)


def _contents(checkpoint: Path | None) -> bytes:
    """Return what tells one checkpoint from another: the checksums of its files."""
    from segue.model.checkpoint_files import MANIFEST

    return b"" if checkpoint is None else (checkpoint / MANIFEST).read_bytes()


def _write(out: Path, measured: dict[str, Any]) -> None:
    """Write what is measured so far: a run of an hour that ends early leaves it."""
    from segue.errors import DatasetError
    from segue.evaluation.tables import text

    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "report.md").write_text(text(measured) + "\n")
        (out / "report.json").write_bytes(orjson.dumps(measured, option=orjson.OPT_INDENT_2) + b"\n")
    except OSError as error:
        raise DatasetError(f"cannot write the report to {out}: {error}") from error


def _plot(out: Path, measured: dict[str, Any]) -> int:
    from segue.errors import DatasetError
    from segue.evaluation.plots import plot

    try:
        return len(plot(measured, out))
    except OSError as error:
        raise DatasetError(f"cannot write plots to {out}: {error}") from error
