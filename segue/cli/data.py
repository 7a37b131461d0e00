"""`segue import` and `segue world`: make dataset folders, with progress. Knows options and printing, no rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self, TypeVar

import orjson
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from segue.importers.audio_folder import AudioSummary
    from segue.importers.cpcd import CpcdSummary
    from segue.importers.playlist_archive import ArchiveSummary

T = TypeVar("T")

app = typer.Typer()
importers = typer.Typer(help="Import a foreign dataset into a dataset folder.", no_args_is_help=True)
app.add_typer(importers, name="import")

SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Count rows that are broken and go on.")]


@importers.command("playlist-archive")
def import_playlist_archive(
    source: Annotated[Path, typer.Argument(metavar="SOURCE_DIR", help="Folder of playlists and playlist_edits.")],
    out: Annotated[Path, typer.Argument(metavar="OUT_DIR", help="Dataset folder to write.")],
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only edits before this day.")] = None,
    skip_bad: SkipBad = False,
) -> None:
    """Import dated edits of public playlists."""
    from segue.importers import playlist_archive

    with _Rows() as watch:
        summary = playlist_archive.import_playlist_archive(
            source, out, until=until and until.date(), skip_bad=skip_bad, watch=watch
        )
    _report(out, summary)


@importers.command("cpcd")
def import_cpcd(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="The dialogues, .jsonl or .jsonl.gz.")],
    out: Annotated[Path, typer.Argument(metavar="OUT_DIR", help="Dataset folder to write.")],
    skip_bad: SkipBad = False,
) -> None:
    """Import conversations from the Conversational Playlist Curation Dataset."""
    from segue.importers import cpcd

    with _Rows() as watch:
        summary = cpcd.import_cpcd(source, out, skip_bad=skip_bad, watch=watch)
    _report(out, summary)


@app.command("world")
def write_world(
    out: Annotated[Path, typer.Argument(metavar="OUT_DIR", help="Dataset folder to write.")],
    tracks: Annotated[int, typer.Option(min=10, max=10_000_000, help="Number of tracks.")] = 2_000,
    listeners: Annotated[int, typer.Option(min=1, max=10_000_000, help="Number of listeners.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same world.")] = 1,
) -> None:
    """Invent a world of music and write it as a dataset folder."""
    from segue.world import simulate

    with _Rows() as watch:
        figures = simulate.write_world(out, simulate.WorldSize.of(tracks, listeners), seed, watch)
    typer.echo(f"{out} is written.")
    typer.echo(orjson.dumps(figures).decode())


@app.command("audio")
def hear_audio(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of audio files, named by track id.")],
    out: Annotated[Path, typer.Option("--out", metavar="OUT", help="File of JSON lines, or dataset folder, to write.")],
    dataset: Annotated[
        Path | None, typer.Option(metavar="DATASET", help="Write this dataset again, with the features filled in.")
    ] = None,
) -> None:
    """Hear tempo, key, loudness and timbre of audio files, as features of tracks."""
    from segue.dataset import Dataset
    from segue.importers import audio_folder

    with _Rows() as watch:
        if dataset is None:
            summary = audio_folder.write_features(folder, out, watch)
        else:
            summary = audio_folder.write_heard_dataset(folder, Dataset.open(dataset), out, watch)
    _report(out, summary)


class _Rows:
    """Shows how many rows have passed, on stderr; without a terminal it shows nothing."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.completed:,} rows"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            disable=not Console(stderr=True).is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, rows: Iterable[T], what: str) -> Iterable[T]:
        return self._progress.track(rows, description=what)


def _report(out: Path, summary: ArchiveSummary | AudioSummary | CpcdSummary) -> None:
    """Say what was written, what was left out and why, and end with the figures as one line of JSON."""
    figures = dataclasses.asdict(summary)
    complaints = figures.pop("complaints")
    for complaint in complaints:
        typer.echo(f"skipped: {complaint}", err=True)
    if summary.skipped > len(complaints):
        typer.echo(f"skipped: {summary.skipped - len(complaints):,} more", err=True)
    typer.echo(f"{out} is written.")
    typer.echo(orjson.dumps(figures).decode())
