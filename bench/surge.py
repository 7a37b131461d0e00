"""1,000 listening events a second for a minute on two cores, the model included: `python -m bench.surge`.

Is anything lost, how soon is the lag gone, how long does `Recommend` take meanwhile, does memory grow? Knows the
topics, the gateway's client and the processes; `surge_source.py` is the load.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, TypeVar

import msgspec
import typer
import uvloop
from rich.console import Console

from bench import coverage, memory, program
from bench.coverage import Written
from bench.latencies import percentile_ms
from bench.memory import MemoryWatch
from bench.program import Figures, Target
from bench.stack import running
from bench.surge_source import Ended, Place, Started, Surge
from bench.topic_log import end_offsets, read_back, wait_until_committed
from deploy.local.parts import NAMES
from deploy.local.stack import LocalStack
from segue.client import AsyncClient
from segue.errors import RequestFailed, StackError
from services.runtime.topology import DEAD_LETTER, LISTENING_EVENTS, RECOMMENDATIONS, SESSION_TOPICS

S = TypeVar("S", Started, Ended)

TARGETS = (
    Target("lost", 0),
    Target("drain_seconds", 5.0),
    Target("recommend_p99_ms", 250.0),
    Target("rss_growth_ratio", 1.05),
)
CORES = 2
LISTENERS = 500
RATE = 1_000.0
# Calls of `Recommend` a second meanwhile.
ASKING_RATE = 8.0
ASKING_TIMEOUT = 2.0
# From when on memory may not grow, in seconds after the first event.
SETTLED = 20.0
CATCH_UP = 120.0
WARM_UP_CALLS = 20


@dataclass(slots=True)
class Asked:
    """How long the calls of `Recommend` took, in seconds, failed ones too."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    degraded: int = 0


def measure(stack: LocalStack, seconds: float, console: Console) -> Figures:
    """Send the surge and return what came of it."""
    with TemporaryDirectory(prefix="segue-surge-") as folder:
        written = Path(folder) / "written"
        checkpoint = stack.config.checkpoint
        surge = Surge(stack.config.kafka, str(checkpoint.resolve()), str(written), RATE, seconds, LISTENERS)
        return uvloop.run(_measure(stack, surge, console))


async def _measure(stack: LocalStack, surge: Surge, console: Console) -> Figures:
    watch = MemoryWatch(lambda: stack.processes)
    asked = Asked()
    source = await _start(surge)
    async with AsyncClient(stack.config.gateway, timeout=ASKING_TIMEOUT) as client:
        await _warm_up(client)
        started = await _said(source, Started, surge.seconds)
        watching = asyncio.create_task(watch.watch())
        calling = asyncio.create_task(_ask(client, asked))
        with program.progress(console) as progress:
            task = progress.add_task("seconds of events", total=int(surge.seconds))
            for _ in range(int(surge.seconds)):
                await asyncio.sleep(1.0)
                progress.advance(task)
        ended = await _said(source, Ended, CATCH_UP)
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
    with console.status("waiting for the lag to go"):
        ends = await end_offsets(surge.kafka, [topic.name for topic in SESSION_TOPICS])
        drained = await wait_until_committed(surge.kafka, ends, CATCH_UP)
    before, after = watch.at(started.unix_time + SETTLED), watch.sample()
    watching.cancel()
    stack.check()
    with console.status("looking for what was lost"):
        return {
            **await _coverage(surge),
            "drain_seconds": round(drained - ended.unix_time, 3),
            **_asked(asked),
            **_grown(before, after),
            "events_not_acknowledged": ended.failed,
            "events_per_second": round(ended.events / (ended.unix_time - started.unix_time), 1),
            "load_behind_seconds": ended.behind,
        }


async def _start(surge: Surge) -> asyncio.subprocess.Process:
    source = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.surge_source",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert source.stdin is not None
    source.stdin.write(msgspec.json.encode(surge))
    source.stdin.close()
    return source


