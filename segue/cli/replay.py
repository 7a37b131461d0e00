"""`segue replay`: the playlist edits of a dataset through a running Segue, as if they happened now.

Knows options, progress and the order of the steps; `segue/replay.py` and `segue/importers/` make the events, the client
writes them, and `lag.py` says when they have had their effect.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from segue.cli.client import Address, connected
from segue.cli.progress import print_figures, progress

if TYPE_CHECKING:
    from rich.progress import Progress

    from segue.client import Client
    from segue.events import PlaylistEvent, SourceOffset

app = typer.Typer()

# What one call may hold.
AT_ONCE = 1_000
# Tracks with long lyrics are large, and a call holds 4 MiB.
TRACKS_AT_ONCE = 100
# Seconds; a broker with much to write may need its time.
WRITE_TIMEOUT = 30.0
TRACK_TOKENS = "127.0.0.1:7703"
RECOMMENDER = "127.0.0.1:7704"

T = TypeVar("T")


@app.command()
def replay(
    source: Annotated[
        Path, typer.Argument(metavar="FILE_OR_DATASET", help="A playlist archive's edits file, or a dataset folder.")
    ],
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only edits from this day on.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only edits before this day.")] = None,
    tracks: Annotated[
        bool, typer.Option("--tracks", help="First write the dataset's tracks to the catalogue.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Wait until the recommender knows everything.")] = True,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out rows that are broken.")] = False,
    address: Address = "127.0.0.1:7600",
    track_tokens: Annotated[
        list[str] | None,
        typer.Option(help=f"The metrics address of track_tokens, {TRACK_TOKENS}; repeatable, one for each worker."),
    ] = None,
    recommender: Annotated[
        list[str] | None, typer.Option(help=f"The metrics address of the recommender, {RECOMMENDER}; repeatable.")
    ] = None,
) -> None:
    """Write a history of playlist edits to the log, in its order, and wait until it has had its effect.

    Events keep their own times. Repeating a replay repeats the same event ids; what lies further back than the
    service's lateness before a playlist's newest edit is refused, and counted.
    """
    from segue.cli.lag import Consumers

    consumers = Consumers(track_tokens or [TRACK_TOKENS], recommender or [RECOMMENDER])
    refused = consumers.refused() if wait else 0
    with connected(address) as client, progress() as shown:
        figures: dict[str, float] = {"tracks": _write_tracks(client, source, shown)} if tracks else {}
        began = time.monotonic()
        edits, newest = _write_edits(client, between(edits_of(source, skip_bad=skip_bad), since, until), shown)
        figures |= {"edits": edits, "write_seconds": round(time.monotonic() - began, 1)}
        if wait:
            task = shown.add_task("taking effect", total=None, told="")
            consumers.wait(newest, lambda left: shown.update(task, told=f"{left:,} records to go"))
            figures |= {
                "replay_seconds": round(time.monotonic() - began, 1),
                "lag": consumers.lag(),
                "refused": consumers.refused() - refused,
            }
    print_figures(**figures)


def edits_of(source: Path, *, skip_bad: bool) -> Iterator[PlaylistEvent]:
    """Yield the edits of either kind of source. Raises DatasetError."""
    from segue.dataset import Dataset
    from segue.importers.playlist_edits import edit_events
    from segue.replay import one_after_the_other, playlist_events

    if source.is_dir():
        return one_after_the_other(playlist_events(Dataset.open(source)))
    return edit_events(source, skip_bad=skip_bad)


def between(events: Iterable[PlaylistEvent], since: datetime | None, until: datetime | None) -> Iterator[PlaylistEvent]:
    """Yield the events from one day on and before another, in UTC."""
    first = since.replace(tzinfo=UTC) if since else datetime.min.replace(tzinfo=UTC)
    end = until.replace(tzinfo=UTC) if until else datetime.max.replace(tzinfo=UTC)
    return (event for event in events if event.event_time is not None and first <= event.event_time < end)


def _write_edits(
    client: Client, events: Iterable[PlaylistEvent], shown: Progress
) -> tuple[int, Collection[SourceOffset]]:
    """Write the edits in order; return how many, and the newest position of each partition."""
    task = shown.add_task("writing edits", total=None, told="")
    count = 0
    newest: dict[tuple[str, int], SourceOffset] = {}
    for batch in _batches(events, AT_ONCE):
        newest.update(((at.topic, at.partition), at) for at in client.record_events(batch, timeout=WRITE_TIMEOUT))
        count += len(batch)
        shown.update(task, told=f"{count:,}")
    shown.update(task, total=count or 1, completed=count or 1)
    return count, newest.values()


def _write_tracks(client: Client, source: Path, shown: Progress) -> int:
    """Write the dataset's catalogue and return how many tracks it has. Raises DatasetError."""
    from segue.dataset import Dataset

    task = shown.add_task("writing tracks", total=None, told="")
    count = 0
    for batch in _batches(Dataset.open(source).tracks(), TRACKS_AT_ONCE):
        client.upsert_tracks(batch, timeout=WRITE_TIMEOUT)
        count += len(batch)
        shown.update(task, told=f"{count:,}")
    shown.update(task, total=count or 1, completed=count or 1)
    return count


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of this size, the last one shorter."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
