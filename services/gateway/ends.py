"""Where partitions end, and whether the broker answers at all.

Has a connection of its own that never fetches: on a shared one these requests would wait behind a fetch's long poll.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from segue.errors import RequestFailed
from services.gateway.reconnect import keep
from services.runtime.health import Readiness
from services.runtime.settings import Settings
from services.runtime.topology import ANSWERS, CHAT_TURNS, LISTENING_EVENTS, RECOMMENDATIONS

log = structlog.get_logger()

# Seconds between two looks at the broker, and how long one may take.
PROBE_EVERY = 1.0
PROBE_TIMEOUT = 3.0
# Every topic that is asked about, so that no call waits for its metadata.
PROBE = [TopicPartition(topic.name, 0) for topic in (ANSWERS, LISTENING_EVENTS, CHAT_TURNS, RECOMMENDATIONS)]
CONDITION = "kafka"
NOT_REACHED = "the broker cannot be reached, or lacks the topics"


class Ends:
    """Reads where partitions end, and keeps the readiness condition `kafka`."""

    def __init__(self, settings: Settings, readiness: Readiness) -> None:
        self._kafka = settings.kafka
        self._readiness = readiness
        self._consumer: AIOKafkaConsumer | None = None
        self.reachable = False

    async def run(self) -> None:
        """Connect, and look at the broker every second, until cancelled."""
        await keep("ends", self._serve)

    async def of(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the offset that the next record of each partition will have. Raises RequestFailed."""
        if self._consumer is None:
            raise RequestFailed("UNAVAILABLE", NOT_REACHED)
        try:
            ends: dict[TopicPartition, int] = await self._consumer.end_offsets(list(partitions))
        except KafkaError as error:
            raise RequestFailed("UNAVAILABLE", f"{NOT_REACHED}: {error}") from error
        return ends

    async def _serve(self) -> None:
        consumer = AIOKafkaConsumer(bootstrap_servers=self._kafka, client_id="segue-gateway-ends")
        try:
            await consumer.start()
            self._consumer = consumer
            while True:
                await self._probe()
                await asyncio.sleep(PROBE_EVERY)
        finally:
            self._consumer = None
            self.reachable = False
            self._readiness.lost(CONDITION, NOT_REACHED)
            await consumer.stop()

    async def _probe(self) -> None:
        try:
            async with asyncio.timeout(PROBE_TIMEOUT):
                await self.of(PROBE)
        except (TimeoutError, RequestFailed):
            self._found(reachable=False)
        else:
            self._found(reachable=True)

    def _found(self, *, reachable: bool) -> None:
        if reachable == self.reachable:
            return
        self.reachable = reachable
        if reachable:
            self._readiness.satisfied(CONDITION)
            log.info("the broker answers")
        else:
            self._readiness.lost(CONDITION, NOT_REACHED)
            log.warning(NOT_REACHED)
