"""Sessions is killed again and again while numbered events arrive: `python -m bench.faults_kill`.

Nothing may be lost, every state must equal the sequential fold of the log, and duplicates must carry equal ids. After
every second kill the worker's folder is lost too, as on a new machine: it starts from the changelog alone. Knows the
topics and the stack; `coverage.py` and `folding.py` say what is right.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Annotated

import typer
import uvloop
from aiokafka import AIOKafkaProducer
from rich.console import Console

from bench import coverage, program
from bench.asking import asking
from bench.coverage import Emitted, Written
from bench.folding import fold, wrong_states
from bench.listening import Load, encoded
from bench.program import Figures, Target
from bench.stack import STREAM_PARTS, popular_track_ids, running
from bench.topic_log import end_offsets, producing, read_back, reading, wait_until_committed
from deploy.local.stack import LocalStack
from segue.errors import StackError
from segue.session import FoldRules
from services.runtime.topology import LISTENING_EVENTS, RECOMMENDATIONS, SESSION_TOPICS, SESSIONS_CHANGELOG

TARGETS = (Target("lost", 0), Target("wrong_states", 0), Target("unmarked_duplicates", 0))
LISTENERS = 200
# Events may be dated up to this long before their turn, in seconds: a fold in log order has something to sort.
DISORDER = 60.0
# How long after the first answers to its events a run is killed, in seconds.
SOONEST, LATEST = 0.0, 1.5
CATCH_UP = 120.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How many events a second, and how many kills in the middle of them."""

    events: int = 5_000
    kills: int = 10
    rate: float = 120.0
    listeners: int = LISTENERS
    seed: int = 1

    def blocks(self) -> list[range]:
        """Return the event numbers in kills + 1 parts: sessions is killed within each but the last."""
        bounds = [self.events * number // (self.kills + 1) for number in range(self.kills + 2)]
        return [range(start, end) for start, end in pairwise(bounds)]


@dataclass(slots=True)
class Run:
    """What was written and answered so far."""

    start: datetime = field(default_factory=lambda: datetime.now(UTC))
    written: list[Written] = field(default_factory=list)
    answered: int = 0
    # Restarts without a table, and how many records of the changelog there were to make it from, each time.
    changelog: list[int] = field(default_factory=list)


def measure(stack: LocalStack, plan: Plan, console: Console) -> Figures:
    """Send the plan's events, kill and restart sessions meanwhile, and return what came of them."""
    return uvloop.run(_measure(stack, plan, console))


async def _measure(stack: LocalStack, plan: Plan, console: Console) -> Figures:
    kafka = stack.config.kafka
    load = Load(plan.listeners, popular_track_ids(stack.config.checkpoint), DISORDER, plan.seed)
    chance = random.Random(plan.seed)  # noqa: S311  # when to kill, not a secret
    run = Run()
    async with producing(kafka) as producer, _counting_answers(kafka, run):
        with program.progress(console) as progress:
            task = progress.add_task(f"events, {plan.kills} kills", total=plan.events)
            *blocks, last = plan.blocks()
            for number, block in enumerate(blocks):
                sending = asyncio.create_task(_send(producer, load, block, plan, run, lambda: progress.advance(task)))
                await _wait_for_more_answers(run)
                await asyncio.sleep(chance.uniform(SOONEST, LATEST))
                await asyncio.to_thread(stack.kill, "sessions")
                if number % 2 == 1:
                    await _lose_tables(stack, run)
                await asyncio.to_thread(stack.restart, "sessions")
                await sending
            await _send(producer, load, last, plan, run, lambda: progress.advance(task))
    with console.status("comparing states with the fold of the log"):
        await wait_until_committed(kafka, await end_offsets(kafka, [topic.name for topic in SESSION_TOPICS]), CATCH_UP)
        return {
            **await figures(kafka, run.written),
            "kills": plan.kills,
            "recovered_from_changelog": len(run.changelog),
            "least_changelog_records": min(run.changelog, default=0),
        }


async def figures(kafka: str, written: Sequence[Written]) -> dict[str, int]:
    """Compare what lies on the topics, and what sessions answers, with what was written."""
    log = await read_back(kafka, LISTENING_EVENTS.name)
    emitted = [coverage.decode(record.value or b"") for record in await read_back(kafka, RECOMMENDATIONS.name)]
    expected = fold(log, FoldRules())
    async with asking(kafka) as asker:
        found = await asker.sessions(expected)
    return {
        "lost": len(coverage.uncovered(written, emitted)),
        "wrong_states": len(wrong_states(expected, found)),
        "unmarked_duplicates": coverage.unmarked_duplicates(emitted),
        "events": len(written),
        "listeners": len(expected),
        "recommendations": len(emitted),
        "marked_duplicates": _marked_duplicates(emitted),
        "degraded": sum(one.degraded for one in emitted),
    }


async def _send(
    producer: AIOKafkaProducer, load: Load, numbers: range, plan: Plan, run: Run, sent: Callable[[], None]
) -> None:
    """Send a block at the plan's rate and note what the broker acknowledged."""
    began = time.monotonic()
    for place, event in enumerate(load.events(run.start, plan.rate, numbers)):
        await asyncio.sleep(max(0.0, began + place / plan.rate - time.monotonic()))
        key, value = encoded(event)
        at = await producer.send_and_wait(LISTENING_EVENTS.name, value, key)
        run.written.append(Written(event.listener_id, (at.topic, at.partition, at.offset)))
        sent()


@asynccontextmanager
async def _counting_answers(kafka: str, run: Run) -> AsyncIterator[None]:
    """Count recommendations while the block runs."""
    async with reading(kafka, RECOMMENDATIONS.name) as consumer:

        async def count() -> None:
            async for _ in consumer:
                run.answered += 1

        counting = asyncio.create_task(count())
        try:
            yield
        finally:
            counting.cancel()


async def _lose_tables(stack: LocalStack, run: Run) -> None:
    """Remove what the killed worker had on its disk, and note what the changelog holds."""
    # A folder that is not there would mean that nothing was lost, and nothing shown.
    await asyncio.to_thread(shutil.rmtree, stack.config.folder / "state" / "sessions")
    run.changelog.append(sum((await end_offsets(stack.config.kafka, [SESSIONS_CHANGELOG.name])).values()))


async def _wait_for_more_answers(run: Run) -> None:
    before, deadline = run.answered, time.monotonic() + CATCH_UP
    while run.answered == before:
        if time.monotonic() > deadline:
            raise StackError(f"sessions has answered nothing for {CATCH_UP:.0f} s")
        await asyncio.sleep(0.005)


def _marked_duplicates(emitted: Sequence[Emitted]) -> int:
    return len(emitted) - len({one.recommendation_id for one in emitted})


def main(
    events: Annotated[int, typer.Option(min=100, help="numbered events to send")] = 5_000,
    kills: Annotated[int, typer.Option(min=1, help="how often sessions is killed meanwhile")] = 10,
    *,
    check: Annotated[bool, typer.Option(help="exit code 1 when a target is missed")] = False,
) -> None:
    """Kill sessions again and again while events arrive, and compare what came of it with what must."""

    def measured(console: Console) -> Figures:
        with running(STREAM_PARTS, console) as stack:
            return measure(stack, Plan(events, kills), console)

    raise typer.Exit(program.run("kill -9 of sessions", TARGETS, measured, check=check))


if __name__ == "__main__":
    typer.run(main)
