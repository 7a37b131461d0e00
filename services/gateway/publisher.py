"""Writes records to the log: idempotent, acknowledged by every replica, without lingering.

Knows the producer. A producer that failed a delivery has a gap in its sequence and is replaced, because the broker
would refuse whatever it sends next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import perf_counter

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.partitioner import murmur2
from aiokafka.structs import RecordMetadata

from segue.errors import InvalidMessage, RequestFailed, Violation
from segue.events import SourceOffset
from services.gateway.ends import NOT_REACHED, Ends
from services.gateway.handlers import Record
from services.gateway.metrics import PUBLISH_SECONDS, PUBLISHED
from services.gateway.reconnect import keep
from services.runtime.health import Readiness
from services.runtime.settings import Settings
from services.runtime.topology import (
    CATALOG,
    CHAT_TURNS,
    LISTENING_EVENTS,
    MAX_MESSAGE_BYTES,
    PLAYLIST_EVENTS,
    RECOMMENDATIONS,
    REQUESTS,
)

# Of one request to the broker. An idempotent producer repeats it without end; callers wait as long as their patience.
REQUEST_TIMEOUT_MS = 10_000
BATCH_BYTES = 256 * 1024
CONDITION = "producer"
# The topics that are written, and the one whose watchers ask where a listener's lists are.
WRITTEN = (LISTENING_EVENTS, CHAT_TURNS, REQUESTS, PLAYLIST_EVENTS, CATALOG, RECOMMENDATIONS)

Acknowledgement = asyncio.Future[RecordMetadata]


class Publisher:
    """The gateway's producer, replaced whenever it has failed; keeps the readiness condition `producer`."""

    def __init__(self, settings: Settings, ends: Ends, readiness: Readiness) -> None:
        self._kafka = settings.kafka
        self._ends = ends
        self._readiness = readiness
        self._producer: AIOKafkaProducer | None = None
        self._failed = asyncio.Event()

    async def run(self) -> None:
        """Keep a working producer until cancelled."""
        await keep("publisher", self._serve)

    async def partition_of(self, topic: str, key: bytes) -> int:
        """Return the partition of the key, as every Kafka client chooses it by default. Raises RequestFailed."""
        try:
            partitions = await self._connected().partitions_for(topic)
        except KafkaError as error:
            raise _unavailable(topic, error) from error
        return int(sorted(partitions)[(murmur2(key) & 0x7FFFFFFF) % len(partitions)])

    async def send(self, record: Record) -> Acknowledgement:
        """Hand the record to the producer and return its acknowledgement to come.

        Raises RequestFailed when the log cannot be written, InvalidMessage when the record is too large for it.
        """
        started = perf_counter()
        try:
            acknowledgement: Acknowledgement = await self._connected().send(record.topic, record.value, record.key)
        except MessageSizeTooLargeError as error:
            size = len(record.value or b"")
            raise InvalidMessage(
                Violation("", f"takes {size} bytes as JSON; at most {MAX_MESSAGE_BYTES} are allowed")
            ) from error
        except KafkaError as error:
            raise _unavailable(record.topic, error) from error
        acknowledgement.add_done_callback(lambda done: self._delivered(record.topic, started, done))
        return acknowledgement

    async def write(self, records: Sequence[Record], patience: float) -> list[SourceOffset]:
        """Write every record within `patience` seconds and return their positions. Raises as `send` does."""
        if not records:
            return []
        try:
            async with asyncio.timeout(patience):
                acknowledgements = [await self.send(record) for record in records]
                # Waited for, never cancelled: the producer must hear of a failure when nobody waits any more.
                await asyncio.wait(acknowledgements)
        except TimeoutError as error:
            raise RequestFailed(
                "UNAVAILABLE",
                f"the broker did not acknowledge every record within {patience:.2f} s, and may yet write them; "
                "repeat the call with the same ids",
            ) from error
        if failures := [why for why in map(failure, acknowledgements) if why]:
            raise _unavailable(records[0].topic, failures[0]) from failures[0]
        positions = [acknowledgement.result() for acknowledgement in acknowledgements]
        return [SourceOffset(at.topic, at.partition, at.offset) for at in positions]

    async def _serve(self) -> None:
        self._failed.clear()
        producer = AIOKafkaProducer(
            bootstrap_servers=self._kafka,
            client_id="segue-gateway",
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            max_request_size=MAX_MESSAGE_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )
        try:
            await producer.start()
            for topic in WRITTEN:
                await producer.partitions_for(topic.name)  # so that no call waits for the topic's metadata
            self._producer = producer
            self._readiness.satisfied(CONDITION)
            await self._failed.wait()
        finally:
            self._producer = None
            self._readiness.lost(CONDITION, "no producer is connected")
            await producer.stop()

    def _connected(self) -> AIOKafkaProducer:
        if self._producer is None or not self._ends.reachable:
            raise RequestFailed("UNAVAILABLE", f"the log cannot be written: {NOT_REACHED}")
        return self._producer

    def _delivered(self, topic: str, started: float, done: Acknowledgement) -> None:
        if failure(done):
            PUBLISHED.labels(topic, "failed").inc()
            self._failed.set()
        else:
            PUBLISHED.labels(topic, "acknowledged").inc()
            PUBLISH_SECONDS.labels(topic).observe(perf_counter() - started)


def failure(done: Acknowledgement) -> BaseException | None:
    """Return why a delivery that has ended failed; None where the record is acknowledged."""
    # A producer that is closed cancels what it still holds: the caller has cancelled nothing.
    return KafkaError("the producer gave the record up") if done.cancelled() else done.exception()


def _unavailable(topic: str, error: BaseException) -> RequestFailed:
    return RequestFailed("UNAVAILABLE", f"the log cannot be written ({topic}): {error or type(error).__name__}")
