"""Batches for listening fit the time that a call may take."""

from __future__ import annotations

from services.sessions.pace import CALL_SECONDS, FEWEST, Pace

SHORT, LONG = CALL_SECONDS / 2, CALL_SECONDS * 2


def test_long_calls_make_batches_smaller_but_never_smaller_than_the_fewest() -> None:
    pace = Pace(most=8)
    assert pace.size == 8
    for _ in range(20):
        pace.note(pace.size, LONG)
    assert pace.size == FEWEST


def test_short_calls_make_them_larger_again_up_to_the_most() -> None:
    pace = Pace(most=4)
    for _ in range(4):
        pace.note(pace.size, LONG)
    for _ in range(20):
        pace.note(pace.size, SHORT)
    assert pace.size == 4


def test_a_call_that_was_not_full_says_nothing_of_larger_ones() -> None:
    pace = Pace(most=8)
    pace.note(8, LONG)
    pace.note(1, SHORT)
    assert pace.size == 7


def test_a_most_below_the_fewest_is_obeyed() -> None:
    pace = Pace(most=1)
    pace.note(1, LONG)
    assert pace.size == 1
