"""Partitions under load move between two workers: handed over, killed, cut off; states stay those of the log."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench.coverage import Written
from bench.faults_kill import figures
from bench.listening import Load, encoded
from bench.topic_log import end_offsets, producing, read_back, wait_until_committed
from deploy.local import LocalStack
from services.runtime.topology import LISTENING_EVENTS, SESSION_TOPICS, SESSIONS_CHANGELOG
from tests.faults.second_worker import Worker, second_worker, until

ALL = {0, 1, 2, 3}
RATE = 100.0
RIGHT = {"lost": 0, "wrong_states": 0, "unmarked_duplicates": 0}
CATCH_UP = 120.0


def worker(stack: LocalStack) -> Worker:
    """The stack's own."""
    return Worker(stack.processes["sessions"], stack.config.sessions_metrics_port)


@asynccontextmanager
async def load(kafka: str, written: list[Written]) -> AsyncIterator[None]:
    """Send events while the block runs, and note what the broker acknowledged; numbers go on from what was sent."""
    stopped = asyncio.Event()
    events = Load(60, [f"track-{number}" for number in range(50)], disorder=60.0)
    start = datetime.now(UTC)

    async def send() -> None:
        async with producing(kafka) as producer:
            began, first = time.monotonic(), len(written)
            for number in range(first, first + 1_000_000):
                (event,) = events.events(start, RATE, range(number, number + 1))
                key, value = encoded(event)
                at = await producer.send_and_wait(LISTENING_EVENTS.name, value, key)
                written.append(Written(event.listener_id, (at.topic, at.partition, at.offset)))
                await asyncio.sleep(max(0.0, began + (number - first) / RATE - time.monotonic()))
                if stopped.is_set():
                    return

    sending = asyncio.create_task(send())
    try:
        yield
    finally:
        stopped.set()
        await sending


async def outcome(stack: LocalStack, written: list[Written]) -> dict[str, int]:
    """What came of the events, once all are done."""
    kafka = stack.config.kafka
    await wait_until_committed(kafka, await end_offsets(kafka, [topic.name for topic in SESSION_TOPICS]), CATCH_UP)
    found = await figures(kafka, written)
    return {name: found[name] for name in RIGHT}


def start_from_the_changelog_alone(stack: LocalStack) -> None:
    """Kill the stack's worker, and start it again as on a new machine."""
    stack.kill("sessions")
    shutil.rmtree(stack.config.folder / "state" / "sessions")
    stack.restart("sessions")
    until(lambda: worker(stack).owned() == ALL, "the worker has all partitions again")


async def test_partitions_that_are_handed_over_and_taken_over_keep_every_state(
    stack: LocalStack, tmp_path: Path
) -> None:
    written: list[Written] = []
    async with load(stack.config.kafka, written):
        with second_worker(stack.config, tmp_path) as second:
            await asyncio.to_thread(until, lambda: len(second.owned()) == 2, "the second worker has its share")
            await asyncio.sleep(1.0)
        await asyncio.to_thread(until, lambda: worker(stack).owned() == ALL, "the first takes over from the killed one")
    assert await outcome(stack, written) == RIGHT


async def test_a_worker_that_was_cut_off_does_not_set_states_back(stack: LocalStack, tmp_path: Path) -> None:
    written: list[Written] = []
    first = worker(stack)
    with second_worker(stack.config, tmp_path) as second:
        async with load(stack.config.kafka, written):
            await asyncio.to_thread(until, lambda: len(second.owned()) == 2, "the second worker has its share")
            os.kill(first.pid, signal.SIGSTOP)
            try:
                await asyncio.to_thread(until, lambda: second.owned() == ALL, "the second takes over")
                await asyncio.sleep(1.0)
            finally:
                os.kill(first.pid, signal.SIGCONT)
            await asyncio.to_thread(until, lambda: len(first.owned()) == 2, "the first has come back")
        assert await outcome(stack, written) == RIGHT
    await asyncio.to_thread(until, lambda: first.owned() == ALL, "the first has everything again")
    assert await outcome(stack, written) == RIGHT
    await asyncio.to_thread(start_from_the_changelog_alone, stack)
    assert await outcome(stack, written) == RIGHT


async def test_old_states_behind_newer_ones_in_the_changelog_do_not_win(stack: LocalStack) -> None:
    kafka, written = stack.config.kafka, list[Written]()
    async with load(kafka, written):
        await asyncio.sleep(2.0)
    assert await outcome(stack, written) == RIGHT
    oldest = {record.key: record for record in reversed(await read_back(kafka, SESSIONS_CHANGELOG.name))}
    async with producing(kafka) as producer:
        for number, record in enumerate(oldest.values()):
            late = None if number % 5 == 0 else record.value  # as if it had been found idle
            await producer.send_and_wait(SESSIONS_CHANGELOG.name, late, record.key, partition=record.partition)
    await asyncio.to_thread(start_from_the_changelog_alone, stack)
    assert await outcome(stack, written) == RIGHT
