"""Offsets are acknowledged in order, whatever the order in which their work ends."""

from __future__ import annotations

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from services.runtime.acknowledgement import OrderedAcknowledgement


@given(st.permutations(range(20)))
def test_acknowledgements_come_in_offset_order_without_gaps(order: list[int]) -> None:
    tracker = OrderedAcknowledgement()
    acknowledged: list[int] = []
    for offset in range(20):
        tracker.track(("topic", 0, offset), partial(acknowledged.append, offset))
    done: set[int] = set()
    for offset in order:
        tracker.done(("topic", 0, offset))
        done.add(offset)
        through = next((n for n in range(20) if n not in done), 20)
        assert acknowledged == list(range(through))
    assert len(tracker) == 0


def test_partitions_do_not_wait_for_each_other() -> None:
    tracker = OrderedAcknowledgement()
    acknowledged: list[str] = []
    tracker.track(("topic", 0, 5), lambda: acknowledged.append("zero"))
    tracker.track(("topic", 1, 9), lambda: acknowledged.append("one"))
    tracker.done(("topic", 1, 9))
    assert acknowledged == ["one"]


def test_work_of_a_passed_assignment_acknowledges_nothing() -> None:
    tracker = OrderedAcknowledgement()
    acknowledged: list[int] = []
    tracker.track(("topic", 0, 5), lambda: acknowledged.append(5))
    tracker.forget()
    tracker.done(("topic", 0, 5))
    assert acknowledged == []


def test_a_record_that_is_read_again_is_tracked_anew() -> None:
    tracker = OrderedAcknowledgement()
    acknowledged: list[str] = []
    tracker.track(("topic", 0, 5), lambda: acknowledged.append("first"))
    tracker.forget()
    tracker.track(("topic", 0, 5), lambda: acknowledged.append("second"))
    tracker.done(("topic", 0, 5))
    assert acknowledged == ["second"]


def test_a_record_read_again_while_it_is_under_way_holds_nothing_up() -> None:
    tracker = OrderedAcknowledgement()
    acknowledged: list[int] = []
    for offset in (4, 5, 4, 5, 6):
        tracker.track(("topic", 0, offset), partial(acknowledged.append, offset))
    for offset in (4, 5, 6):
        tracker.done(("topic", 0, offset))
    assert acknowledged == [4, 5, 6]


def test_it_is_full_while_too_many_records_or_bytes_are_kept() -> None:
    tracker = OrderedAcknowledgement(most=3, most_bytes=100)
    for offset in range(3):
        assert not tracker.is_full()
        tracker.track(("topic", 0, offset), lambda: None, size=10)
    assert tracker.is_full()
    tracker.done(("topic", 0, 1))
    assert tracker.is_full(), "what is done is kept behind what is not"
    tracker.done(("topic", 0, 0))
    assert not tracker.is_full()
    tracker.track(("topic", 0, 3), lambda: None, size=100)
    assert tracker.is_full()
    tracker.forget()
    assert not tracker.is_full()


def test_nothing_is_kept_of_what_was_acknowledged() -> None:
    tracker = OrderedAcknowledgement(most=1, most_bytes=1)
    for offset in range(100):
        tracker.track(("topic", 0, offset), lambda: None, size=1)
        tracker.done(("topic", 0, offset))
        assert not tracker.is_full()
