"""What is committed is what was acknowledged last, whatever a seek made Faust skip or read again."""

from __future__ import annotations

from types import SimpleNamespace

from faust.types import TP

from services.runtime.commit import OrderedConsumer

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
