"""Positions that hold no record are not waited for: what the consumer passes over counts once all before it is done."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from faust.transport.drivers import aiokafka
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from segue.events import SourceOffset
from services.runtime import commit
from services.runtime.commit import OrderedConsumer
from services.runtime.gaps import Gaps
from services.runtime.progress import Progress

PARTITION = ("listening-events", 0)
AT = TP(*PARTITION)


def reached(progress: Progress, offset: int) -> bool:
    return progress.reached([SourceOffset(*PARTITION, offset)])


def test_a_marker_behind_the_last_record_is_reached_with_the_record() -> None:
    gaps = Gaps()
    progress = Progress(gaps)
    gaps.fetched(PARTITION, before=0, last=4, after=6)
    progress.advance((*PARTITION, 3))
    assert not reached(progress, 5)
    progress.advance((*PARTITION, 4))
    assert reached(progress, 5)
    assert not reached(progress, 6)


def test_a_marker_that_a_later_fetch_passes_over_is_reached_too() -> None:
    gaps = Gaps()
    progress = Progress(gaps)
    gaps.fetched(PARTITION, before=0, last=4, after=5)
    progress.advance((*PARTITION, 4))
    assert not reached(progress, 5)
    gaps.fetched(PARTITION, before=5, last=None, after=6)
    gaps.fetched(PARTITION, before=6, last=None, after=9)
    assert reached(progress, 8)


def test_markers_do_not_reach_what_was_fetched_and_not_yet_worked_through() -> None:
    gaps = Gaps()
    progress = Progress(gaps)
    gaps.fetched(PARTITION, before=0, last=4, after=6)
    gaps.fetched(PARTITION, before=6, last=8, after=9)
    progress.advance((*PARTITION, 4))
    assert not reached(progress, 6)


def test_after_a_seek_what_was_skipped_is_not_taken_for_empty() -> None:
    gaps = Gaps()
    progress = Progress(gaps)
    gaps.fetched(PARTITION, before=0, last=4, after=5)
    progress.start(PARTITION, 5)
    gaps.fetched(PARTITION, before=40, last=None, after=41)
    assert not reached(progress, 20)


def test_a_partition_whose_records_all_expired_is_worked_through() -> None:
    gaps = Gaps()
    gaps.fetched(PARTITION, before=None, last=None, after=500)
    assert reached(Progress(gaps), 499)


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.lists(st.integers(1, 5), min_size=40, max_size=40))
def test_a_position_is_reached_when_no_record_up_to_it_is_left(log: list[bool], sizes: list[int]) -> None:
    gaps = Gaps()
    progress = Progress(gaps)
    position = 0
    fetched: list[int] = []
    for size in sizes:
        until = min(len(log), position + size)
        records = [offset for offset in range(position, until) if log[offset]]
        gaps.fetched(PARTITION, position, records[-1] if records else None, until)
        fetched, position = [*fetched, *records], until
    for done in range(len(fetched) + 1):
        if done:
            progress.advance((*PARTITION, fetched[done - 1]))
        left = fetched[done:]
        for offset in range(len(log)):
            # A stretch in the middle is reached with the next record behind it: the newest one alone is known.
            if reached(progress, offset):
                assert not left or left[0] > offset
            elif not left:
                pytest.fail(f"nothing is left, and {offset} of {log} is not reached")


def consumer_at(position: int | None) -> Any:
    state = SimpleNamespace(position=position, has_valid_position=position is not None)
    assignment = SimpleNamespace(state_value={AT: state}.get)
    return SimpleNamespace(_subscription=SimpleNamespace(subscription=SimpleNamespace(assignment=assignment)))


def test_only_partitions_that_are_assigned_and_have_a_position_are_looked_at() -> None:
    assert commit.positions(consumer_at(7), [AT, TP("chat-turns", 3)]) == {AT: 7}
    assert commit.positions(consumer_at(None), [AT]) == {}
    assert commit.positions(SimpleNamespace(_subscription=SimpleNamespace(subscription=None)), [AT]) == {}


async def test_fausts_fetch_tells_what_it_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = consumer_at(5)
    state = consumer._subscription.subscription.assignment.state_value(AT)
    gaps = Gaps()
    thread: Any = object.__new__(commit._Thread)
    thread.consumer = SimpleNamespace(gaps=gaps, flow_active=True)

    async def fetch(*_: object, **__: object) -> dict[TP, list[Any]]:
        state.position = 9
        return {AT: [SimpleNamespace(offset=5), SimpleNamespace(offset=6)]}

    monkeypatch.setattr(aiokafka.AIOKafkaConsumerThread, "_fetch_records", fetch)
    assert len((await thread._fetch_records(consumer, {AT}))[AT]) == 2
    assert gaps.first_record(PARTITION, 7) == 9
    assert OrderedConsumer._new_consumer_thread is not aiokafka.Consumer._new_consumer_thread
