"""A lane: records in batches and in order, acknowledged last, nothing done twice after a rebalance, memory bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from services.runtime.progress import Progress
from services.runtime.topology import CATALOG
from services.track_tokens import lane as lanes
from services.track_tokens.lane import MOST_AT_ONCE, Arrival, Lane


class Event:
    """Stands for a Faust event."""

    def __init__(self, offset: int, acknowledged: list[int], size: int = 1) -> None:
        self.message = SimpleNamespace(
            topic="catalog", partition=0, offset=offset, timestamp=1.0, key=b"t", value=b"x" * size, headers=None
        )
        self._acknowledged = acknowledged

    def ack(self) -> None:
        self._acknowledged.append(self.message.offset)


class Stream:
    """A Faust stream of these events."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events
        self.read = 0

    def noack(self) -> Stream:
        return self

    async def events(self) -> AsyncIterator[Event]:
        for event in self._events:
            self.read += 1
            yield event


class Signal:
    def __init__(self) -> None:
        self.connected: list[Any] = []

    def connect(self, receiver: Any) -> None:
        self.connected.append(receiver)


class App:
    """What a lane needs of Faust."""

    def __init__(self) -> None:
        self.should_stop = False
        self.on_partitions_revoked = Signal()
        self.reader: Any = None
        self.runner: Any = None

    def topic(self, *names: str, value_type: type) -> tuple[str, ...]:
        assert value_type is bytes
        return names

    def agent(self, _topics: object, name: str) -> Any:
        assert name == "lane"

        def register(reader: Any) -> None:
            self.reader = reader

        return register

    def task(self, runner: Any) -> None:
        self.runner = runner


class Work:
    """Notes batches, and finishes each once `goes_on` is set."""

    def __init__(self) -> None:
        app = self.app = App()
        self.progress = Progress()
        faust: Any = app
        self.lane = Lane(faust, "lane", (CATALOG,), self.progress)
        self.batches: list[list[int]] = []
        self.begun = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.acknowledged: list[int] = []
        self.lane.attach(self.work)

    async def work(self, batch: Sequence[Arrival]) -> None:
        self.batches.append([arrival.record.offset for arrival in batch])
        self.begun.set()
        await self.goes_on.wait()
        self.lane.finish(batch)

    def events(self, count: int, size: int = 1) -> list[Event]:
        return [Event(offset, self.acknowledged, size) for offset in range(count)]

    async def read(self, events: Sequence[Event]) -> None:
        await self.app.reader(Stream(events))

    async def next(self) -> None:
        await self.lane._next(self.work)

    async def revoke(self) -> None:
        for receiver in self.app.on_partitions_revoked.connected:
            await receiver()


async def until(condition: Callable[[], bool]) -> None:
    """Let the others run until the condition holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  neither a stream nor a lane tells what it has done
            await asyncio.sleep(0)


async def settled() -> None:
    """Let all that can go on without a timer or another's help do so."""
    for _ in range(100):
        await asyncio.sleep(0)


async def test_what_gathers_while_a_batch_is_worked_on_is_the_next_one() -> None:
    work = Work()
    await work.read(work.events(MOST_AT_ONCE + 3))
    await work.next()
    await work.next()
    assert list(map(len, work.batches)) == [MOST_AT_ONCE, 3]
    assert work.acknowledged == list(range(MOST_AT_ONCE + 3))
    assert work.progress.next_offset(("catalog", 0)) == MOST_AT_ONCE + 3


async def test_nothing_is_acknowledged_before_its_work_is_done() -> None:
    work = Work()
    work.goes_on.clear()
    await work.read(work.events(2))
    working = asyncio.ensure_future(work.next())
    await asyncio.wait_for(work.begun.wait(), 5)
    assert work.batches == [[0, 1]]
    assert work.acknowledged == []
    work.goes_on.set()
    await working
    assert work.acknowledged == [0, 1]


async def test_a_batch_in_mid_flight_acknowledges_nothing_after_its_partitions_were_revoked() -> None:
    work = Work()
    work.goes_on.clear()
    await work.read(work.events(2))
    working = asyncio.ensure_future(work.next())
    await asyncio.wait_for(work.begun.wait(), 5)
    await work.revoke()
    work.goes_on.set()
    await working
    assert work.acknowledged == []
    assert work.progress.next_offset(("catalog", 0)) == 0


async def test_what_waited_when_partitions_were_revoked_is_left_to_who_reads_it_again() -> None:
    work = Work()
    await work.read(work.events(5))
    await work.revoke()
    assert work.lane.depth == 0
    await work.read(work.events(2))
    await work.next()
    assert work.batches == [[0, 1]]
    assert work.acknowledged == [0, 1]


async def test_reading_pauses_while_too_many_records_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "MOST_WAITING", 3)
    work = Work()
    stream = Stream(work.events(10))
    reading = asyncio.ensure_future(work.app.reader(stream))
    await until(lambda: stream.read == 4)
    await settled()
    assert (work.lane.depth, stream.read) == (3, 4)
    for _ in range(4):
        await work.next()
    await reading
    assert work.acknowledged == list(range(10))


async def test_reading_pauses_while_too_many_bytes_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "MOST_WAITING_BYTES", 1_000)
    work = Work()
    reading = asyncio.ensure_future(work.read(work.events(10, size=400)))
    await until(lambda: work.lane.depth == 3)
    await settled()
    assert work.lane.depth == 3, "the third passes the bound"
    await work.revoke()
    await until(lambda: work.lane.depth == 3)  # what was forgotten makes room
    reading.cancel()


async def test_the_lane_works_until_the_app_stops() -> None:
    work = Work()
    running = asyncio.ensure_future(work.app.runner())
    await work.read(work.events(1))
    await until(lambda: work.acknowledged == [0])
    work.app.should_stop = True
    await work.read(work.events(1))
    async with asyncio.timeout(5):
        await running
