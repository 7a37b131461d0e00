"""A new checkpoint tells of every track anew: codes are worked out from states, and its clusters are others.

Tracks that were last told of by another checkpoint are reminded through the topic of their changes, so that the one
writer of their states tells of them, in order with everything else. Whoever dies on the way goes on where it was.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from services.runtime.commit import OrderedApp
from services.runtime.emitter import Emitter
from services.runtime.partitioner import by_key
from services.runtime.settings import Settings
from services.runtime.topology import TRACK_DELTAS
from services.track_tokens import handlers
from services.track_tokens.handlers import MOST_IN_MESSAGE
from services.track_tokens.lane import MOST_AT_ONCE
from services.track_tokens.tracks import Tracks

log = structlog.get_logger()

# How often it is looked whether tables can be read, and whether the lane has room again, in seconds.
LOOK = 0.25


class RollOut:
    """Reminds this worker's tracks once after each assignment of partitions."""

    def __init__(self, app: OrderedApp, settings: Settings, emitter: Emitter, tracks: Tracks) -> None:
        self._app: Any = app
        self._partition_of = by_key(settings.partitions)
        self._emitter = emitter
        self._tracks = tracks
        self._finished = False

    def begin_anew(self) -> None:
        """Look again: other partitions may be here now."""
        self._finished = False

    async def run(self) -> None:
        """Remind until the app stops."""
        while not self._app.should_stop:
            if not self._finished and self._readable():
                self._finished = True
                await self._remind()
            await asyncio.sleep(LOOK)

    def _readable(self) -> bool:
        return bool(
            self._app.tables.recovery.completed.is_set()
            and self._app.consumer.assignment()
            and not self._app.rebalancing
        )

    async def _remind(self) -> None:
        count = 0
        group: list[str] = []
        async for track_id in self._tracks.told_by_others():
            group.append(track_id)
            if len(group) == MOST_IN_MESSAGE:
                await self._send(group)
                count += len(group)
                group = []
            if not self._finished or self._app.should_stop:
                return
        await self._send(group)
        if count := count + len(group):
            log.info("tracks are told of anew, by this checkpoint", tracks=count)

    async def _send(self, track_ids: list[str]) -> None:
        for partition, message in handlers.messages(handlers.reminders(track_ids), self._owner):
            await self._emitter.send(TRACK_DELTAS.name, None, message, partition=partition)
        if self._tracks.lane.depth > MOST_AT_ONCE:
            await asyncio.sleep(LOOK)  # what happens now comes first

    def _owner(self, track_id: str) -> int:
        return self._partition_of(track_id.encode())
