"""Asking over the log: a delivery that fails is UNAVAILABLE, and no deadline is too long to be computed with."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from segue.errors import RequestFailed
from segue.recommendations import RecommendationRequest
from services.gateway import api
from services.gateway.desk import Desk
from services.gateway.handlers import Record
from services.gateway.publisher import Acknowledgement, Publisher
from services.gateway.waiters import Waiters
from services.runtime.health import Readiness
from services.runtime.settings import LONGEST_WAIT, Settings
from services.runtime.topology import LISTENING_EVENTS

RECORD = Record(LISTENING_EVENTS.name, b"l", b"{}")


class Producer:
    """Ends each delivery as `ends` does."""

    def __init__(self, ends: Any) -> None:
        self._ends = ends

    async def send(self, _topic: str, _value: bytes | None, _key: bytes) -> Acknowledgement:
        delivery: Acknowledgement = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(self._ends, delivery)
        return delivery

    async def partitions_for(self, _topic: str) -> set[int]:
        return {0}


class Ends:
    """Every partition is empty."""

    reachable = True

    async def of(self, partitions: Any) -> dict[Any, int]:
        return dict.fromkeys(partitions, 0)


class Answers:
    """Owns one partition."""

    async def owned_partition(self) -> int:
        return 0


def cancelled(delivery: Acknowledgement) -> None:
    delivery.cancel()


def failed(delivery: Acknowledgement) -> None:
    delivery.set_exception(KafkaError("not enough replicas"))


def publishing(ends: Any) -> tuple[Publisher, Ends]:
    reached: Any = Ends()
    publisher = Publisher(Settings(), reached, Readiness())
    publisher._producer = Producer(ends)
    return publisher, reached


@pytest.mark.parametrize(("ends", "said"), [(cancelled, "gave the record up"), (failed, "not enough replicas")])
async def test_a_write_whose_delivery_ends_without_acknowledgement_is_unavailable(ends: Any, said: str) -> None:
    publisher, _ = publishing(ends)
    with pytest.raises(RequestFailed, match=said) as caught:
        await publisher.write([RECORD, RECORD], patience=5.0)
    assert caught.value.status == "UNAVAILABLE"


@pytest.mark.parametrize(("ends", "said"), [(cancelled, "gave the record up"), (failed, "not enough replicas")])
async def test_a_question_whose_delivery_ends_without_acknowledgement_is_unavailable(ends: Any, said: str) -> None:
    publisher, reached = publishing(ends)
    answers: Any = Answers()
    waiters = Waiters(1)
    desk = Desk(publisher, reached, answers, waiters)  # type: ignore[arg-type]
    with pytest.raises(RequestFailed, match=said) as caught:
        await desk.ask(RecommendationRequest("r", "l"), "r", patience=5.0)
    assert caught.value.status == "UNAVAILABLE"
    assert len(waiters) == 0


async def test_what_is_acknowledged_tells_its_position() -> None:
    def acknowledged(delivery: Acknowledgement) -> None:
        delivery.set_result(RecordMetadata(RECORD.topic, 0, None, 7, 0, 0, 0))

    publisher, _ = publishing(acknowledged)
    (position,) = await publisher.write([RECORD], patience=5.0)
    assert (position.topic, position.partition, position.offset) == (RECORD.topic, 0, 7)


@pytest.mark.parametrize(("remaining", "longest"), [(1e18, True), (float("inf"), True), (3_600.0, True), (0.5, False)])
def test_no_call_waits_longer_than_the_longest_wait(remaining: float, longest: bool) -> None:  # noqa: FBT001
    context: Any = SimpleNamespace(time_remaining=lambda: remaining)
    patience = api._patience(context, default=1.0)
    assert 0 < patience < LONGEST_WAIT.total_seconds()
    assert (patience > 30) is longest


def test_a_call_without_deadline_waits_for_the_default() -> None:
    context: Any = SimpleNamespace(time_remaining=lambda: None)
    assert api._patience(context, default=1.0) == pytest.approx(0.95)
