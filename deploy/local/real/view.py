"""What a person sees of the walks: progress, and a few of them with titles and reasons. Measures nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from deploy.local.demo.view import reason
from deploy.local.real.walk import Step
from segue.cli.lag import Told
from segue.printable import in_a_line

# Of each walk that is shown: the newest tracks heard, and the first recommended.
HEARD_SHOWN = 3
TRACKS_SHOWN = 5


@contextmanager
def counting(console: Console, what: str, total: int) -> Iterator[Told]:
    """Show how much of `total` is done; yields what tells how far it is."""
    with _progress(console) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


@contextmanager
def emptying(console: Console, what: str) -> Iterator[Told]:
    """Show how much of what there was is gone; yields what tells how much is left."""
    with _progress(console) as progress:
        task = progress.add_task(what, total=None)
        most = 0

        def left(count: int) -> None:
            nonlocal most
            most = max(most, count)
            progress.update(task, total=most, completed=most - count)

        yield left


def show_step(console: Console, step: Step, titles: Mapping[str, str]) -> None:
    """Print what was heard last, what was recommended and why, and what came."""
    console.print(Text.assemble("\n", (in_a_line(step.walk.name or step.walk.playlist_id), "bold"), " after"))
    for track_id in step.heard[-HEARD_SHOWN:]:
        console.print(Text.assemble("  … ", in_a_line(titles.get(track_id, track_id))), soft_wrap=True)
    for track in step.answer.tracks[:TRACKS_SHOWN]:
        title = in_a_line(f"{track.title} – {', '.join(track.artists)}")
        came = (" ← this came next", "bold green") if track.track_id == step.wanted else ""
        console.print(Text.assemble("  → ", title, (f"  {reason(track)}", "dim"), came), soft_wrap=True)
    if step.answer.degraded:
        console.print(Text(in_a_line(f"  degraded: {step.answer.degraded_reason}"), style="yellow"))


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)
