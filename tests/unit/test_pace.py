"""Batches for listening fit the time that a call may take."""

from __future__ import annotations

import pytest

from services.sessions.pace import CALL_SECONDS, FEWEST, Pace


@pytest.mark.parametrize(
    ("each", "size"), [(CALL_SECONDS / 100, 8), (CALL_SECONDS / 4, 4), (CALL_SECONDS * 3, FEWEST), (0.0, 8)]
)
def test_a_batch_is_as_large_as_its_time_allows_between_its_bounds(each: float, size: int) -> None:
    pace = Pace(most=8)
    assert pace.size == 8
    pace.note(2, 2 * each)
    assert pace.size == size


def test_a_most_below_the_fewest_is_obeyed() -> None:
    pace = Pace(most=1)
    pace.note(1, 10.0)
    assert pace.size == 1


def test_one_slow_call_does_not_make_the_next_ones_small_and_many_do() -> None:
    pace = Pace(most=8)
    pace.note(8, CALL_SECONDS / 2)
    pace.note(8, CALL_SECONDS * 2)
    assert pace.size == 8
    for _ in range(20):
        pace.note(8, CALL_SECONDS * 2)
    assert pace.size == 4
