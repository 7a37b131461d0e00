"""`segue evaluate playlists`: what following playlists live is worth, with progress, a table, pictures and figures.

Knows options, tables and files; `segue/evaluation/live/` does the measuring.
"""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from segue.cli.progress import TrainingProgress, print_figures

# Where the real playlists lie beside the project's folder.
ARCHIVE = Path("../shared/data/playlist_edits.jsonl.gz")

TrainFile = Annotated[
    Path, typer.Option("--train", metavar="FILE", help="Dated edits, playlist_edits.jsonl, gzip or not.")
]
TestFile = Annotated[
    Path | None,
    typer.Option("--test", metavar="FILE", help="Edits that go on where those of --train end; cut at its first day."),
]
NamesFile = Annotated[
    Path | None,
    typer.Option(
        "--names", metavar="FILE", help="playlists.jsonl with the playlists' names; beside the edits if not given."
    ),
]
Cut = Annotated[
    datetime | None,
    typer.Option("--until", formats=["%Y-%m-%d"], help="The cut, UTC. Without --test, 2021-01-01."),
]
OutFolder = Annotated[
    Path | None,
    typer.Option("--out", metavar="FOLDER", help="Write report.json, plots and the trained checkpoint here."),
]
Minutes = Annotated[float, typer.Option(min=0.05, help="Most minutes for the decoder's training.")]


def evaluate_playlists(
    train: TrainFile = ARCHIVE,
    test: TestFile = None,
    names: NamesFile = None,
    until: Cut = None,
    out: OutFolder = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Take the model from here; it was trained on what lies before the cut."),
    ] = None,
    minutes: Minutes = 1.5,
    seed: Annotated[int, typer.Option(help="The same seed gives the same report, unless time cuts training off.")] = 1,
    prequential: Annotated[  # noqa: ARG001 - there is no other way to ask
        bool, typer.Option("--prequential", help="Predict each day from the end of the day before; always so.")
    ] = True,
) -> None:
    """Predict what playlists gain, each day from what was known the day before: standing still, weekly, live.

    Playlists that existed at the cut and are no charts. Popularity, item-kNN, the whole system, codes alone.
    """
    from segue.evaluation.live.run import Files, ModelRules, evaluate

    files = Files(train, test, names, None if until is None else until.date())
    rules = ModelRules(minutes=minutes, seed=seed, checkpoint=checkpoint)
    with tempfile.TemporaryDirectory() if out is None else nullcontext(out) as folder, TrainingProgress() as watch:
        measured = evaluate(files, rules, Path(folder), watch)
    if not measured["task"]["names_known"]:
        typer.echo("No names of playlists were found (--names): charts count as any other playlist.", err=True)
    if out is not None:
        typer.echo(f"{_write(out, measured)} files are written to {out}.")
    _print_tables(measured)
    print_figures(**measured["figures"])


def _write(out: Path, measured: dict[str, Any]) -> int:
    from segue.errors import DatasetError
    from segue.evaluation.live.plots import plot

    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "report.json").write_bytes(orjson.dumps(measured, option=orjson.OPT_INDENT_2) + b"\n")
        return 1 + len(plot(measured, out))
    except OSError as error:
        raise DatasetError(f"cannot write the report to {out}: {error}") from error


def _print_tables(measured: dict[str, Any]) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    arms = measured["arms"]
    weeks = sorted({int(week) for arm in arms.values() for week in arm["by_week"]})
    whole = Table("arm", "hit@10", "90 %", "MRR", "at the cut", "since", box=SIMPLE, padding=(0, 1, 0, 0))
    by_week = Table("hit@10 in week, %", *map(str, weeks), box=SIMPLE, padding=0)
    for name, arm in arms.items():
        slices = (arm["slices"].get(part, {}).get("value") for part in ("known_at_cut", "added_since"))
        whole.add_row(
            name, _cell(arm["hit10"]["value"]), _interval(arm["hit10"]), _cell(arm["mrr"]), *map(_cell, slices)
        )
        by_week.add_row(name, *(_percent(arm["by_week"].get(str(week), {}).get("value")) for week in weeks))
    cold = Table("new tracks among the day's", "MRR", "90 %", "additions")
    for name, each in measured["cold"].items():
        cold.add_row(name, _cell(each["value"]), _interval(each), str(each["additions"]))
    for table in (whole, by_week, cold):
        Console().print(table)


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _percent(value: float | None) -> str:
    return " –" if value is None else f" {100 * value:.1f}"


def _interval(measured: dict[str, Any]) -> str:
    return "–".join(_cell(end) for end in measured["interval"])
