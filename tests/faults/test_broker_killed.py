from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from bench import faults_kill
from bench.coverage import Written
from bench.listening import Load, encoded
from bench.stack import popular_track_ids
from bench.topic_log import end_offsets, producing, wait_until_committed
from deploy.local import LocalStack
from segue.events import ListeningEvent
from services.runtime.acknowledgement import Place
from services.runtime.topology import LISTENING_EVENTS, SESSION_TOPICS

EVENTS = 400
RATE = 60.0
KILLED_AT = 150
RECOVERY = 120.0
# Longer than aiokafka tries a record by default, in seconds.
OUTAGE = 45.0


async def test_a_killed_broker_loses_no_acknowledged_event_and_sessions_goes_on_by_itself(stack: LocalStack) -> None:
    load = Load(40, popular_track_ids(stack.config.checkpoint))
    before = stack.processes["sessions"]
    written: list[Written] = []
    crash: asyncio.Task[None] | None = None
    async with producing(stack.config.kafka) as producer:
        for number, event in enumerate(load.events(datetime.now(UTC), RATE, range(EVENTS))):
            if number == KILLED_AT:
                crash = asyncio.create_task(asyncio.to_thread(_kill_and_restart, stack))
            written.append(Written(event.listener_id, await _until_acknowledged(producer, event)))
            await asyncio.sleep(1 / RATE)
    assert crash is not None
    await crash
    ends = await end_offsets(stack.config.kafka, [topic.name for topic in SESSION_TOPICS])
    await wait_until_committed(stack.config.kafka, ends, RECOVERY)

    figures = await faults_kill.figures(stack.config.kafka, written)
    assert (figures["lost"], figures["wrong_states"], figures["unmarked_duplicates"]) == (0, 0, 0)
    assert stack.processes["sessions"] == before, "nobody had to restart it"


async def _until_acknowledged(producer: AIOKafkaProducer, event: ListeningEvent) -> Place:
    """What a producer owes its own events: it sends again until the broker has them."""
    key, value = encoded(event)
    deadline = time.monotonic() + RECOVERY
    while True:
        try:
            at = await producer.send_and_wait(LISTENING_EVENTS.name, value, key)
        except KafkaError:
            if time.monotonic() > deadline:
                raise
        else:
            return at.topic, at.partition, at.offset


def _kill_and_restart(stack: LocalStack) -> None:
    stack.kill("kafka")
    time.sleep(OUTAGE)
    stack.restart("kafka")
