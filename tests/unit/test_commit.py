"""What is committed is what was acknowledged last, and no record is lost on its way in while partitions move."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from faust.transport.drivers import aiokafka
from faust.types import TP
from mode.utils.queues import FlowControlQueue

from services.runtime.commit import Flow, OrderedConsumer

AT = TP("listening-events", 0)


def committable(acknowledged: list[int]) -> int | None:
    consumer = SimpleNamespace(_acked={AT: acknowledged}, _acked_index={AT: set(acknowledged)})
    return OrderedConsumer._new_offset(consumer, AT)  # type: ignore[arg-type]  # all that it looks at


def test_the_offset_after_the_newest_acknowledged_one_is_committed() -> None:
    assert committable([4, 5, 6]) == 7


def test_nothing_acknowledged_commits_nothing() -> None:
    assert committable([]) is None


def test_offsets_that_a_compacted_topic_left_out_are_not_waited_for() -> None:
    assert committable([4, 9, 12]) == 13


def test_what_was_acknowledged_twice_is_committed_in_one_step() -> None:
    acknowledged = [5, 6, 6, 7, 7, 8]
    assert committable(acknowledged) == 9
    assert acknowledged == []


def acknowledges(monkeypatch: pytest.MonkeyPatch, *, flows: bool, generation: int) -> bool:
    """Whether a message of generation 3 is acknowledged."""
    monkeypatch.setattr(aiokafka.Consumer, "ack", lambda _self, _message: True)
    consumer: Any = object.__new__(OrderedConsumer)
    flow_control = SimpleNamespace(is_active=lambda: flows)
    consumer.app = SimpleNamespace(flow_control=flow_control, consumer_generation_id=generation)
    return bool(consumer.ack(SimpleNamespace(generation_id=3)))


def test_what_streams_leave_out_while_partitions_are_assigned_anew_is_not_acknowledged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert acknowledges(monkeypatch, flows=True, generation=3)
    assert not acknowledges(monkeypatch, flows=False, generation=3)
    assert not acknowledges(monkeypatch, flows=True, generation=4)


def consumer_with(active: set[TP], paused: set[TP]) -> Any:
    """A consumer whose one stream is full."""
    consumer: Any = object.__new__(OrderedConsumer)
    consumer._active_partitions, consumer._paused_partitions = active, paused
    consumer._buffered_partitions = {AT}
    return consumer


def test_a_partition_is_read_on_once_there_is_room_again() -> None:
    consumer = consumer_with(active=set(), paused=set())
    consumer.on_buffer_drop(AT)
    assert (consumer._active_partitions, consumer._buffered_partitions) == ({AT}, set())


def test_a_partition_that_waits_for_its_tables_is_not_read_because_there_is_room_again() -> None:
    consumer = consumer_with(active=set(), paused={AT})
    consumer.on_buffer_drop(AT)
    assert (consumer._active_partitions, consumer._buffered_partitions) == (set(), set())


async def test_what_has_come_since_records_flow_is_not_forgotten_when_they_are_let_flow_once_more() -> None:
    flow = Flow()
    queue: FlowControlQueue[str] = FlowControlQueue(flow_control=flow, clear_on_resume=True)
    queue.put_nowait("from the assignment before")
    flow.resume()
    assert queue.empty()
    queue.put_nowait("read since")
    flow.resume()
    assert queue.get_nowait() == "read since"
    flow.suspend()
    queue.put_nowait("from the assignment before")
    flow.resume()
    assert queue.empty()


async def handed_on(deliver: Any) -> list[str]:
    """What came of a message that is delivered so, while nothing suspends the flow."""
    consumer: Any = object.__new__(OrderedConsumer)
    consumer._stopped, consumer._crashed = asyncio.Event(), asyncio.Event()
    consumer.loop = asyncio.get_running_loop()
    delivered: list[str] = []
    await consumer.wait_first(deliver(delivered), asyncio.Event().wait())
    return delivered


async def test_a_message_is_handed_on_whether_or_not_there_is_room_for_it_at_once() -> None:
    async def at_once(delivered: list[str]) -> None:
        delivered.append("message")

    async def when_there_is_room(delivered: list[str]) -> None:
        await asyncio.sleep(0.001)
        delivered.append("message")

    assert await handed_on(at_once) == ["message"]
    assert await handed_on(when_there_is_room) == ["message"]


async def test_what_fails_in_handing_a_message_on_is_raised() -> None:
    async def fails(_delivered: list[str]) -> None:
        raise KeyError("no such partition")

    with pytest.raises(KeyError, match="no such partition"):
        await handed_on(fails)
