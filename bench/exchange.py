"""Records into one topic at a rate, answers out of another, and the time from each one to its answer.

Knows nothing of who answers: the bare echo and the whole of Segue are measured by the same code.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench.topic_log import producing, reading
from services.runtime.record import Record

# What an answer has seen: partition and newest offset of the topic that is sent to; None where it is nobody's.
Seen = Callable[[bytes], tuple[int, int] | None]

POLL = 0.02


@dataclass(frozen=True, slots=True)
class Sending:
    """A record that the broker acknowledged, and when it was given to the producer (monotonic seconds)."""

    record: Record
    sent: float


@dataclass(slots=True)
class Exchange:
    """One way through the log: where to send to, and what came back when."""

    producer: AIOKafkaProducer
    topic: str
    seen: Seen
    answers: list[tuple[float, bytes]] = field(default_factory=list)

    async def send(
        self, records: Sequence[tuple[bytes, bytes]], rate: float, sent: Callable[[], None]
    ) -> list[Sending]:
        """Send (key, value) pairs at a rate that waits for nothing, and return them once all are acknowledged."""
        began = time.monotonic()
        sending: list[asyncio.Task[Sending]] = []
        for place, (key, value) in enumerate(records):
            await asyncio.sleep(max(0.0, began + place / rate - time.monotonic()))
            sending.append(asyncio.create_task(self._send(key, value)))
            sent()
        return await asyncio.gather(*sending)

    async def wait_for_answers(self, count: int, within: float) -> None:
        """Return once so many answers are there, or the time is over."""
        deadline = time.monotonic() + within
        while len(self.answers) < count and time.monotonic() < deadline:  # noqa: ASYNC110  once a block, after it
            await asyncio.sleep(POLL)

    def latencies(self, sendings: Sequence[Sending]) -> list[float]:
        """Return the seconds until the first answer whose newest position is the record's own, in order.

        Infinite where there is none: a later answer that covers the record too is not its own.
        """
        arrivals: dict[tuple[int, int], float] = {}
        for arrived, value in self.answers:
            if place := self.seen(value):
                arrivals.setdefault(place, arrived)
        return [arrivals.get((one.record.partition, one.record.offset), float("inf")) - one.sent for one in sendings]

    async def _send(self, key: bytes, value: bytes) -> Sending:
        sent = time.monotonic()
        at = await self.producer.send_and_wait(self.topic, value, key)
        return Sending(Record(at.topic, at.partition, at.offset, at.timestamp, key, value), sent)


@asynccontextmanager
async def exchanging(kafka: str, source: str, target: str, seen: Seen) -> AsyncIterator[Exchange]:
    """Yield an exchange that hears every answer while the block runs."""
    async with producing(kafka) as producer, reading(kafka, target) as consumer:
        exchange = Exchange(producer, source, seen)
        hearing = asyncio.create_task(_hear(consumer, exchange))
        try:
            yield exchange
        finally:
            hearing.cancel()


async def _hear(consumer: AIOKafkaConsumer, exchange: Exchange) -> None:
    async for message in consumer:
        exchange.answers.append((time.monotonic(), message.value))
