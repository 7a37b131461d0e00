"""How soon news counts: from an edit, a new track or a removal to the list that shows it: `python -m bench.freshness`.

The stack is idle and its index holds a hundred thousand tracks. One piece of news at a time is written through the
gateway, and lists are asked for, one after the other, until one shows it. The clock starts before the write and stops
with the list: both calls count. Knows the gateway's client and what must show.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from bench import program
from bench.latencies import percentile_ms
from bench.live_catalogue import TRACKS, grow, made_up
from bench.program import Figures, Target
from bench.stack import running
from deploy.local import config as local
from deploy.local.stack import LocalStack
from segue.catalog import Track
from segue.client import AsyncClient
from segue.errors import StackError
from segue.events import PlaylistAction, PlaylistEvent
from segue.recommendations import RecommendationList

TARGETS = (
    Target("edit_p50_ms", 300.0),
    Target("edit_p95_ms", 1_000.0),
    Target("cold_p95_ms", 2_000.0),
    Target("takedown_p95_ms", 1_000.0),
)
PARTS = ("kafka", "triton", "topics", "sessions", "gateway", "track_tokens")
WARM_UP = 5
COUNT = 100
# Tracks of a playlist before the edit: made-up lists of neighbours are long, and one pair more would drown in them.
COMPANY = 8
TIMEOUT = 10.0
# When news that does not show has failed, and how long the stack rests before the next, in seconds.
GIVEN_UP = 20.0
REST = 0.05

Ask = Callable[[], Awaitable[RecommendationList]]


@dataclass(slots=True)
class Waited:
    """Seconds until each piece of news showed."""

    edit: list[float] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)
    takedown: list[float] = field(default_factory=list)


class Newsroom:
    """Writes news and looks for it. Every list is asked for a listener of its own, so that none remembers another."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._asked = 0

    async def edit(self, number: int) -> float:
        """Add a track to a playlist of a few; return the seconds until it is recommended to who likes these."""
        playlist, track = f"playlist-{number}", made_up(50_000 + number).track_id
        beside = [made_up(COMPANY * number + place).track_id for place in range(COMPANY)]
        await self._client.record_events([_added(playlist, each) for each in beside])
        await self._refuse_already(lambda: self._beside(beside), track)
        return await self._until(
            lambda: self._client.record_events([_added(playlist, track)]), lambda: self._beside(beside), track
        )

    async def cold(self, number: int) -> float:
        """Put a new track into the catalogue; return the seconds until somebody who asks for its words gets it."""
        track = _new_track(number)
        return await self._until(
            lambda: self._client.upsert_tracks([track]), lambda: self._named(track), track.track_id
        )

    async def takedown(self, number: int) -> float:
        """Remove that track again; return the seconds until nobody gets it."""
        track = _new_track(number)
        return await self._until(
            lambda: self._client.upsert_tracks([], [track.track_id]),
            lambda: self._named(track),
            track.track_id,
            shown=False,
        )

    async def _until(
        self, write: Callable[[], Awaitable[object]], ask: Ask, track_id: str, *, shown: bool = True
    ) -> float:
        began = time.monotonic()
        await write()
        while (track_id in _ids(await ask())) is not shown:
            if time.monotonic() - began > GIVEN_UP:
                raise StackError(f"no list shows the news of {track_id} after {GIVEN_UP:.0f} s; see the services' logs")
        return time.monotonic() - began

    async def _refuse_already(self, ask: Ask, track_id: str) -> None:
        if track_id in _ids(await ask()):
            raise StackError(f"{track_id} is recommended before there is any news of it")

    async def _beside(self, track_ids: Sequence[str]) -> RecommendationList:
        return await self._client.recommend(self._somebody(), count=COUNT, seed_track_ids=list(track_ids))

    async def _named(self, track: Track) -> RecommendationList:
        return await self._client.say(self._somebody(), track.title, count=COUNT)

    def _somebody(self) -> str:
        self._asked += 1
        return f"somebody-{self._asked}"


def measure(stack: LocalStack, trials: int, console: Console) -> Figures:
    """Write so much news of each kind, and return how long it took to show."""
    return uvloop.run(_measure(stack, trials, console))


async def _measure(stack: LocalStack, trials: int, console: Console) -> Figures:
    waited = Waited()
    async with AsyncClient(stack.config.gateway, timeout=TIMEOUT) as client:
        newsroom = Newsroom(client)
        with program.progress(console) as progress:
            task = progress.add_task("news", total=WARM_UP + trials)
            for number in range(WARM_UP + trials):
                for kind in ("edit", "cold", "takedown"):
                    getattr(waited, kind).append(await getattr(newsroom, kind)(number))
                    await asyncio.sleep(REST)
                progress.advance(task)
    return figures(waited)


def figures(waited: Waited) -> Figures:
    """Return the percentiles of each kind, after the warm-up."""
    told = {
        f"{kind}_p{percent}_ms": percentile_ms(getattr(waited, kind)[WARM_UP:], percent)
        for kind in ("edit", "cold", "takedown")
        for percent in (50, 95)
    }
    return {**told, "trials": len(waited.edit) - WARM_UP, "tracks": TRACKS}


def _ids(answer: RecommendationList) -> set[str]:
    if answer.degraded:
        raise StackError(f"a list on the idle stack is degraded: {answer.degraded_reason}")
    return {track.track_id for track in answer.tracks}


def _added(playlist_id: str, track_id: str) -> PlaylistEvent:
    return PlaylistEvent(
        playlist_id=playlist_id,
        action=PlaylistAction.TRACK_ADDED,
        track_id=track_id,
        event_time=datetime.now(UTC),
    )


def _new_track(number: int) -> Track:
    return Track(f"new-{number:05}", f"Unheardof{number:05}", (f"Newcomer {number:05}",), tags=("folk", "calm"))


def main(
    trials: Annotated[int, typer.Option(min=1, help="pieces of news of each kind, after the warm-up")] = 100,
    *,
    check: Annotated[bool, typer.Option(help="exit code 1 when a target is missed")] = False,
) -> None:
    """Write an edit, a new track and a removal at a time, and ask until a list shows it."""

    def measured(console: Console) -> Figures:
        with TemporaryDirectory(prefix="segue-freshness-") as folder:
            with console.status("growing the checkpoint"):
                grow(local.load().checkpoint, Path(folder) / "checkpoint")
            with running(PARTS, console, checkpoint=Path(folder) / "checkpoint") as stack:
                return measure(stack, trials, console)

    raise typer.Exit(program.run(f"Freshness, {TRACKS:,} tracks", TARGETS, measured, check=check))


if __name__ == "__main__":
    typer.run(main)
