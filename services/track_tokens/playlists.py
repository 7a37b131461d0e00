"""Playlist edits in, playlists in their table, changes of tracks out.

Changes are in the log before the playlist's new state is: a worker that dies in between computes the same changes from
the old state again, and whoever reads them knows them by the edit's offset.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import faust

from segue.cooccurrence.merge import newer_playlist
from services.runtime import stream
from services.runtime.changelog import undeleted
from services.runtime.emitter import Emitter
from services.runtime.partitioner import by_key
from services.runtime.progress import Progress
from services.runtime.settings import Settings
from services.runtime.topology import PLAYLIST_EVENTS, TRACK_DELTAS
from services.track_tokens import handlers, metrics
from services.track_tokens.handlers import Edited, TrackDelta
from services.track_tokens.lane import FOLDED_AT_ONCE, Arrival, Lane


class Playlists:
    """The lane of `playlist-events` and its table."""

    def __init__(self, app: faust.App, settings: Settings, emitter: Emitter, progress: Progress) -> None:
        self.lane = Lane(app, "playlists", (PLAYLIST_EVENTS,), progress)
        self._rules = settings.fold_rules()
        self._partition_of = by_key(settings.partitions)
        self._emitter = emitter
        table: Any = app.Table(
            "playlists", partitions=settings.partitions, key_type=bytes, value_type=bytes, options=dict(stream.ROCKSDB)
        )
        self._table = table
        self._table.newest = undeleted(newer_playlist)

    async def work(self, batch: Sequence[Arrival]) -> None:
        """Fold the edits, send what they change, then keep the playlists and acknowledge."""
        states: dict[bytes, bytes] = {}
        changes: list[TrackDelta] = []
        for place, arrival in enumerate(batch):
            if place % FOLDED_AT_ONCE == 0:
                await asyncio.sleep(0)
                if not self.lane.is_current(batch):
                    return
            edited = await self._taken(arrival, states)
            if edited is not None:
                states[arrival.record.key or b""] = edited.state
                changes += edited.changes
        await self._send(changes)
        if self.lane.is_current(batch):
            self._keep(batch, states)
            await self._table.written()
            self.lane.finish(batch)

    async def _taken(self, arrival: Arrival, states: dict[bytes, bytes]) -> Edited | None:
        with arrival.at_work() as record:
            key = record.key or b""
            outcome = handlers.take_edit(
                record, states.get(key) or self._table.get(key), self._rules, self._partition_of
            )
        if isinstance(outcome, Edited):
            metrics.EVENTS.labels(record.topic, "accepted").inc()
            return outcome
        await self._emitter.bury(record, outcome.error)
        metrics.note_refused(record.topic, outcome.error.reason)
        return None

    async def _send(self, changes: Sequence[TrackDelta]) -> None:
        # One after the other into the producer, which keeps the order within a partition; then wait for all.
        sent = [
            await self._emitter.begin(TRACK_DELTAS.name, None, message, partition=partition)
            for partition, message in handlers.messages(changes, self._owner)
        ]
        for acknowledged in sent:
            await acknowledged

    def _keep(self, batch: Sequence[Arrival], states: dict[bytes, bytes]) -> None:
        for arrival in batch:
            with arrival.at_work() as record:
                state = states.pop(record.key or b"", None)
                if state is not None:
                    self._table[record.key] = state
                    metrics.STATE_SIZE.labels("playlists").observe(len(state))

    def _owner(self, track_id: str) -> int:
        """Where the track's key lies, so that `catalog` has it in the same partition."""
        return self._partition_of(track_id.encode())
