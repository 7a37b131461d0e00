"""What one listener has done lately: a bounded state, and the fold that keeps it.

Knows nothing about Kafka, Faust, gRPC or the model: `services/sessions/stream.py` feeds it, and the recommender turns
it into tokens.

The state is a join-semilattice: the newest `MAX_EVENTS` events by (event time, event id), each id once, and the newest
turns that fit `MAX_TURNS` and `MAX_TURN_CHARACTERS`. So the order in which a log's events arrive does not change it,
nor does an event that arrives twice, and no list of applied ids is needed: an event's id is either in the state, or so
old that adding it again would drop it again. A turn that gave way to a long one would fit again once that one is gone,
so the state remembers the newest turn that was dropped: nothing up to it has a place.

Beside what the log tells, the state keeps the last few lists that turns were answered with: what "the second one"
means. Those are no part of the semilattice; whoever answers adds them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec

from segue.errors import MalformedMessage, Violation
from segue.event_time import refuse_future, refuse_late
from segue.events import ChatTurn, ListeningAction, ListeningEvent, SourceOffset
from segue.recommendations import SessionSnapshot

MAX_EVENTS = 64
MAX_TURNS = 16
MAX_TURN_CHARACTERS = 4_000
MAX_OFFERS = 3
MAX_OFFERED_TRACKS = 20

_ACTIONS = tuple(ListeningAction)
_DISLIKED = _ACTIONS.index(ListeningAction.DISLIKED)
_JUDGEMENTS = (_DISLIKED, _ACTIONS.index(ListeningAction.LIKED))


class SessionEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A listening event as the state keeps it. `time_ms` is the event time in Unix milliseconds."""

    time_ms: int
    event_id: str
    track_id: str
    action_number: int
    session_id: str = ""
    position_seconds: float = 0.0

    @property
    def action(self) -> ListeningAction:
        """What was done with the track."""
        return _ACTIONS[self.action_number]


Key = tuple[int, str]  # event time in Unix milliseconds, id


