"""Passes new recommendation lists on to whoever watches their listener.

One consumer without a group for all watchers, assigned only the partitions that have any. A watcher that reads too
slowly loses its oldest lists, which are counted, and nobody else waits for it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from segue import wire
from segue.errors import MalformedMessage, RequestFailed
from segue.recommendations import RecommendationList
from services.gateway.ends import NOT_REACHED, Ends
from services.gateway.metrics import WATCH_DROPPED, WATCHERS
from services.gateway.publisher import Publisher
from services.gateway.reconnect import keep
from services.runtime.settings import Settings
from services.runtime.topology import RECOMMENDATIONS

log = structlog.get_logger()

MAX_WATCHERS = 1_000
# Lists that may wait for one watcher, a dozen kilobytes each; who falls behind wants the newest ones.
QUEUE_LENGTH = 16
# A newly assigned partition waits for the poll that runs.
POLL_MS = 100


class Watcher:
    """One watcher's bounded queue of lists; the oldest one gives way. `None` ends it.

    What lies before the offset `begin` of its partition was published before it watched.
    """

    def __init__(self, partition: TopicPartition, begin: int) -> None:
        self.partition = partition
        self.begin = begin
        self._queue: asyncio.Queue[RecommendationList | None] = asyncio.Queue(QUEUE_LENGTH)

    def put(self, recommendations: RecommendationList | None) -> None:
        """Add a list, or the end."""
        if self._queue.full():
            self._queue.get_nowait()
            WATCH_DROPPED.inc()
        self._queue.put_nowait(recommendations)

    async def get(self) -> RecommendationList:
        """Return the next list. Raises RequestFailed when the gateway stops."""
        recommendations = await self._queue.get()
        if recommendations is None:
            raise RequestFailed("UNAVAILABLE", "this gateway stops; watch again")
        return recommendations


class Feed:
    """The consumer of `recommendations` and its watchers."""

    def __init__(self, settings: Settings, ends: Ends, publisher: Publisher) -> None:
        self._kafka = settings.kafka
        self._ends = ends
        self._publisher = publisher
        self._consumer: AIOKafkaConsumer | None = None
        self._watchers: defaultdict[bytes, set[Watcher]] = defaultdict(set)
        self._next: dict[TopicPartition, int] = {}
        self._assigned = asyncio.Event()

    async def run(self) -> None:
        """Read lists until cancelled."""
        await keep("feed", self._serve)

    @asynccontextmanager
    async def watching(self, listener_id: str) -> AsyncGenerator[Watcher]:
        """Give a watcher that gets every list of the listener from now on. Raises RequestFailed."""
        if not self._ends.reachable:
            raise RequestFailed("UNAVAILABLE", NOT_REACHED)
        key = listener_id.encode()
        place = TopicPartition(RECOMMENDATIONS.name, await self._publisher.partition_of(RECOMMENDATIONS.name, key))
        # The consumer may be behind the end: other watchers of the partition still wait for what lies before it.
        begin = (await self._ends.of([place]))[place]
        # Nothing is awaited between this look and the entry.
        if sum(map(len, self._watchers.values())) >= MAX_WATCHERS:
            raise RequestFailed("RESOURCE_EXHAUSTED", f"{MAX_WATCHERS} calls watch already; try again later")
        watcher = Watcher(place, begin)
        self._watchers[key].add(watcher)
        WATCHERS.inc()
        try:
            self._assign()
            yield watcher
        finally:
            WATCHERS.dec()
            self._watchers[key].discard(watcher)
            if not self._watchers[key]:
                del self._watchers[key]
                self._assign()

    def stop(self) -> None:
        """End every watcher."""
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.put(None)

    def _assign(self) -> None:
        """Assign the partitions that have watchers; those that had keep their place, new ones start at the end."""
        begins = {each.partition: each.begin for watchers in self._watchers.values() for each in watchers}
        if begins.keys() == self._next.keys():
            return
        self._next = {partition: self._next.get(partition, begin) for partition, begin in begins.items()}
        if self._consumer is not None:
            self._seek(self._consumer)

    def _seek(self, consumer: AIOKafkaConsumer) -> None:
        if not self._next:
            self._assigned.clear()
            consumer.unsubscribe()
            return
        consumer.assign(list(self._next))
        for partition, offset in self._next.items():
            consumer.seek(partition, offset)
        self._assigned.set()

    async def _serve(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._kafka, client_id="segue-gateway-feed", fetch_max_wait_ms=POLL_MS
        )
        try:
            await consumer.start()
            self._consumer = consumer
            self._seek(consumer)
            while True:
                await self._assigned.wait()
                for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                    for record in records:
                        self._pass_on(record)
        finally:
            self._consumer = None
            await consumer.stop()

    def _pass_on(self, record: ConsumerRecord) -> None:
        partition = TopicPartition(record.topic, record.partition)
        # Fetched before an assignment that set it back, or of a partition that nobody watches any more.
        if record.offset < self._next.get(partition, record.offset + 1):
            return
        self._next[partition] = record.offset + 1
        watchers = [each for each in self._watchers.get(record.key or b"", ()) if each.begin <= record.offset]
        if not watchers:
            return
        try:
            recommendations = wire.decode(record.value, RecommendationList)
        except MalformedMessage as error:
            place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
            log.warning("malformed list", **place, error=str(error)[:500])
            return
        for watcher in watchers:
            watcher.put(recommendations)
