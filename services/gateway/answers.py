"""Reads the partitions of `answers` that this gateway owns, and hands each answer to whoever waits for it.

Starts at the end and commits nothing: an answer from before is one that nobody waits for.
"""

from __future__ import annotations

import asyncio

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.structs import ConsumerRecord

from segue import wire
from segue.errors import MalformedMessage
from segue.recommendations import RecommendationList
from services.gateway import metrics
from services.gateway.reconnect import keep
from services.gateway.waiters import Waiters
from services.runtime.health import Readiness
from services.runtime.settings import Settings
from services.runtime.topology import ANSWERS

log = structlog.get_logger()

GROUP = "segue-gateway"
CONDITION = "answers"
# Gateways hear of a rebalance at their next heartbeat, and none owns a partition until the last one has.
HEARTBEAT_MS = 250
# Seconds without a partition before calls had better go elsewhere.
REBALANCE_PATIENCE = 2.0


class Answers(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is published without types
    """The consumer of `answers`; keeps the readiness condition of the same name."""

    def __init__(self, settings: Settings, waiters: Waiters, readiness: Readiness) -> None:
        self._kafka = settings.kafka
        self._waiters = waiters
        self._readiness = readiness
        self._consumer: AIOKafkaConsumer | None = None
        self._owned: list[int] = []
        self._owns_one = asyncio.Event()
        self._turn = 0
        self._rebalance: asyncio.TimerHandle | None = None
        # The next offset of each partition that was read, for one that is lost and comes back in a rebalance.
        self._next: dict[TopicPartition, int] = {}

    async def run(self) -> None:
        """Read answers until cancelled."""
        await keep("answers", self._serve)

    async def owned_partition(self) -> int:
        """Return one of the partitions that this gateway owns, in turn; waits until there is one."""
        await self._owns_one.wait()
        self._turn += 1
        return self._owned[self._turn % len(self._owned)]

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Stop using the partitions: their answers may soon go to another gateway. Calls wait for the next ones."""
        self._own([])
        if revoked and self._rebalance is None:
            self._rebalance = asyncio.get_running_loop().call_later(
                REBALANCE_PATIENCE, self._readiness.lost, CONDITION, "partitions are being assigned anew"
            )

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Go on where a partition was left, or at its end; only then is it used."""
        consumer = self._consumer
        assert consumer is not None, "assigned after it was subscribed"
        known = {tp: offset for tp, offset in self._next.items() if tp in assigned}
        for partition, offset in known.items():
            consumer.seek(partition, offset)
        if fresh := assigned - known.keys():
            await consumer.seek_to_end(*fresh)
        self._next = known
        self._own(sorted(partition.partition for partition in assigned))
        self._end_rebalance()
        if assigned:
            self._readiness.satisfied(CONDITION)
        else:
            self._readiness.lost(CONDITION, "owns no partition of `answers`: more gateways than partitions")

    async def _serve(self) -> None:
        consumer = self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._kafka,
            client_id="segue-gateway-answers",
            group_id=GROUP,
            enable_auto_commit=False,
            auto_offset_reset="latest",
            partition_assignment_strategy=(StickyPartitionAssignor,),
            # The broker answers as soon as there is one byte.
            fetch_min_bytes=1,
            heartbeat_interval_ms=HEARTBEAT_MS,
        )
        consumer.subscribe([ANSWERS.name], listener=self)
        try:
            await consumer.start()
            async for record in consumer:
                self._read(record)
        finally:
            self._own([])
            self._end_rebalance()
            self._readiness.lost(CONDITION, "not connected")
            await consumer.stop()

    def _read(self, record: ConsumerRecord) -> None:
        self._next[TopicPartition(record.topic, record.partition)] = record.offset + 1
        try:
            answer = wire.decode(record.value, RecommendationList)
        except MalformedMessage as error:
            metrics.ANSWERS.labels("malformed").inc()
            log.warning(
                "malformed answer",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                error=str(error),
            )
            return
        metrics.ANSWERS.labels("awaited" if self._waiters.resolve(answer) else "late").inc()

    def _end_rebalance(self) -> None:
        if self._rebalance is not None:
            self._rebalance.cancel()
            self._rebalance = None

    def _own(self, partitions: list[int]) -> None:
        self._owned = partitions
        metrics.OWNED_PARTITIONS.set(len(partitions))
        if partitions:
            self._owns_one.set()
        else:
            self._owns_one.clear()
