"""Who gets which answer, and that nobody is kept who no longer waits."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import TopicPartition

from segue.errors import RequestFailed
from segue.events import ChatTurn
from segue.recommendations import RecommendationList, RecommendationRequest
from services.gateway.feed import QUEUE_LENGTH, Watcher
from services.gateway.metrics import WATCH_DROPPED
from services.gateway.waiters import Waiters


async def test_an_answer_reaches_the_request_that_it_names() -> None:
    waiters = Waiters(2)
    with (
        waiters.expect(RecommendationRequest("r1", "l")) as first,
        waiters.expect(RecommendationRequest("r2", "l")) as other,
    ):
        assert waiters.resolve(RecommendationList("answer", "l", request_id="r1"))
        assert (await first).recommendation_id == "answer"
        assert not other.done()


@pytest.mark.parametrize("request_id", ["", "r"])
async def test_an_answer_to_a_turn_reaches_every_call_that_said_it(request_id: str) -> None:
    waiters = Waiters(3)
    turn = ChatTurn("turn", "l")
    with waiters.expect(turn) as call, waiters.expect(turn) as repeated, waiters.expect(ChatTurn("turn", "m")) as other:
        assert waiters.resolve(RecommendationList("answer", "l", turn_id="turn", request_id=request_id))
        assert await call is await repeated
        assert not other.done()


async def test_an_answer_that_nobody_waits_for_is_told_apart() -> None:
    waiters = Waiters(1)
    with waiters.expect(RecommendationRequest("r", "l")):
        pass
    assert not waiters.resolve(RecommendationList("answer", "l", request_id="r"))
    assert not waiters.resolve(RecommendationList("answer", "l"))


async def test_too_many_waiters_are_refused_until_one_leaves() -> None:
    waiters = Waiters(1)
    with waiters.expect(RecommendationRequest("r1", "l")):
        with pytest.raises(RequestFailed) as caught, waiters.expect(RecommendationRequest("r2", "l")):
            pass
        assert caught.value.status == "RESOURCE_EXHAUSTED"
    with waiters.expect(RecommendationRequest("r2", "l")):
        assert len(waiters) == 1


async def test_a_call_that_is_cancelled_frees_its_place() -> None:
    waiters = Waiters(1)

    async def ask() -> None:
        with waiters.expect(RecommendationRequest("r", "l")) as answer:
            await answer

    task = asyncio.create_task(ask())
    await asyncio.sleep(0)
    assert len(waiters) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(waiters) == 0


async def test_a_slow_watcher_loses_its_oldest_lists() -> None:
    watcher = Watcher(TopicPartition("recommendations", 0), begin=0)
    dropped = WATCH_DROPPED._value.get()
    for number in range(QUEUE_LENGTH + 2):
        watcher.put(RecommendationList(str(number)))
    assert (await watcher.get()).recommendation_id == "2"
    assert WATCH_DROPPED._value.get() == dropped + 2


async def test_a_watcher_is_told_that_the_gateway_stops() -> None:
    watcher = Watcher(TopicPartition("recommendations", 0), begin=0)
    watcher.put(None)
    with pytest.raises(RequestFailed) as caught:
        await watcher.get()
    assert caught.value.status == "UNAVAILABLE"
