"""`Converse` and `Explain` on the idle stack, as a listener meets them: `python -m bench.converse`.

One client talks: each listener says the turns of a conversation one after the other, the next when the last was
answered. Measured to the tracks, to the end of the reply, and for an explanation of the first track. Knows the
gateway's client alone.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer
import uvloop
from rich.console import Console

from bench import program
from bench.latencies import percentile_ms
from bench.listening import Load
from bench.program import Figures, Target
from bench.stack import SERVING_PARTS, popular_track_ids, running
from deploy.local.stack import LocalStack
from segue.client import AsyncClient
from segue.errors import StackError
from segue.recommendations import RecommendationList

TARGETS = (Target("tracks_p50_ms", 80.0), Target("reply_p50_ms", 500.0))
TURNS = (
    "hi, something melancholic with acoustic guitar",
    "slower, and no vocals",
    "the second one, more of that",
    "not this artist, nothing over five minutes",
    "less electronic, none from before 2000",
    "surprise me",
    "keep the mood, five please",
    "why the first one?",
)
EVENTS_EACH = 12
WARM_UP_TALKS = 3
CALL_TIMEOUT = 5.0
CATCH_UP = 60.0


def measure(stack: LocalStack, talks: int, console: Console) -> Figures:
    """Hold so many conversations and return how long the answers took."""
    return uvloop.run(_measure(stack, talks, console))


async def _measure(stack: LocalStack, talks: int, console: Console) -> Figures:
    tracks: list[float] = []
    replies: list[float] = []
    explained: list[float] = []
    async with AsyncClient(stack.config.gateway, timeout=CALL_TIMEOUT) as client:
        with program.progress(console) as progress:
            task = progress.add_task("conversations", total=WARM_UP_TALKS + talks)
            for number in range(WARM_UP_TALKS + talks):
                if number == WARM_UP_TALKS:
                    tracks, replies, explained = [], [], []
                listener_id = f"talker-{number}"
                await _listen(client, stack, listener_id)
                for text in TURNS:
                    answer, to_tracks, to_reply = await _say(client, listener_id, text)
                    tracks.append(to_tracks)
                    replies.append(to_reply)
                explained.append(await _explain(client, listener_id, answer))
                progress.advance(task)
    return figures(tracks, replies, explained)


def figures(tracks: list[float], replies: list[float], explained: list[float]) -> Figures:
    """Return the percentiles; times in seconds, figures in milliseconds."""
    measured = {
        f"{name}_p{percent}_ms": percentile_ms(values, percent)
        for name, values in (("tracks", tracks), ("reply", replies), ("explain", explained))
        for percent in (50, 99)
    }
    return {**measured, "turns": len(tracks)}


async def _listen(client: AsyncClient, stack: LocalStack, listener_id: str) -> None:
    """Give a listener a past; the first turn's answer has seen it."""
    load = Load(1, popular_track_ids(stack.config.checkpoint))
    heard = load.events(datetime.now(UTC), 1_000.0, range(EVENTS_EACH))
    events = [
        msgspec.structs.replace(event, listener_id=listener_id, event_id=f"{listener_id}-{place}")
        for place, event in enumerate(heard)
    ]
    await client.record_events(events, timeout=CATCH_UP)


async def _say(client: AsyncClient, listener_id: str, text: str) -> tuple[RecommendationList, float, float]:
    """Say something; return the list, and after how many seconds it and the whole reply had come."""
    answer, to_tracks = RecommendationList(), 0.0
    began = time.monotonic()
    async for part in client.converse(listener_id, text):
        if isinstance(part, RecommendationList):
            answer, to_tracks = part, time.monotonic() - began
    if answer.degraded or not answer.reply_text:
        raise StackError(f"an answer on the idle stack is degraded: {answer.degraded_reason or 'it has no reply'}")
    return answer, to_tracks, time.monotonic() - began


async def _explain(client: AsyncClient, listener_id: str, answer: RecommendationList) -> float:
    began = time.monotonic()
    await client.explain(listener_id, answer.tracks[0].track_id)
    return time.monotonic() - began


def main(
    talks: Annotated[int, typer.Option(min=2, help="conversations of eight turns, after the warm-up")] = 40,
    *,
    check: Annotated[bool, typer.Option(help="exit code 1 when a target is missed")] = False,
) -> None:
    """Talk on the idle stack, turn by turn."""

    def measured(console: Console) -> Figures:
        with running(SERVING_PARTS, console) as stack:
            return measure(stack, talks, console)

    raise typer.Exit(program.run("Conversation over gRPC", TARGETS, measured, check=check))


if __name__ == "__main__":
    typer.run(main)
