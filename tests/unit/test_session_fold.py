"""The fold of a session: bounded, idempotent, and the same whatever the order in which events arrive."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue import session as sessions
from segue.errors import FutureEvent, LateEvent
from segue.events import ChatTurn, ListeningAction, ListeningEvent
from segue.session import MAX_EVENTS, MAX_TURN_CHARACTERS, MAX_TURNS, FoldRules, Offer, Position, Session

START_MS = 1_700_000_000_000
RULES = FoldRules(lateness=timedelta(hours=1), clock_skew=timedelta(minutes=1), idle_expiry=timedelta(days=30))


def listening(number: int, seconds: float | None = None) -> ListeningEvent:
    return ListeningEvent(
        event_id=f"event-{number}",
        listener_id="listener",
        track_id=f"track-{number % 7}",
        action=ListeningAction.PLAY_FINISHED,
        event_time=sessions.from_ms(START_MS + int(1_000 * (number if seconds is None else seconds))),
    )


def turn(number: int, text: str = "hello") -> ChatTurn:
    return ChatTurn(
        turn_id=f"turn-{number}",
        listener_id="listener",
        text=text,
        event_time=sessions.from_ms(START_MS + 1_000 * number),
    )


def at(offset: int, record_ms: int = START_MS + 3_600_000, topic: str = "listening-events") -> Position:
    return Position(topic, 0, offset, record_ms)


def fold(events: list[ListeningEvent], session: Session | None = None) -> Session:
    state = session or Session("listener")
    for offset, event in enumerate(events):
        state = sessions.apply(state, event, at(offset), RULES)
    return state


@given(st.permutations(range(40)), st.lists(st.integers(0, 39), max_size=20))
def test_order_and_repetition_do_not_change_what_was_heard(order: list[int], repeated: list[int]) -> None:
    in_order = fold([listening(number) for number in range(40)])
    shuffled = fold([listening(number) for number in [*order, *repeated]])
    assert shuffled.events == in_order.events


@given(st.permutations(range(2 * MAX_EVENTS)))
def test_the_newest_events_stay_whatever_the_order(order: list[int]) -> None:
    state = fold([listening(number) for number in order])
    assert [event.event_id for event in state.events] == [f"event-{n}" for n in range(MAX_EVENTS, 2 * MAX_EVENTS)]


def test_a_record_read_again_changes_nothing() -> None:
    once = fold([listening(number) for number in range(5)])
    again = sessions.apply(once, listening(2), at(2), RULES)
    assert again is once


def test_a_late_record_read_again_after_newer_ones_is_not_late() -> None:
    state = sessions.apply(Session("listener"), listening(0), at(0), RULES)
    state = sessions.apply(state, listening(1, seconds=3_500), at(1), RULES)
    assert sessions.apply(state, listening(0), at(0), RULES) is state


def test_an_event_within_the_lateness_lands_where_it_belongs() -> None:
    state = fold([listening(1, 0), listening(2, 3_000), listening(3, 1_500)])
    assert [event.event_id for event in state.events] == ["event-1", "event-3", "event-2"]


def test_an_event_beyond_the_lateness_is_refused_and_says_by_how_much() -> None:
    state = fold([listening(1, 3_601)], None)
    with pytest.raises(LateEvent, match="3601 s before"):
        sessions.apply(state, listening(2, 0), at(9), RULES)


def test_an_event_dated_after_its_record_is_refused() -> None:
    with pytest.raises(FutureEvent, match="61 s after"):
        sessions.apply(Session("listener"), listening(0, seconds=61), at(0, START_MS), RULES)


def test_an_idle_listener_starts_anew() -> None:
    state = fold([listening(1)])
    month_later = START_MS + int(timedelta(days=31).total_seconds() * 1_000)
    event = listening(2, seconds=31 * 86_400 - 60)
    assert len(sessions.apply(state, event, at(5, month_later), RULES).events) == 1


def test_an_idle_state_may_be_deleted_without_the_fold_noticing() -> None:
    state = fold([listening(1)])
    now_ms = START_MS + int(timedelta(days=31).total_seconds() * 1_000)
    event = listening(2, seconds=31 * 86_400 - 60)
    assert sessions.is_idle(state, now_ms, RULES)
    kept = sessions.apply(state, event, at(5, now_ms), RULES)
    deleted = sessions.apply(Session("listener"), event, at(5, now_ms), RULES)
    assert kept == deleted


@given(st.permutations([("listening-events", n) for n in range(6)] + [("chat-turns", n) for n in range(6)]))
def test_how_two_topics_interleave_does_not_matter(order: list[tuple[str, int]]) -> None:
    """Within a topic the log fixes the order; between topics nothing does."""
    streams = {topic: iter(range(6)) for topic in ("listening-events", "chat-turns")}
    state = Session("listener")
    for topic, _number in order:
        number = next(streams[topic])
        if topic == "listening-events":
            state = sessions.apply(state, listening(number), at(number), RULES)
        else:
            state = sessions.apply_turn(state, turn(number), at(number, topic=topic), RULES)
    assert [event.event_id for event in state.events] == [f"event-{n}" for n in range(6)]
    assert [said.turn_id for said in state.turns] == [f"turn-{n}" for n in range(6)]
    assert {position.topic: position.offset for position in state.seen} == {"listening-events": 5, "chat-turns": 5}


@given(st.permutations(range(30)), st.integers(1, 900))
def test_turns_are_bounded_by_number_and_by_characters(order: list[int], length: int) -> None:
    state = Session("listener")
    for offset, number in enumerate(order):
        state = sessions.apply_turn(state, turn(number, "x" * length), at(offset, topic="chat-turns"), RULES)
    kept = min(MAX_TURNS, MAX_TURN_CHARACTERS // length)
    assert [said.turn_id for said in state.turns] == [f"turn-{n}" for n in range(30 - kept, 30)]


@given(
    st.lists(st.integers(1, 4_500), min_size=1, max_size=25).flatmap(
        lambda lengths: st.tuples(st.just(lengths), st.permutations(range(len(lengths))))
    ),
    st.data(),
)
def test_order_and_repetition_do_not_change_what_was_said(
    drawn: tuple[list[int], list[int]], data: st.DataObject
) -> None:
    lengths, order = drawn
    repeated = data.draw(st.lists(st.integers(0, len(lengths) - 1), max_size=20))

    def said(numbers: list[int]) -> Session:
        state = Session("listener")
        for offset, number in enumerate(numbers):
            text = "x" * lengths[number]
            state = sessions.apply_turn(state, turn(number, text), at(offset, topic="chat-turns"), RULES)
        return state

    in_order, shuffled = said(list(range(len(lengths)))), said([*order, *repeated])
    assert (shuffled.turns, shuffled.dropped) == (in_order.turns, in_order.dropped)


def test_a_turn_that_gave_way_to_a_long_one_does_not_return_when_the_long_one_is_gone() -> None:
    state = Session("listener")
    for offset, (number, length) in enumerate([(0, 100), (1, 3_950), (2, 100), (0, 100)]):
        state = sessions.apply_turn(state, turn(number, "x" * length), at(offset, topic="chat-turns"), RULES)
    assert [said.turn_id for said in state.turns] == ["turn-2"]


def test_an_idle_listener_starts_anew_without_what_was_dropped() -> None:
    state = Session("listener")
    for offset, number in enumerate((0, 1)):
        state = sessions.apply_turn(state, turn(number, "x" * 3_000), at(offset, topic="chat-turns"), RULES)
    assert state.dropped is not None
    now_ms = START_MS + int(timedelta(days=31).total_seconds() * 1_000)
    assert sessions.is_idle(state, now_ms, RULES)
    later = at(5, now_ms, "chat-turns")
    kept = sessions.apply_turn(state, turn(0), later, RULES)
    assert kept == sessions.apply_turn(Session("listener"), turn(0), later, RULES)


def test_a_state_of_before_dropped_turns_were_kept_is_read() -> None:
    assert sessions.decode(msgspec.msgpack.encode(["listener", [], [], []])) == Session("listener")


def test_a_state_with_the_longest_ids_stays_within_its_bound() -> None:
    state = Session("l" * 128)
    for number in range(3 * MAX_EVENTS):
        event = msgspec.structs.replace(
            listening(number), event_id=f"{number:0128}", track_id="t" * 128, session_id="s" * 128
        )
        state = sessions.apply(state, event, at(number), RULES)
        state = sessions.apply_turn(state, turn(number, "é" * 2_000), at(number, topic="chat-turns"), RULES)
    assert len(sessions.encode(state)) < 40_000


def test_a_typical_state_is_a_few_kilobytes() -> None:
    state = fold([listening(number) for number in range(200)])
    assert len(sessions.encode(state)) < 4_096


def test_bytes_give_back_the_same_state() -> None:
    state = sessions.apply_turn(fold([listening(1)]), turn(1, "naïve \u202e text"), at(0, topic="chat-turns"), RULES)
    assert sessions.decode(sessions.encode(state)) == state


def test_the_newest_few_lists_are_kept_to_point_at() -> None:
    session = Session("ada")
    for time_ms in (3, 1, 2, 5, 4, 5):
        session = sessions.offer(session, Offer(time_ms, tuple(f"t{number}" for number in range(50))))
    assert [offer.time_ms for offer in session.offered] == [3, 4, 5]
    assert all(len(offer.track_ids) == sessions.MAX_OFFERED_TRACKS for offer in session.offered)
    assert sessions.decode(sessions.encode(session)) == session
