"""What lies on the topics, read back from the start, and how far a consumer group has come. Knows no message."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from segue.errors import StackError
from services.runtime.record import Record

Offsets = dict[tuple[str, int], int]

SESSIONS_GROUP = "segue-sessions"
POLL = 0.05
# Larger than any topic takes, so that it is the broker that refuses.
MAX_REQUEST_BYTES = 8_000_000
FETCH_BYTES = 1 << 24


@asynccontextmanager
async def producing(kafka: str, *, linger_ms: int = 0, codec: str | None = None) -> AsyncIterator[AIOKafkaProducer]:
    """Yield a producer whose records, packed with the codec, are in the log once their send is done."""
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka,
        acks="all",
        linger_ms=linger_ms,
        max_request_size=MAX_REQUEST_BYTES,
        compression_type=codec,
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def reading(kafka: str, *topics: str, partition: int | None = None) -> AsyncIterator[AIOKafkaConsumer]:
    """Yield a consumer of all partitions, or of one, that belongs to no group and starts at the beginning."""
    chosen = topics if partition is None else ()
    consumer = AIOKafkaConsumer(
        *chosen, bootstrap_servers=kafka, auto_offset_reset="earliest", fetch_max_bytes=FETCH_BYTES
    )
    await consumer.start()
    try:
        if partition is not None:
            consumer.assign([TopicPartition(topic, partition) for topic in topics])
        yield consumer
    finally:
        await consumer.stop()


async def read_back(kafka: str, topic: str) -> list[Record]:
    """Return everything that lies on the topic now, in offset order within each partition."""
    async with reading(kafka, topic) as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        records: list[Record] = []
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            batches = await consumer.getmany(timeout_ms=500)
            records.extend(record_of(message) for messages in batches.values() for message in messages)
    return records


async def end_offsets(kafka: str, topics: Collection[str]) -> Offsets:
    """Return the end of each partition that holds anything."""
    async with reading(kafka, *topics) as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        return {(at.topic, at.partition): end for at, end in ends.items() if end}


async def wait_until_committed(kafka: str, ends: Offsets, within: float, group: str = SESSIONS_GROUP) -> float:
    """Return the Unix time at which the group had committed all these offsets. Raises StackError when it does not."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    deadline = time.monotonic() + within
    try:
        while behind := await _behind(admin, group, ends):
            if time.monotonic() > deadline:
                raise StackError(f"{group} has not caught up after {within:.0f} s; still behind by {behind}")
            await asyncio.sleep(POLL)
        return time.time()
    finally:
        await admin.close()


def record_of(message: Any) -> Record:
    """Return the record behind a consumed message."""
    headers = tuple(message.headers)
    return Record(
        message.topic, message.partition, message.offset, message.timestamp, message.key, message.value, headers
    )


async def _behind(admin: AIOKafkaAdminClient, group: str, ends: Offsets) -> Offsets:
    committed = await admin.list_consumer_group_offsets(group)
    reached = {(at.topic, at.partition): known.offset for at, known in committed.items()}
    return {place: end - reached.get(place, 0) for place, end in ends.items() if reached.get(place, 0) < end}
