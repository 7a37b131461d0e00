"""Changes of tracks and the catalogue in, tracks in their table, tokens out.

A track is published while its state is written, and its records are acknowledged once both are in the log. What was
not acknowledged is read again after a crash and published again, the same: the state knows what it has applied.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from functools import partial
from typing import Any

import faust

from segue.catalog import TrackCodes
from segue.cooccurrence import track as tracks
from segue.cooccurrence.clusters import FrozenClusters
from segue.cooccurrence.merge import merge_tracks
from segue.cooccurrence.track import TrackState
from segue.errors import InvalidMessage
from services.runtime import stream
from services.runtime.changelog import undeleted
from services.runtime.emitter import OrderedOutbox
from services.runtime.partitioner import by_key
from services.runtime.progress import Progress
from services.runtime.record import Record
from services.runtime.settings import Settings
from services.runtime.topology import CATALOG, TRACK_TOKENS, TRACK_TOPICS
from services.track_tokens import handlers, metrics
from services.track_tokens.encoding import Encoding
from services.track_tokens.handlers import Entry, Refused, TrackDelta
from services.track_tokens.lane import FOLDED_AT_ONCE, Arrival, Lane

# States that are looked at before others get their turn.
LOOKED_AT_ONCE = 200
# Tracks of a batch that are held before they are written: decoded, a full state takes some 50 kB.
MOST_STATES = 4_096

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
        table: Any = app.Table(
            "tracks", partitions=settings.partitions, key_type=bytes, value_type=bytes, options=dict(stream.ROCKSDB)
        )
        self._table = table
        self._table.newest = undeleted(partial(merge_tracks, content_from=CATALOG.name))

    async def work(self, batch: Sequence[Arrival]) -> None:
        """Code what is new, fold in order, keep and publish each track's newest state once, then acknowledge."""
        told = [self._read(arrival.record) for arrival in batch]
        codes = await self._codes(told)
        states: dict[str, tuple[TrackState, Arrival]] = {}
        newest: dict[str, tuple[TrackState, Record]] = {}
        for place, (arrival, each) in enumerate(zip(batch, told, strict=True)):
            if place % FOLDED_AT_ONCE == 0:
                await asyncio.sleep(0)
            if len(states) >= MOST_STATES:
                await self._tell(batch, states, newest)
                states, newest = {}, {}
            if not self.lane.is_current(batch):
                return
            outcome = self._folded(arrival, each, codes.get(place), states)
            if isinstance(outcome, Refused):
                await self._bury(arrival.record, outcome.error)
                continue
            metrics.EVENTS.labels(arrival.record.topic, "accepted").inc()
            # An edit beside a removed track has nothing to tell: its tombstone was told.
            tells = isinstance(each, Entry)
            newest.update(
                (key, (state, arrival.record)) for key, state in outcome.items() if tells or not state.removed
            )
        await self._tell(batch, states, newest)
        self.lane.finish(batch)

    async def _tell(
        self,
        batch: Sequence[Arrival],
        states: Mapping[str, tuple[TrackState, Arrival]],
        newest: Mapping[str, tuple[TrackState, Record]],
    ) -> None:
        """Keep and publish what was made of a batch while it is this worker's, and return once it is in the log."""
        if not self.lane.is_current(batch):
            return
        self._keep(states)
        # One after the other into the producer, without a task for each: there are hundreds. Then wait for all.
        published = [(state, record, await self._publish(state, record)) for state, record in newest.values()]
        await self._table.written()
        for state, record, acknowledgement in published:
            await self._published(state, record, acknowledgement)

    def _read(self, record: Record) -> Told:
        if record.topic == CATALOG.name:
            return handlers.take_entry(record, self._partition_of)
        return handlers.take_changes(record)

    async def _codes(self, told: Sequence[Told]) -> dict[int, TrackCodes | InvalidMessage]:
        new = {place: each.content for place, each in enumerate(told) if isinstance(each, Entry) and each.content}
        return dict(zip(new, await self._encoding.codes(list(new.values())), strict=True))

    def _folded(
        self,
        arrival: Arrival,
        told: Told,
        codes: TrackCodes | InvalidMessage | None,
        states: dict[str, tuple[TrackState, Arrival]],
    ) -> Mapping[str, TrackState] | Refused:
        """Return the states that follow from a record, over the batch's own and the table's, and add them to those."""
        if isinstance(told, Refused):
            return told
        if isinstance(codes, InvalidMessage):
            return Refused(codes)

        def known(track_id: str) -> bytes | TrackState | None:
            return states[track_id][0] if track_id in states else self._table.get(track_id.encode())

        with arrival.at_work() as record:
            if isinstance(told, Entry):
                outcome = handlers.after_entry(record, told, codes, known)
            else:
                outcome = handlers.after_changes(record, told, known)
        if isinstance(outcome, Refused):
            return outcome
        told_of = {key: tracks.told_by(state, self._clusters.checkpoint) for key, state in outcome.items()}
        states.update((key, (state, arrival)) for key, state in told_of.items())
        return told_of

    async def told_by_others(self) -> AsyncIterator[str]:
        """Yield the tracks here whose tokens another checkpoint made, or none."""
        for number, (key, stored) in enumerate(self._table.items()):
            if number % LOOKED_AT_ONCE == 0:
                await asyncio.sleep(0)
            if not tracks.is_told_by(stored, self._clusters.checkpoint):
                yield key.decode()

    def _keep(self, states: Mapping[str, tuple[TrackState, Arrival]]) -> None:
        for track_id, (state, arrival) in states.items():
            encoded = tracks.encode(state)
            metrics.STATE_SIZE.labels("tracks").observe(len(encoded))
            with arrival.at_work():
                self._table[track_id.encode()] = encoded

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
