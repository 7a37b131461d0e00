"""Changes of tracks and the catalogue in, tracks in their table, tokens out.

A track is published while its state is written, and its records are acknowledged once both are in the log. What was
not acknowledged is read again after a crash and published again, the same: the state knows what it has applied.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from typing import Any

import faust

from segue.catalog import TrackCodes
from segue.cooccurrence import track as tracks
from segue.cooccurrence.clusters import FrozenClusters
from segue.cooccurrence.track import TrackState
from segue.errors import InvalidMessage
from services.runtime import stream
from services.runtime.emitter import OrderedOutbox
from services.runtime.partitioner import by_key
from services.runtime.progress import Progress
from services.runtime.record import Record
from services.runtime.settings import Settings
from services.runtime.topology import CATALOG, TRACK_TOKENS, TRACK_TOPICS
from services.track_tokens import handlers, metrics
from services.track_tokens.encoding import Encoding
from services.track_tokens.handlers import Entry, Refused, TrackDelta
from services.track_tokens.lane import Arrival, Lane

# States that are looked at before others get their turn.
LOOKED_AT_ONCE = 200

Told = Entry | Sequence[TrackDelta] | Refused


class Tracks:
    """The lane of `track-deltas` and `catalog`, and its table."""

    def __init__(
        self,
        app: faust.App,
        settings: Settings,
        emitter: OrderedOutbox,
        encoding: Encoding,
        progress: Progress,
        clusters: FrozenClusters,
    ) -> None:
        self.lane = Lane(app, "tracks", TRACK_TOPICS, progress)
        self._partition_of = by_key(settings.partitions)
        self._encoding = encoding
        self._emitter = emitter
        self._clusters = clusters
        self._table: Any = app.Table(
            "tracks", partitions=settings.partitions, key_type=bytes, value_type=bytes, options=dict(stream.ROCKSDB)
        )

    async def work(self, batch: Sequence[Arrival]) -> None:
        """Code what is new, fold in order, publish each track's newest state once, then acknowledge."""
        told = [self._read(arrival.record) for arrival in batch]
        codes = await self._codes(told)
        newest: dict[str, tuple[TrackState, Record]] = {}
        for place, (arrival, each) in enumerate(zip(batch, told, strict=True)):
            if not self.lane.is_current(batch):
                return
            outcome = self._folded(arrival, each, codes.get(place))
            if isinstance(outcome, Refused):
                await self._bury(arrival.record, outcome.error)
                continue
            metrics.EVENTS.labels(arrival.record.topic, "accepted").inc()
            # An edit beside a removed track has nothing to tell: its tombstone was told.
            tells = isinstance(each, Entry)
            newest.update(
                (key, (state, arrival.record)) for key, state in outcome.items() if tells or not state.removed
            )
        # One after the other into the producer, without a task for each: there are hundreds. Then wait for all.
        published = [(state, record, await self._publish(state, record)) for state, record in newest.values()]
        await self._table.written()
        for state, record, acknowledgement in published:
            await self._published(state, record, acknowledgement)
        self.lane.finish(batch)

    def _read(self, record: Record) -> Told:
        if record.topic == CATALOG.name:
            return handlers.take_entry(record, self._partition_of)
        return handlers.take_changes(record)

    async def _codes(self, told: Sequence[Told]) -> dict[int, TrackCodes | InvalidMessage]:
        new = {place: each.content for place, each in enumerate(told) if isinstance(each, Entry) and each.content}
        return dict(zip(new, await self._encoding.codes(list(new.values())), strict=True))

    def _folded(
        self, arrival: Arrival, told: Told, codes: TrackCodes | InvalidMessage | None
    ) -> Mapping[str, TrackState] | Refused:
        """Keep and return the states that follow from a record."""
        if isinstance(told, Refused):
            return told
        if isinstance(codes, InvalidMessage):
            return Refused(codes)
        with arrival.at_work() as record:
            if isinstance(told, Entry):
                outcome = handlers.after_entry(record, told, codes, self._stored)
            else:
                outcome = handlers.after_changes(record, told, self._stored)
            if isinstance(outcome, Refused):
                return outcome
            told_of = {key: tracks.told_by(state, self._clusters.checkpoint) for key, state in outcome.items()}
            self._keep(told_of.values())
        return told_of

    async def told_by_others(self) -> AsyncIterator[str]:
        """Yield the tracks here whose tokens another checkpoint made, or none."""
        for number, (key, stored) in enumerate(self._table.items()):
            if number % LOOKED_AT_ONCE == 0:
                await asyncio.sleep(0)
            if not tracks.is_told_by(stored, self._clusters.checkpoint):
                yield key.decode()

    def _stored(self, track_id: str) -> bytes | None:
        stored: bytes | None = self._table.get(track_id.encode())
        return stored

    def _keep(self, states: Any) -> None:
        for state in states:
            encoded = tracks.encode(state)
            metrics.STATE_SIZE.labels("tracks").observe(len(encoded))
            self._table[state.track_id.encode()] = encoded

    async def _publish(self, state: TrackState, record: Record) -> Awaitable[Any] | None:
        """Begin to publish what a record made of a track; a record whose track cannot be is a dead letter."""
        value = handlers.publication(state, self._clusters)
        try:
            return await self._emitter.begin(TRACK_TOKENS.name, state.track_id.encode(), value)
        except InvalidMessage as error:
            await self._bury(record, error)
            return None

    async def _published(self, state: TrackState, record: Record, acknowledgement: Awaitable[Any] | None) -> None:
        if acknowledgement is None:
            return
        try:
            await self._emitter.acknowledged(TRACK_TOKENS.name, acknowledgement)
        except InvalidMessage as error:
            await self._bury(record, error)
            return
        metrics.note_published(removed=state.removed, event_ms=state.event_ms)

    async def _bury(self, record: Record, error: InvalidMessage) -> None:
        await self._emitter.bury(record, error)
        metrics.note_refused(record.topic, error.reason)
