"""Two states of one listener, of which neither is known to be the newer one: what both together know.

A worker that was cut off may write what it had folded behind what its successor has folded since. Each topic's events
are folded by that topic's records alone and in their order, so of two states the one that has read further in a topic
knows all that the other does of it. Knows nothing of where states lie; `services/sessions/table.py` says which topic
brings what.
"""

from __future__ import annotations

import msgspec

from segue import session as sessions
from segue.errors import MalformedMessage, Violation
from segue.session import Position, Session


class _Head(msgspec.Struct, frozen=True, array_like=True):
    """How far an encoded state has read; the rest of it is passed over."""

    listener_id: str
    events: msgspec.Raw
    turns: msgspec.Raw
    seen: tuple[Position, ...]


def merge(known: bytes, other: bytes, events_from: str, turns_from: str) -> bytes:
    """Return the encoded state that has read each topic as far as either.

    `events_from` and `turns_from` are the topics that bring events and turns. Raises MalformedMessage.
    """
    known_offsets, other_offsets = _offsets(known), _offsets(other)
    if _reaches(other_offsets, known_offsets):
        return other
    if _reaches(known_offsets, other_offsets):
        return known
    by_events, by_turns = (
        sessions.decode(known if known_offsets.get(topic, -1) > other_offsets.get(topic, -1) else other)
        for topic in (events_from, turns_from)
    )
    seen = [at for at in by_events.seen if at.topic != turns_from] + [
        at for at in by_turns.seen if at.topic == turns_from
    ]
    return sessions.encode(
        Session(
            by_events.listener_id,
            events=by_events.events,
            turns=by_turns.turns,
            seen=tuple(sorted(seen, key=lambda at: at.topic)),
            dropped=by_turns.dropped,
            offered=by_turns.offered,
        )
    )


def _offsets(state: bytes) -> dict[str, int]:
    """How far a state has read each topic."""
    try:
        head = msgspec.msgpack.decode(state, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessage(Violation("session", str(error))) from error
    return {at.topic: at.offset for at in head.seen}


def _reaches(offsets: dict[str, int], others: dict[str, int]) -> bool:
    """Whether what has read so far has read no less than the other."""
    return all(offsets.get(topic, -1) >= offset for topic, offset in others.items())
