"""Two states of one listener, of which a worker that was cut off wrote one: together they know what each knows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue import session as sessions
from segue.errors import MalformedMessage
from segue.events import ChatTurn, ListeningAction, ListeningEvent
from segue.session import FoldRules, Position, Session
from segue.session_merge import merge

EVENTS, TURNS = "listening-events", "chat-turns"
START_MS = 1_700_000_000_000
# Some of the records below come after a silence that makes the listener begin anew.
RULES = FoldRules(idle_expiry=timedelta(minutes=10))
LONG = "long " * 500


def folded(events: int, turns: int) -> Session:
    """The state after the first so many records of each topic."""
    session = Session("ada")
    for offset in range(events):
        time_ms = START_MS + offset * 60_000 + (offset > 6) * 3_600_000
        event = ListeningEvent(
            f"e{offset}", "ada", track_id="t", action=ListeningAction.LIKED, event_time=sessions.from_ms(time_ms)
        )
        session = sessions.apply(session, event, Position(EVENTS, 1, offset, time_ms), RULES)
    for offset in range(turns):
        time_ms = START_MS + offset * 60_000
        turn = ChatTurn(f"u{offset}", "ada", text=LONG if offset % 3 else "hello", event_time=sessions.from_ms(time_ms))
        session = sessions.apply_turn(session, turn, Position(TURNS, 1, offset, time_ms), RULES)
    return session


def merged(known: Session, other: Session) -> Session:
    return sessions.decode(merge(sessions.encode(known), sessions.encode(other), EVENTS, TURNS))


counts = st.integers(0, 12)


@given(counts, counts, counts, counts)
def test_two_states_give_the_state_that_has_read_as_far_as_either(a: int, b: int, c: int, d: int) -> None:
    expected = folded(max(a, c), max(b, d))
    assert merged(folded(a, b), folded(c, d)) == expected
    assert merged(folded(c, d), folded(a, b)) == expected


def test_of_two_states_that_have_read_as_far_the_last_is_kept() -> None:
    session = sessions.encode(folded(3, 2))
    again = bytes(bytearray(session))
    assert merge(session, again, EVENTS, TURNS) is again


@pytest.mark.parametrize("damaged", [b"", b"\xc1", b"\x91\x05", sessions.encode(folded(3, 2))[:-3]])
def test_what_is_no_state_is_told(damaged: bytes) -> None:
    with pytest.raises(MalformedMessage):
        merge(sessions.encode(folded(3, 2)), damaged, EVENTS, TURNS)
