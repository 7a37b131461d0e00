"""Writes what a service gives to the world: at once, and acknowledged by every replica.

A producer of its own beside Faust's. Faust's carries the changelogs, many and large, and lets them wait a moment for
company; an answer must not wait with them. Both are as patient. Knows aiokafka, and nothing about what is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol

import structlog
from aiokafka.errors import MessageSizeTooLargeError

from segue.errors import InvalidMessage, Violation
from services.runtime.dead_letter import Headers, beginning, whole
from services.runtime.producer import PatientProducer
from services.runtime.record import Record
from services.runtime.settings import Settings
from services.runtime.topology import DEAD_LETTER, MAX_STATE_BYTES

log = structlog.get_logger()

BATCH_BYTES = 1 << 18


class Outbox(Protocol):
    """Whatever writes records and dead letters; see `Emitter`."""

    async def send(self, topic: str, key: bytes | None, value: bytes | None, **where: Any) -> None:
        """Write a record and return once it is acknowledged."""

    async def bury(self, record: Record, error: InvalidMessage) -> None:
        """Write a record to the dead letters and return once it is acknowledged."""


class OrderedOutbox(Outbox, Protocol):
    """An outbox that takes many records in order before the first is acknowledged."""

    async def begin(self, topic: str, key: bytes | None, value: bytes | None, **where: Any) -> Awaitable[Any]:
        """Hand a record over behind those before, and return its acknowledgement to come."""

    async def acknowledged(self, topic: str, acknowledgement: Awaitable[Any]) -> None:
        """Return once what was begun is acknowledged."""


class Emitter:
    """A producer that connects when it is first used, in the loop that uses it."""

    def __init__(self, settings: Settings, client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._producer: Any = None
        self._starting = asyncio.Lock()

    async def send(self, topic: str, key: bytes | None, value: bytes | None, **where: Any) -> None:
        """Write a record and return once the broker has acknowledged it; raises as `begin` does.

        `where`: partition, headers.
        """
        await self.acknowledged(topic, await self.begin(topic, key, value, **where))

    async def acknowledged(self, topic: str, acknowledgement: Awaitable[Any]) -> None:
        """Return once the broker has acknowledged what was begun; raises as `begin` does."""
        try:
            await acknowledgement
        except MessageSizeTooLargeError as error:  # the topic takes less than the producer sends
            raise _too_large(topic, error) from error

    async def begin(self, topic: str, key: bytes | None, value: bytes | None, **where: Any) -> Awaitable[Any]:
        """Hand a record to the producer, behind those handed over before, and return its acknowledgement to come.

        Raises InvalidMessage when the record is too large or its partition does not exist, KafkaError when the broker
        is away.
        """
        producer = self._producer or await self._connected()
        partition = where.get("partition")
        if partition is not None and partition not in await producer.partitions_for(topic):
            raise InvalidMessage(Violation("partition", f"is {partition}; {topic} has no such partition"))
        try:
            acknowledgement: Awaitable[Any] = await producer.send(topic, value, key, **where)
        except MessageSizeTooLargeError as error:
            raise _too_large(topic, error) from error
        return acknowledgement

    async def bury(self, record: Record, error: InvalidMessage) -> None:
        """Write a record to the dead letters, or its beginning when it is too large; return once acknowledged."""
        log.warning("dead letter", **record.names(), reason=error.reason, error=str(error)[:500])
        try:
            await self._letter(record.key, record.value, whole(record, error))
        except InvalidMessage:
            # Unpacked it is larger than the topic takes. What says why it is here must not stop its partition.
            await self._letter(*beginning(record, error))

    async def _letter(self, key: bytes | None, value: bytes | None, why: Headers) -> None:
        await self.send(DEAD_LETTER.name, key, value, partition=0, headers=why)

    async def stop(self, *_: object, **__: object) -> None:
        """Write what is under way and disconnect."""
        if self._producer is not None:
            await self._producer.stop()

    async def _connected(self) -> Any:
        async with self._starting:
            if self._producer is None:
                producer = PatientProducer(
                    bootstrap_servers=self._settings.kafka.split(","),
                    client_id=self._client_id,
                    acks="all",
                    linger_ms=0,
                    max_batch_size=BATCH_BYTES,
                    max_request_size=MAX_STATE_BYTES,
                )
                await producer.start()
                self._producer = producer
        return self._producer


def _too_large(topic: str, error: MessageSizeTooLargeError) -> InvalidMessage:
    return InvalidMessage(Violation("", f"what is to be written to {topic} is too large: {error}"))
