"""`segue backtest`: the codes and neighbours that a history of playlist edits gives, without any service.

Knows options and progress; `segue/cooccurrence/` folds, `segue/replay.py` and `segue/importers/` make the events.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.progress import print_figures, progress
from segue.cli.replay import between, edits_of

if TYPE_CHECKING:
    from segue.catalog import Track, TrackTokens
    from segue.cooccurrence.backtest import Backtest

app = typer.Typer()

TRACKS_AT_ONCE = 256
TOLD_EVERY = 500


@app.command()
def backtest(
    source: Annotated[
        Path, typer.Argument(metavar="FILE_OR_DATASET", help="A playlist archive's edits file, or a dataset folder.")
    ],
    checkpoint: Annotated[Path, typer.Option(help="The checkpoint whose clusters are followed.")] = Path(
        "checkpoints/world"
    ),
    out: Annotated[Path | None, typer.Option(help="File of JSON lines to write: TrackTokens, by track id.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only edits from this day on.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only edits before this day.")] = None,
    tracks: Annotated[bool, typer.Option("--tracks", help="First describe the dataset's tracks.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out rows that are broken.")] = False,
) -> None:
    """Say what track_tokens would publish after these edits: bit for bit, whatever its workers, batches and crashes.

    The same options as `segue replay`. Versions and offsets are left out: they tell how the log was read.
    """
    from segue.cooccurrence.backtest import Backtest
    from segue.model.frozen import load_clusters

    began = time.monotonic()
    test = Backtest(load_clusters(checkpoint))
    refused = count = 0
    with progress() as shown:
        if tracks:
            _describe(test, _of_dataset(source), checkpoint)
        task = shown.add_task("folding", total=None, told="")
        for count, event in enumerate(between(edits_of(source, skip_bad=skip_bad), since, until), start=1):
            refused += not test.edit(event)
            if count % TOLD_EVERY == 0:
                shown.update(task, told=f"{count:,} edits")
        shown.update(task, total=1, completed=1, told=f"{count:,} edits")
        found = list(test.tokens())
    if out is not None:
        _write(out, found)
    print_figures(
        edits=count,
        refused=refused,
        tracks=len(found),
        moved_codes=sum(each.live is not None and each.live.code != each.live.home for each in found),
        seconds=round(time.monotonic() - began, 1),
    )


def _of_dataset(source: Path) -> Iterator[Track]:
    from segue.dataset import Dataset

    return iter(Dataset.open(source).tracks())


def _describe(test: Backtest, content: Iterator[Track], checkpoint: Path) -> None:
    """Code the content as the model server does, and tell of it."""
    from segue.model.checkpoint import load_codebooks

    codebooks = load_codebooks(checkpoint)
    while batch := list(islice(content, TRACKS_AT_ONCE)):
        for track, codes in zip(batch, codebooks.content_codes(batch), strict=True):
            test.describe(track, codebooks.as_message(codes))


def _write(out: Path, tokens: Sequence[TrackTokens]) -> None:
    from segue import wire
    from segue.errors import DatasetError

    try:
        out.write_bytes(b"".join(wire.encode(each) + b"\n" for each in tokens))
    except OSError as error:
        raise DatasetError(f"cannot write {out}: {error.strerror}") from error
