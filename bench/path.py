"""Kafka in, sessions, Triton, Kafka out, against the bare parts in the same run: `python -m bench.path`.

Three kinds of blocks take turns, so that a machine that changes changes all of them: the whole path, the barest round
trip through the log (`echo.py`) with messages of the same sizes at the same rate, and the same queries straight to the
idle model. Knows the topics and the model's client.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Annotated

import msgspec
import typer
import uvloop
from rich.console import Console

from bench import coverage, program
from bench.echo import Echo, Echoed
from bench.exchange import Exchange, Sending, exchanging
from bench.latencies import paired, percentile_ms
from bench.listening import Load, encoded
from bench.program import Figures, Target
from bench.stack import STREAM_PARTS, popular_track_ids, running
from deploy.local.stack import LocalStack
from segue.errors import StackError
from segue.ranking import Query
from segue.session import FoldRules, Session
from services.runtime.recommender import TritonRecommender
from services.runtime.settings import Settings
from services.runtime.topics import create_topics
from services.runtime.topology import LISTENING_EVENTS, RECOMMENDATIONS, Topic
from services.sessions import handlers

TARGETS = (Target("path_p50_ratio", 1.5), Target("path_p99_ratio", 3.0))
RATE = 50.0
# Each listener's events lie five seconds apart: none waits for another one, so newest-wins merges none.
LISTENERS = 250
BLOCKS = 3
WARM_UP_SECONDS = 10.0
PATIENCE = 10.0
ECHO_IN = Topic("bench-echo-in", "", "", LISTENING_EVENTS.retention)
ECHO_OUT = Topic("bench-echo-out", "", "", RECOMMENDATIONS.retention)


@dataclass(slots=True)
class Times:
    """What was measured, in seconds, event by event: the same event at the same place of each list."""

    path: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)
    model: list[float] = field(default_factory=list)

    def extend(self, block: Times) -> None:
        """Add a block's times."""
        self.path += block.path
        self.raw += block.raw
        self.model += block.model


@dataclass(slots=True)
class Rig:
    """The two ways through the log, the model, and the states that sessions must have by now."""

    whole: Exchange
    bare: Exchange
    model: TritonRecommender
    load: Load
    states: dict[str, Session] = field(default_factory=dict)


def measure(stack: LocalStack, seconds: float, console: Console) -> Figures:
    """Measure each of the three for so many seconds."""
    return uvloop.run(_measure(stack, seconds, console))


async def _measure(stack: LocalStack, seconds: float, console: Console) -> Figures:
    config = stack.config
    create_topics(Settings(kafka=config.kafka), (ECHO_IN, ECHO_OUT))
    load = Load(LISTENERS, popular_track_ids(config.checkpoint))
    warm_up, block = int(WARM_UP_SECONDS * RATE), int(seconds / BLOCKS * RATE)
    times = Times()
    async with exchanging(config.kafka, LISTENING_EVENTS.name, RECOMMENDATIONS.name, seen_by_sessions) as whole:
        first_ones, answer_bytes = await _first_events(whole, load)
        async with (
            _echoing(Echo(config.kafka, ECHO_IN.name, ECHO_OUT.name, answer_bytes)),
            exchanging(config.kafka, ECHO_IN.name, ECHO_OUT.name, seen_by_echo) as bare,
        ):
            rig = Rig(whole, bare, TritonRecommender(config.triton), load)
            for sending in first_ones:
                _query(rig.states, sending)
            with program.progress(console) as progress:
                task = progress.add_task(
                    "path, bare round trip and model in turn", total=3 * (warm_up + BLOCKS * block)
                )
                first = LISTENERS
                for size in (warm_up, *[block] * BLOCKS):
                    measured = await _block(rig, range(first, first + size), lambda: progress.advance(task))
                    first += size
                    if size == block:
                        times.extend(measured)
            await rig.model.close()
    return {**figures(times), "answer_bytes": answer_bytes}


