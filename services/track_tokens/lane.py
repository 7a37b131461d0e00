"""A lane: one agent reads topics, one task works on what was read, in batches and in order, and acknowledges last.

While a batch waits for the broker or a model the next one gathers, so batches are as small as the load allows. Knows
Faust, not what the work is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import faust

from services.runtime import stream
from services.runtime.progress import Progress
from services.runtime.record import Record
from services.runtime.topology import Topic

MOST_WAITING = 4_096
# A track with the longest lyrics takes 0.2 MB, a record at most 1 MB.
MOST_WAITING_BYTES = 16 << 20
# The larger a batch may get under load, the more changes of one track are published as one (bench.tokens).
MOST_AT_ONCE = 2_048
# Records of a batch that are folded before others get their turn.
FOLDED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record with the Faust event that brought it, and in which assignment of partitions."""

    record: Record
    event: Any
    assignment: int

    @contextmanager
    def at_work(self) -> Iterator[Record]:
        """Tables belong to this record's partition inside."""
        with stream.on_behalf_of(self.event):
            yield self.record


Work = Callable[[Sequence[Arrival]], Awaitable[None]]


class Lane:
    """Batches of one agent's records. `work` must call `finish` with its batch once the effects are in the log."""

    def __init__(self, app: faust.App, name: str, topics: Sequence[Topic], progress: Progress) -> None:
        self._app: Any = app
        self.name = name
        self._topics = app.topic(*(topic.name for topic in topics), value_type=bytes)
        self._progress = progress
        self._arrived: asyncio.Queue[Arrival] = asyncio.Queue(MOST_WAITING)
        self._bytes = 0
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._assignment = 0

    def attach(self, work: Work) -> None:
        """Register the agent and the task with the app."""

        async def run() -> None:
            while not self._app.should_stop:
                await self._next(work)

        self._app.agent(self._topics, name=self.name)(self._read)
        self._app.task(run)
        self._app.on_partitions_revoked.connect(self._on_revoked)

    @property
    def depth(self) -> int:
        """How many records wait."""
        return self._arrived.qsize()

    def is_current(self, batch: Sequence[Arrival]) -> bool:
        """Whether the batch's partitions are still this worker's; otherwise its records are read again somewhere."""
        return all(arrival.assignment == self._assignment for arrival in batch)

    def finish(self, batch: Sequence[Arrival]) -> None:
        """Acknowledge a batch; batches come in order, so acknowledgements do."""
        if not self.is_current(batch):
            return
        for arrival in batch:
            arrival.event.ack()
            self._progress.advance(arrival.record.place)

    async def _read(self, incoming: Any) -> None:
        async for event in incoming.noack().events():
            arrival = Arrival(stream.record_of(event), event, self._assignment)
            await self._has_room.wait()
            await self._arrived.put(arrival)
            self._waits(_size(arrival))

    async def _next(self, work: Work) -> None:
        batch = [await self._arrived.get()]
        while len(batch) < MOST_AT_ONCE and not self._arrived.empty():
            batch.append(self._arrived.get_nowait())
        self._waits(-sum(map(_size, batch)))
        if current := [arrival for arrival in batch if arrival.assignment == self._assignment]:
            await work(current)

    async def _on_revoked(self, *_: object, **__: object) -> None:
        """What is under way is read again from the committed offset, here or by another worker."""
        self._assignment += 1
        while not self._arrived.empty():
            self._waits(-_size(self._arrived.get_nowait()))

    def _waits(self, size: int) -> None:
        """So many bytes more wait, or fewer; more are read while there is room."""
        self._bytes += size
        if self._bytes < MOST_WAITING_BYTES:
            self._has_room.set()
        else:
            self._has_room.clear()


def _size(arrival: Arrival) -> int:
    return len(arrival.record.value or b"")
