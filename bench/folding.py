"""The sequential fold of a log: what every listener's state must be.

Pure; the service's own stream has no part in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from segue import session as sessions
from segue import wire
from segue.errors import InvalidMessage
from segue.events import ChatTurn, ListeningEvent, validate_chat_turn, validate_listening_event
from segue.recommendations import SessionSnapshot
from segue.session import FoldRules, Position, Session
from services.runtime.record import Record
from services.runtime.topology import CHAT_TURNS, LISTENING_EVENTS


def fold(records: Iterable[Record], rules: FoldRules) -> dict[str, Session]:
    """Return each listener's state after these records, which come in offset order within each partition.

    What the service refuses changes nothing here either.
    """
    states: dict[str, Session] = {}
    for record in records:
        with suppress(InvalidMessage):
            after = _after(states, record, rules)
            states[after.listener_id] = after
    return states


def wrong_states(expected: dict[str, Session], found: dict[str, SessionSnapshot]) -> list[str]:
    """Return the listeners whose session is missing or differs from the expected state."""
    return [
        listener_id for listener_id, session in expected.items() if found.get(listener_id) != sessions.snapshot(session)
    ]


def _after(states: dict[str, Session], record: Record, rules: FoldRules) -> Session:
    at = Position(record.topic, record.partition, record.offset, record.time_ms)
    if record.topic == LISTENING_EVENTS.name:
        event = wire.decode(record.value, ListeningEvent)
        validate_listening_event(event)
        return sessions.apply(_known(states, event.listener_id), event, at, rules)
    if record.topic == CHAT_TURNS.name:
        turn = wire.decode(record.value, ChatTurn)
        validate_chat_turn(turn)
        return sessions.apply_turn(_known(states, turn.listener_id), turn, at, rules)
    raise ValueError(f"records of {record.topic} have no part in a state")


def _known(states: dict[str, Session], listener_id: str) -> Session:
    return states.get(listener_id, Session(listener_id))