def figures(times: Times) -> Figures:
    """Return the ratios, and the times that they rest on."""
    unanswered = sum(one == float("inf") for one in (*times.path, *times.raw))
    if unanswered:
        raise StackError(f"{unanswered} of {len(times.path) + len(times.raw)} events had no answer of their own")
    parts = paired(times.raw, times.model)
    named = {"path": times.path, "raw_round_trip": times.raw, "model_call": times.model, "parts": parts}
    measured = {
        f"{name}_p{percent}_ms": percentile_ms(values, percent)
        for name, values in named.items()
        for percent in (50, 99)
    }
    ratios = {
        f"path_p{percent}_ratio": round(measured[f"path_p{percent}_ms"] / measured[f"parts_p{percent}_ms"], 3)
        for percent in (50, 99)
    }
    return {**ratios, **measured, "events": len(times.path), "events_per_second": RATE}


async def _first_events(whole: Exchange, load: Load) -> tuple[list[Sending], int]:
    """Give every listener a first event, and return them with the usual length of the answers, in bytes."""
    records = [encoded(event) for event in load.events(datetime.now(UTC), RATE, range(LISTENERS))]
    sendings = await whole.send(records, RATE, lambda: None)
    await whole.wait_for_answers(LISTENERS, PATIENCE)
    if not whole.answers:
        raise StackError(f"no recommendation within {PATIENCE:.0f} s")
    return sendings, int(median(len(value) for _, value in whole.answers))


async def _block(rig: Rig, numbers: range, advance: Callable[[], None]) -> Times:
    """Measure the same events on each of the three ways, one way after the other."""
    start = datetime.now(UTC)
    records = [
        encoded(msgspec.structs.replace(event, event_time=start)) for event in rig.load.events(start, RATE, numbers)
    ]
    path, sendings = await _through(rig.whole, records, advance)
    raw, _ = await _through(rig.bare, records, advance)
    queries = [_query(rig.states, sending) for sending in sendings]
    return Times(path, raw, await _model_times(rig.model, queries, advance))


async def _through(
    exchange: Exchange, records: Sequence[tuple[bytes, bytes]], advance: Callable[[], None]
) -> tuple[list[float], list[Sending]]:
    exchange.answers.clear()
    sendings = await exchange.send(records, RATE, advance)
    await exchange.wait_for_answers(len(records), PATIENCE)
    return exchange.latencies(sendings), sendings


def _query(states: dict[str, Session], sending: Sending) -> Query:
    """Return what sessions asked the model after this event."""
    listener_id = (sending.record.key or b"").decode()
    outcome = handlers.take_in(
        sending.record, states.get(listener_id), FoldRules(), lambda _key: sending.record.partition
    )
    if isinstance(outcome, handlers.Refused):
        raise StackError(f"an event of the load was refused: {outcome.error}")
    states[listener_id] = outcome.task.session
    return handlers.query(outcome.task)


async def _model_times(model: TritonRecommender, queries: Sequence[Query], advance: Callable[[], None]) -> list[float]:
    """Ask one query after the other, no faster than the events came, and return how long each took."""
    began, times = time.monotonic(), []
    for place, query in enumerate(queries):
        await asyncio.sleep(max(0.0, began + place / RATE - time.monotonic()))
        asked = time.monotonic()
        await model.rank([query], timeout=PATIENCE)
        times.append(time.monotonic() - asked)
        advance()
    return times


def seen_by_sessions(value: bytes) -> tuple[int, int] | None:
    """The newest listening event that a recommendation list has seen."""
    return coverage.decode(value).newest(LISTENING_EVENTS.name)


def seen_by_echo(value: bytes) -> tuple[int, int]:
    """The record that the echo answers."""
    echoed = msgspec.json.decode(value, type=Echoed)
    return echoed.partition, echoed.offset


@asynccontextmanager
async def _echoing(echo: Echo) -> AsyncIterator[None]:
    """Run the echo, in a process of its own, for as long as the block runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.echo", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(echo) + b"\n")
    try:
        await asyncio.wait_for(process.stdout.readline(), PATIENCE)
        yield
    finally:
        process.stdin.close()
        await process.wait()


def main(
    seconds: Annotated[float, typer.Option(min=3, help="how long each of the three is measured")] = 60.0,
    *,
    check: Annotated[bool, typer.Option(help="exit code 1 when a target is missed")] = False,
) -> None:
    """Measure the path through Segue at 50 events a second, and what its bare parts take."""

    def measured(console: Console) -> Figures:
        with running(STREAM_PARTS, console) as stack:
            return measure(stack, seconds, console)

    raise typer.Exit(program.run("Kafka in, Kafka out", TARGETS, measured, check=check))


if __name__ == "__main__":
    typer.run(main)
