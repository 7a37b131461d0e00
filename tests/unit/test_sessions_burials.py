"""Dead letters hold up nobody: acknowledged as they arrive, in offset order, and only so many are under way."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from aiokafka.errors import KafkaConnectionError

from segue.errors import InvalidMessage, MalformedMessage, Violation
from services.runtime.acknowledgement import OrderedAcknowledgement
from services.runtime.record import Record
from services.sessions import burials
from services.sessions.burials import Burials

BAD = MalformedMessage(Violation("", "not JSON"))


class Outbox:
    """A broker that acknowledges a dead letter when the test says so, or fails."""

    def __init__(self) -> None:
        self.arrived: dict[int, asyncio.Future[None]] = {}

    async def send(self, *_: object, **__: object) -> None:
        raise AssertionError("only dead letters are sent")

    async def bury(self, record: Record, _error: InvalidMessage) -> None:
        self.arrived[record.offset] = asyncio.get_running_loop().create_future()
        await self.arrived[record.offset]


class Stage:
    def __init__(self) -> None:
        self.outbox = Outbox()
        self.acknowledgement = OrderedAcknowledgement()
        self.acknowledged: list[int] = []
        self.tasks: list[asyncio.Future[None]] = []
        self.burials = Burials(
            lambda burial: self.tasks.append(asyncio.ensure_future(burial)), self.outbox, self.acknowledgement
        )

    def read(self, offset: int) -> Record:
        record = Record("chat-turns", 0, offset, 0, b"ada", b"{")
        self.acknowledgement.track(record.place, partial(self.acknowledged.append, offset))
        return record


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_what_is_read_behind_a_dead_letter_goes_on_and_is_acknowledged_after_it() -> None:
    stage = Stage()
    stage.burials.begin(stage.read(0), BAD)
    good = stage.read(1)
    stage.burials.begin(stage.read(2), BAD)
    await settle()
    assert list(stage.outbox.arrived) == [0, 2], "the second did not wait for the first"
    stage.acknowledgement.done(good.place)
    stage.outbox.arrived[2].set_result(None)
    await settle()
    assert stage.acknowledged == []
    stage.outbox.arrived[0].set_result(None)
    await settle()
    assert stage.acknowledged == [0, 1, 2]


async def test_no_more_are_under_way_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(burials, "MOST_AT_ONCE", 2)
    stage = Stage()
    stage.burials.begin(stage.read(0), BAD)
    assert not stage.burials.is_full()
    stage.burials.begin(stage.read(1), BAD)
    assert stage.burials.is_full()
    await settle()
    stage.outbox.arrived[1].set_result(None)
    await settle()
    assert not stage.burials.is_full()


async def test_a_broker_that_is_away_is_told_and_nothing_is_acknowledged() -> None:
    stage = Stage()
    stage.burials.begin(stage.read(0), BAD)
    await settle()
    stage.outbox.arrived[0].set_exception(KafkaConnectionError())
    with pytest.raises(KafkaConnectionError):
        await asyncio.gather(*stage.tasks)
    assert stage.acknowledged == []
    assert not stage.burials.is_full()
