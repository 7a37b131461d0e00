"""Playlist edits through one worker of track_tokens, and index swaps beside requests: `python -m bench.tokens`.

How many edits a second, how long does it take to swap an index of a hundred thousand tracks of which one in a hundred
changed, and do requests notice? `swaps.py` measures the last two.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from bench import program
from bench.editing import edits
from bench.latencies import percentile_ms
from bench.live_catalogue import TRACKS, grow
from bench.program import Figures, Target
from bench.stack import running
from bench.swaps import SWAPS, measure_ratio, swap_seconds
from bench.topic_log import end_offsets, producing, wait_until_committed
from deploy.local import config as local
from deploy.local.stack import LocalStack
from segue import wire
from segue.model.checkpoint import Checkpoint
from services.runtime.topology import PLAYLIST_EVENTS, TRACK_DELTAS, TRACK_TOKENS

TARGETS = (
    Target("edits_per_second", 500.0, at_least=True),
    Target("swap_ms", 20.0),
    Target("swap_p99_ratio", 1.1),
)
PARTS = ("kafka", "triton", "topics", "track_tokens")
GROUP = "segue-track-tokens"
PLAYLISTS = 200
# So that every playlist has a whole neighbourhood when the clock starts.
WARM_UP = 4_000
CATCH_UP = 300.0


def measure(folder: Path, count: int, pairs: int, console: Console) -> Figures:
    """Return all figures; `folder` takes the checkpoint."""
    with console.status("growing the checkpoint"):
        checkpoint = grow(local.load().checkpoint, folder / "checkpoint")
    with program.progress(console) as progress:
        task = progress.add_task("swaps", total=SWAPS)
        swaps = list(swap_seconds(checkpoint, lambda: progress.advance(task)))
    with running(PARTS, console, checkpoint=folder / "checkpoint") as stack:
        measured = uvloop.run(_measure(stack, checkpoint, count, pairs, console))
    return {
        "edits_per_second": measured.pop("edits_per_second"),
        "swap_ms": percentile_ms(swaps, 50),
        **measured,
        "swap_p95_ms": percentile_ms(swaps, 95),
        "tracks": len(checkpoint.index),
    }


async def _measure(
    stack: LocalStack, checkpoint: Checkpoint, count: int, pairs: int, console: Console
) -> dict[str, float]:
    ratio = await measure_ratio(stack, checkpoint, pairs, console)
    with console.status("playlists in the making"):
        events = [
            (event.playlist_id.encode(), wire.encode(event))
            for event in edits(
                [track.track_id for track in checkpoint.index.tracks if track],
                PLAYLISTS,
                WARM_UP + count,
                datetime.now(UTC),
            )
        ]
        await _fold(stack.config.kafka, events[:WARM_UP])
    with console.status(f"{count:,} edits"):
        before = sum((await end_offsets(stack.config.kafka, [TRACK_TOKENS.name])).values())
        seconds = await _fold(stack.config.kafka, events[WARM_UP:])
        after = sum((await end_offsets(stack.config.kafka, [TRACK_TOKENS.name])).values())
    return {
        "edits_per_second": round(count / seconds, 1),
        **ratio,
        "edits": count,
        "tokens_an_edit": round((after - before) / count, 2),
    }


async def _fold(kafka: str, events: list[tuple[bytes, bytes]]) -> float:
    """Write the edits, and return the seconds until all that follows from them is published and committed."""
    began = time.time()
    async with producing(kafka, linger_ms=5) as producer:
        await asyncio.gather(*[await producer.send(PLAYLIST_EVENTS.name, value, key) for key, value in events])
    ended = began
    # In this order: the first topic fills the second.
    for topic in (PLAYLIST_EVENTS, TRACK_DELTAS):
        ended = await wait_until_committed(kafka, await end_offsets(kafka, [topic.name]), CATCH_UP, GROUP)
    return ended - began


def main(
    count: Annotated[int, typer.Option("--edits", min=100, help="edits that count, after the warm-up")] = 12_000,
    pairs: Annotated[int, typer.Option(min=1, help="pairs of blocks with and without swaps")] = 12,
    *,
    check: Annotated[bool, typer.Option(help="exit code 1 when a target is missed")] = False,
) -> None:
    """Fold playlist edits with one worker, and swap the index under questions."""

    def measured(console: Console) -> Figures:
        with TemporaryDirectory(prefix="segue-tokens-") as folder:
            return measure(Path(folder), count, pairs, console)

    raise typer.Exit(program.run(f"Live tokens, {TRACKS:,} tracks", TARGETS, measured, check=check))


if __name__ == "__main__":
    typer.run(main)
