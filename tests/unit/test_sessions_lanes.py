"""How answers are batched: how many at once, in what order, and what ends a lane."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError

from services.runtime.acknowledgement import OrderedAcknowledgement
from services.sessions import pace
from services.sessions.answering import MOST_BATCHES
from tests.unit.answering import Bench, asked, heard


async def test_batches_are_bounded() -> None:
    bench = Bench(max_batch=4)
    for offset in range(10):
        bench.owe(asked(offset, f"listener-{offset}"))
    async with bench.running():
        await bench.outbox.until(10)
    assert bench.model.batches == [4, 4, 2]


async def test_the_next_batch_is_ranked_while_one_is_written_but_not_without_end() -> None:
    bench = Bench(max_batch=1)
    for offset in range(MOST_BATCHES + 2):
        bench.written[f"listener-{offset}".encode()] = asyncio.get_running_loop().create_future()
        bench.owe(asked(offset, f"listener-{offset}"))
    async with bench.running():
        await bench.outbox.until(MOST_BATCHES)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await bench.outbox.until(MOST_BATCHES + 1)
        bench.written[b"listener-0"].set_result(None)
        await bench.outbox.until(MOST_BATCHES + 1)
        assert bench.acknowledged == [0]


async def test_a_changelog_that_cannot_be_written_ends_the_service_with_nothing_acknowledged() -> None:
    bench = Bench()
    written = bench.written[b"ada"] = asyncio.get_running_loop().create_future()
    written.set_exception(KafkaConnectionError())
    bench.owe(asked())
    async with bench.running() as lanes:
        with pytest.raises(KafkaError):
            await lanes
    assert bench.acknowledged == []


async def test_a_broker_that_is_away_ends_the_service_with_nothing_acknowledged_or_buried() -> None:
    bench = Bench()
    bench.outbox.fails = lambda _answer: KafkaConnectionError()
    bench.owe(asked())
    async with bench.running() as lanes:
        with pytest.raises(KafkaError):
            await lanes
    assert bench.acknowledged == []
    assert bench.outbox.buried == []


async def test_one_recommendation_acknowledges_all_that_it_covers() -> None:
    bench = Bench()
    for offset in range(5):
        bench.owe(heard(offset))
    async with bench.running():
        await bench.acknowledged_all(5)
    assert len(bench.answers) == 1


async def test_listening_gives_way_to_reading_but_not_for_ever() -> None:
    bench = Bench()
    asked_how_far: list[None] = []

    def behind() -> int:
        asked_how_far.append(None)
        return 1_000_000

    bench.owe(heard())
    async with bench.running(behind):
        await bench.outbox.until(1)
    assert len(asked_how_far) > 1


async def test_the_model_has_the_next_listening_at_hand_while_nobody_asks_and_one_call_once_somebody_does() -> None:
    bench = Bench(max_batch=1)
    bench.model.answers.clear()
    for offset in range(4):
        bench.owe(heard(offset, f"listener-{offset}"))
    async with bench.running():
        await bench.model.called(2)
        bench.owe(asked(4))
        await bench.model.called(3)
        bench.model.answers.set()
        await bench.outbox.until(5)
    assert bench.model.most_at_once == 3, "two calls for listening, and the one that was asked"


async def test_listening_has_one_call_at_a_time_while_somebody_asks() -> None:
    bench = Bench(max_batch=1)
    bench.model.answers.clear()
    bench.owe(asked(0))
    for offset in range(1, 4):
        bench.owe(heard(offset, f"listener-{offset}"))
    async with bench.running():
        await bench.model.called(2)
        bench.model.answers.set()
        await bench.outbox.until(4)
    assert bench.model.most_at_once == 2, "the one that was asked, and one for listening"


async def test_too_much_under_way_stops_the_reading_whatever_the_queue_holds() -> None:
    bench = Bench()
    bench.acknowledgement = OrderedAcknowledgement(most=3)
    bench.answering._acknowledgement = bench.acknowledgement
    for offset in range(3):
        assert not bench.answering.is_full()
        bench.owe(heard(offset))
    assert bench.queue.depths["listening"] == 1
    assert bench.answering.is_full()


async def test_listening_batches_get_smaller_while_calls_are_long_and_somebody_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pace, "CALL_SECONDS", 0.0)
    bench = Bench(max_batch=4)
    bench.owe(asked(0))
    for offset in range(1, 12):
        bench.owe(heard(offset, f"listener-{offset}"))
    async with bench.running():
        await bench.outbox.until(12)
    assert sorted(bench.model.batches) == sorted([1, 4, 3, 2, 2]), "one that was asked, and eleven that were heard"


async def test_what_is_cancelled_under_a_batch_ends_the_service_and_is_not_forgotten() -> None:
    bench = Bench()
    written = bench.written[b"ada"] = asyncio.get_running_loop().create_future()
    written.cancel()
    bench.owe(asked())
    async with bench.running() as lanes:
        with pytest.raises(RuntimeError, match="cancelled"):
            async with asyncio.timeout(5):
                await lanes
    assert bench.acknowledged == []