class SessionTurn(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An utterance as the state keeps it. `time_ms` is the event time in Unix milliseconds."""

    time_ms: int
    turn_id: str
    text: str
    session_id: str = ""

    @property
    def key(self) -> Key:
        """What orders turns."""
        return self.time_ms, self.turn_id


class Position(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The newest record of one topic that the state has seen. `record_ms` is the broker's append time."""

    topic: str
    partition: int
    offset: int
    record_ms: int


class Offer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A list that the listener was recommended. `time_ms` is when, in Unix milliseconds."""

    time_ms: int
    track_ids: tuple[str, ...]
    session_id: str = ""


class Session(msgspec.Struct, frozen=True, array_like=True):
    """One listener's state: events and turns oldest first, how far it has read each topic, and what was offered."""

    listener_id: str
    events: tuple[SessionEvent, ...] = ()
    turns: tuple[SessionTurn, ...] = ()
    seen: tuple[Position, ...] = ()
    # The newest turn that no longer has a place.
    dropped: Key | None = None
    # The newest lists that answered turns, oldest first.
    offered: tuple[Offer, ...] = ()

    def position(self, topic: str) -> Position | None:
        """How far the state has read the topic, if at all."""
        return next((position for position in self.seen if position.topic == topic), None)


class FoldRules(msgspec.Struct, frozen=True):
    """What time may do: how late or early an event may be, and when an idle listener is forgotten."""

    lateness: timedelta = timedelta(hours=24)
    clock_skew: timedelta = timedelta(minutes=1)
    idle_expiry: timedelta = timedelta(days=30)


def apply(session: Session, event: ListeningEvent, at: Position, rules: FoldRules) -> Session:
    """Return the session after one valid event read at this position.

    The same event applied twice changes nothing. Raises FutureEvent when it is dated after its record, and LateEvent
    when it is older than the listener's newest event by more than the lateness.
    """
    if _already_read(session, at):
        return session
    time_ms = _accepted_ms(event.event_time, at, rules)
    events = () if _was_idle(session, at, rules) else session.events
    refuse_late(time_ms, events[-1].time_ms if events else time_ms, rules.lateness)
    entry = SessionEvent(
        time_ms=time_ms,
        event_id=event.event_id,
        track_id=_shared(event.track_id),
        action_number=_ACTIONS.index(event.action),
        session_id=_shared(event.session_id),
        position_seconds=event.position_seconds,
    )
    if entry.event_id not in [known.event_id for known in events]:
        events = _inserted(events, entry)[-MAX_EVENTS:]
    return msgspec.structs.replace(session, events=events, seen=_advance(session, at))


def _inserted(events: tuple[SessionEvent, ...], entry: SessionEvent) -> tuple[SessionEvent, ...]:
    """Return the events with one more in its place by time and id, which is nearly always the last."""
    place = len(events)
    while place and (events[place - 1].time_ms, events[place - 1].event_id) > (entry.time_ms, entry.event_id):
        place -= 1
    return *events[:place], entry, *events[place:]


def apply_turn(session: Session, turn: ChatTurn, at: Position, rules: FoldRules) -> Session:
    """Return the session after one valid turn read at this position; the same promises and errors as `apply`."""
    if _already_read(session, at):
        return session
    time_ms = _accepted_ms(turn.event_time, at, rules)
    turns, dropped = ((), None) if _was_idle(session, at, rules) else (session.turns, session.dropped)
    refuse_late(time_ms, turns[-1].time_ms if turns else time_ms, rules.lateness)
    entry = SessionTurn(time_ms=time_ms, turn_id=turn.turn_id, text=turn.text, session_id=turn.session_id)
    has_place = dropped is None or entry.key > dropped
    if has_place and all(known.turn_id != entry.turn_id for known in turns):
        every = sorted((*turns, entry), key=lambda known: known.key)
        turns = _newest_turns(every)
        dropped = every[-len(turns) - 1].key if len(turns) < len(every) else dropped
    return msgspec.structs.replace(session, turns=turns, dropped=dropped, seen=_advance(session, at))


def offer(session: Session, offered: Offer) -> Session:
    """Return the session after a turn was answered with a list; the newest MAX_OFFERS stay, one for each time."""
    kept = [known for known in session.offered if known.time_ms != offered.time_ms]
    shown = msgspec.structs.replace(offered, track_ids=offered.track_ids[:MAX_OFFERED_TRACKS])
    newest = sorted((*kept, shown), key=lambda each: each.time_ms)[-MAX_OFFERS:]
    return msgspec.structs.replace(session, offered=tuple(newest))


def is_idle(session: Session, now_ms: int, rules: FoldRules) -> bool:
    """Whether every topic was silent so long that the next event starts anew, and the state may be deleted."""
    return all(_silent(known, now_ms, rules) for known in session.seen)


def disliked(session: Session) -> set[str]:
    """Return the tracks whose newest judgement in the session is a dislike."""
    # By number, because a message may carry a number that names no action.
    newest = {event.track_id: event.action_number for event in session.events if event.action_number in _JUDGEMENTS}
    return {track_id for track_id, judgement in newest.items() if judgement == _DISLIKED}


def snapshot(session: Session) -> SessionSnapshot:
    """Return the session in the schema's own words."""
    listener_id = session.listener_id
    return SessionSnapshot(
        listener_id=listener_id,
        events=tuple(
            ListeningEvent(
                event_id=event.event_id,
                listener_id=listener_id,
                session_id=event.session_id,
                track_id=event.track_id,
                action=event.action,
                event_time=from_ms(event.time_ms),
                position_seconds=event.position_seconds,
            )
            for event in session.events
        ),
        turns=tuple(
            ChatTurn(
                turn_id=turn.turn_id,
                listener_id=listener_id,
                session_id=turn.session_id,
                text=turn.text,
                event_time=from_ms(turn.time_ms),
            )
            for turn in session.turns
        ),
        seen=seen_offsets(session),
    )


def seen_offsets(session: Session) -> tuple[SourceOffset, ...]:
    """The newest position of each topic that the session has folded in."""
    return tuple(SourceOffset(topic=at.topic, partition=at.partition, offset=at.offset) for at in session.seen)


def encode(session: Session) -> bytes:
    """Return the session as bytes, for the table and for the recommender."""
    return msgspec.msgpack.encode(session)


def decode(value: bytes) -> Session:
    """Return the session that the bytes hold. Raises MalformedMessage."""
    try:
        return msgspec.msgpack.decode(value, type=Session)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessage(Violation("session", str(error))) from error


def to_ms(time: datetime) -> int:
    """Return a time in Unix milliseconds, rounded down."""
    return (time - _EPOCH) // timedelta(milliseconds=1)


def from_ms(time_ms: int) -> datetime:
    """Return Unix milliseconds as a time in UTC."""
    return _EPOCH + timedelta(milliseconds=time_ms)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=16_384)
def _shared(text: str) -> str:
    """Return one string for all that are equal: many listeners play a track, one listener's events share a session.

    Bounded, unlike interning: in Python 3.12 an interned string may stay for ever.
    """
    return text


def _already_read(session: Session, at: Position) -> bool:
    known = session.position(at.topic)
    return known is not None and known.partition == at.partition and known.offset >= at.offset


def _accepted_ms(event_time: datetime | None, at: Position, rules: FoldRules) -> int:
    assert event_time is not None, "validation comes before the fold"
    time_ms = to_ms(event_time)
    refuse_future(time_ms, at.record_ms, rules.clock_skew)
    return time_ms


def _was_idle(session: Session, at: Position, rules: FoldRules) -> bool:
    """Whether this topic was silent about the listener so long that what it told before is forgotten.

    Each topic looks at its own records alone, so that the order in which topics are read changes nothing.
    """
    known = session.position(at.topic)
    return known is not None and _silent(known, at.record_ms, rules)


def _silent(known: Position, now_ms: int, rules: FoldRules) -> bool:
    return now_ms - known.record_ms > rules.idle_expiry.total_seconds() * 1_000


def _advance(session: Session, at: Position) -> tuple[Position, ...]:
    return tuple(sorted((*(known for known in session.seen if known.topic != at.topic), at), key=lambda p: p.topic))


def _newest_turns(turns: list[SessionTurn]) -> tuple[SessionTurn, ...]:
    """Keep the newest turns within both bounds; the newest one always stays."""
    kept: list[SessionTurn] = []
    characters = 0
    for turn in reversed(turns[-MAX_TURNS:]):
        characters += len(turn.text)
        if kept and characters > MAX_TURN_CHARACTERS:
            break
        kept.append(turn)
    return tuple(reversed(kept))
