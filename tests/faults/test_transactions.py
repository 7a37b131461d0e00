from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer

from bench.asking import asking
from bench.listening import Load, encoded
from bench.topic_log import end_offsets
from deploy.local import LocalStack
from segue.events import SourceOffset
from services.runtime.topology import LISTENING_EVENTS
from services.sessions.answering import PATIENCE


async def test_a_request_that_names_the_marker_behind_a_committed_event_is_answered_at_once(stack: LocalStack) -> None:
    kafka = stack.config.kafka
    (event,) = Load(1, ["track"]).events(datetime.now(UTC), 1.0, range(1))
    key, value = encoded(event)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id="transactions")
    async with producer, producer.transaction():
        at = await producer.send_and_wait(LISTENING_EVENTS.name, value, key)
    # The broker has committed before it has written the marker.
    async with asyncio.timeout(30):
        while (end := (await end_offsets(kafka, [at.topic]))[at.topic, at.partition]) - 1 <= at.offset:  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    async with asking(kafka) as asker:
        await asker.ask("somebody-else", deadline=10.0)
        began = time.monotonic()
        answer = await asker.ask(
            event.listener_id, deadline=10.0, session_only=True, after=(SourceOffset(at.topic, at.partition, end - 1),)
        )
        took = time.monotonic() - began
    assert took < PATIENCE, "which is how long an answer waits for positions that do not come"
    assert answer.session is not None
    assert [known.event_id for known in answer.session.events] == [event.event_id]