async def _said(source: asyncio.subprocess.Process, kind: type[S], within: float) -> S:
    assert source.stdout is not None
    try:
        line = await asyncio.wait_for(source.stdout.readline(), within)
        return msgspec.json.decode(line, type=kind)
    except (TimeoutError, msgspec.DecodeError) as error:
        raise StackError(f"the load said no {kind.__name__}; see its error above") from error


async def _warm_up(client: AsyncClient) -> None:
    """The first calls open connections and load code."""
    for number in range(WARM_UP_CALLS):
        await client.recommend(f"listener-{number}", timeout=10.0)


async def _ask(client: AsyncClient, asked: Asked) -> None:
    """Call at a rate that does not wait for answers, until cancelled; then wait for the last ones."""
    chance = random.Random(1)  # noqa: S311  # whom to ask for, not a secret
    calls: list[asyncio.Task[None]] = []
    began = time.monotonic()
    try:
        while True:
            await asyncio.sleep(max(0.0, began + len(calls) / ASKING_RATE - time.monotonic()))
            listener_id = f"listener-{chance.randrange(LISTENERS)}"
            calls.append(asyncio.create_task(_call(client, listener_id, asked)))
    finally:
        await asyncio.gather(*calls)


async def _call(client: AsyncClient, listener_id: str, asked: Asked) -> None:
    began = time.monotonic()
    try:
        answer = await client.recommend(listener_id)
        asked.degraded += answer.degraded
    except RequestFailed:
        asked.failed += 1
    asked.seconds.append(time.monotonic() - began)


async def _coverage(surge: Surge) -> Figures:
    written = _written(Path(surge.written))
    emitted = [coverage.decode(record.value or b"") for record in await read_back(surge.kafka, RECOMMENDATIONS.name)]
    dead = await read_back(surge.kafka, DEAD_LETTER.name)
    return {
        # A dead letter here is a fault too: every event of the load is good.
        "lost": len(coverage.uncovered(written, emitted)),
        "events": len(written),
        "recommendations": len(emitted),
        "recommendations_degraded": sum(one.degraded for one in emitted),
        "dead_letters": len(dead),
    }


def _written(file: Path) -> list[Written]:
    places = msgspec.msgpack.decode(file.read_bytes(), type=list[Place])
    return [
        Written(listener_id, (LISTENING_EVENTS.name, partition, offset)) for listener_id, partition, offset in places
    ]


def _asked(asked: Asked) -> Figures:
    return {
        "recommend_p99_ms": percentile_ms(asked.seconds, 99),
        "recommend_p50_ms": percentile_ms(asked.seconds, 50),
        "recommend_calls": len(asked.seconds),
        "recommend_failed": asked.failed,
        "recommend_degraded": asked.degraded,
    }


def _grown(before: memory.Sample, after: memory.Sample) -> Figures:
    ratios = memory.growth(before, after)
    return {
        "rss_growth_ratio": max(ratios.values()),
        "rss_growth_by_process": ratios,
        "rss_mb": {name: [round(before[name] / 1e6, 1), round(after[name] / 1e6, 1)] for name in ratios},
    }


def keep_to_cores(count: int = CORES) -> Sequence[int]:
    """Bind this process, and what it starts, to so many cores, and return which."""
    cores = sorted(os.sched_getaffinity(0))[:count]
    os.sched_setaffinity(0, cores)
    return cores


def main(
    seconds: Annotated[float, typer.Option(min=25, help="how long events are sent")] = 60.0,
    *,
    check: Annotated[bool, typer.Option(help="exit code 1 when a target is missed")] = False,
) -> None:
    """Send 1,000 events a second, call Recommend meanwhile, and watch lag and memory."""

    def measured(console: Console) -> Figures:
        cores = keep_to_cores()
        with running(NAMES, console) as stack:
            return {**measure(stack, seconds, console), "cores": len(cores)}

    raise typer.Exit(program.run("1,000 listening events a second", TARGETS, measured, check=check))


if __name__ == "__main__":
    typer.run(main)
