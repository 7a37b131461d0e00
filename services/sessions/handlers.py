"""What a record means: which state follows from it, and what there is to answer.

Pure: reads no clock, opens nothing, awaits nothing. `stream.py` brings records and carries out what is returned here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import structlog

from segue import session as sessions
from segue import wire
from segue.errors import InvalidMessage, MalformedMessage, UnexpectedError, Violation
from segue.events import (
    DEFAULT_COUNT,
    ChatTurn,
    Filters,
    ListeningEvent,
    ReplyTo,
    SourceOffset,
    validate_chat_turn,
    validate_listening_event,
)
from segue.popularity import ArtistLimit, Popularity
from segue.ranking import Query, Ranking
from segue.recommendations import (
    RecommendationCause,
    RecommendationList,
    RecommendationRequest,
    RecommendedTrack,
    validate_request,
)
from segue.session import FoldRules, Offer, Position, Session
from services.runtime.acknowledgement import Place
from services.runtime.record import PartitionOf, Record, refuse_other_partition
from services.runtime.topology import CHAT_TURNS, LISTENING_EVENTS

log = structlog.get_logger()

Incoming = ListeningEvent | ChatTurn | RecommendationRequest


class Task(msgspec.Struct, frozen=True):
    """One answer that is owed. `covers` are the records done once it is given, `record` is the newest."""

    session: Session
    cause: RecommendationCause
    source: SourceOffset
    covers: tuple[Place, ...]
    record: Record
    event_time: datetime | None = None
    session_id: str = ""
    count: int = DEFAULT_COUNT
    filters: Filters = Filters()
    seed_track_ids: tuple[str, ...] = ()
    utterance: str = ""
    reply_to: ReplyTo | None = None
    after: tuple[SourceOffset, ...] = ()
    request_id: str = ""
    turn_id: str = ""
    session_only: bool = False
    explain_track_id: str = ""

    @property
    def listener_id(self) -> str:
        """Whose answer it is."""
        return self.session.listener_id

    def names(self) -> dict[str, str | int]:
        """What logs call it: as its newest record."""
        return self.record.names()

    @property
    def deadline(self) -> datetime | None:
        """When nobody waits any more, where somebody waits."""
        return self.reply_to.deadline if self.reply_to else None


class Accepted(msgspec.Struct, frozen=True):
    """A record that counts: the answer it calls for, with the listener's state after it, and whether to keep that."""

    task: Task
    changes_state: bool


class Refused(msgspec.Struct, frozen=True):
    """A record for the dead letters."""

    error: InvalidMessage


def take_in(record: Record, known: Session | None, rules: FoldRules, partition_of: PartitionOf) -> Accepted | Refused:
    """Return what follows from a record, given the known state of the listener in its key."""
    try:
        message = read(record)
        refuse_other_partition(record, partition_of)
        after = fold(known or Session(message.listener_id), message, record, rules)
        return Accepted(owed(after, message, record), not isinstance(message, RecommendationRequest))
    except InvalidMessage as error:
        return Refused(error)
    except Exception as error:
        # The one place that catches whatever a record may do: it costs its sender a dead letter, nobody else anything.
        log.exception("record failed", **record.names())
        return Refused(UnexpectedError(Violation("", f"{type(error).__name__}: {error}")))


def read(record: Record) -> Incoming:
    """Return the valid message that the record holds. Raises InvalidMessage."""
    message: Incoming
    if record.topic == LISTENING_EVENTS.name:
        message = wire.decode(record.value, ListeningEvent)
        validate_listening_event(message)
    elif record.topic == CHAT_TURNS.name:
        message = wire.decode(record.value, ChatTurn)
        validate_chat_turn(message)
    else:
        message = wire.decode(record.value, RecommendationRequest)
        validate_request(message)
    if record.key != message.listener_id.encode():
        raise MalformedMessage(
            Violation("key", f"is {record.key!r}; it must be the listener_id, so that one writer owns the listener")
        )
    return message


def fold(session: Session, message: Incoming, record: Record, rules: FoldRules) -> Session:
    """Return the listener's state after the message. Raises LateEvent and FutureEvent; requests change nothing."""
    at = Position(record.topic, record.partition, record.offset, record.time_ms)
    if isinstance(message, ListeningEvent):
        return sessions.apply(session, message, at, rules)
    if isinstance(message, ChatTurn):
        return sessions.apply_turn(session, message, at, rules)
    return session


def owed(session: Session, message: Incoming, record: Record) -> Task:
    """Return the answer that the message calls for."""
    source = SourceOffset(record.topic, record.partition, record.offset)
    common = Task(
        session=session,
        cause=RecommendationCause.LISTENING,
        source=source,
        covers=(record.place,),
        record=record,
        event_time=message.event_time,
        session_id=message.session_id,
    )
    if isinstance(message, ListeningEvent):
        return msgspec.structs.replace(common, source=_newest_seen(session, source))
    asked = msgspec.structs.replace(
        common,
        count=message.count or DEFAULT_COUNT,
        filters=message.filters or Filters(),
        reply_to=message.reply_to,
        after=message.after,
    )
    if isinstance(message, ChatTurn):
        return msgspec.structs.replace(
            asked, cause=RecommendationCause.CHAT, utterance=message.text, turn_id=message.turn_id
        )
    return msgspec.structs.replace(
        asked,
        cause=RecommendationCause.REQUEST,
        request_id=message.request_id,
        seed_track_ids=message.seed_track_ids,
        session_only=message.session_only,
        explain_track_id=message.explain_track_id,
    )


def _newest_seen(session: Session, source: SourceOffset) -> SourceOffset:
    """Where the newest listening event of the state lies: on a replay, further on than the record that is read again.

    An answer to that state was given an id made from there, so what is given again carries the same one.
    """
    position = session.position(source.topic)
    if position is None or position.partition != source.partition:
        return source
    return SourceOffset(source.topic, source.partition, max(source.offset, position.offset))


def query(task: Task) -> Query:
    """Return what the recommender is asked."""
    newest = [event.time_ms for event in task.session.events[-1:]] + [turn.time_ms for turn in task.session.turns[-1:]]
    now_ms = sessions.to_ms(task.event_time) if task.event_time else 0
    return Query(
        session=msgspec.structs.replace(task.session, offered=()),
        now_ms=max([now_ms, *newest]),
        count=task.count,
        filters=task.filters,
        seed_track_ids=task.seed_track_ids,
        offered=task.session.offered,
        utterance=task.utterance,
        explain_track_id=task.explain_track_id,
    )


def offered(task: Task, ranking: Ranking) -> Offer | None:
    """Return what the listener will have before them once a turn is answered; None where nothing new is offered."""
    if task.cause is not RecommendationCause.CHAT or task.event_time is None or not ranking.is_offer:
        return None
    tracks = tuple(track.track_id for track in ranking.tracks)
    return Offer(sessions.to_ms(task.event_time), tracks, task.session_id) if tracks else None


def answer(task: Task, ranking: Ranking, now: datetime) -> RecommendationList:
    """Return the model's answer: tracks, or where one's place is asked about its explanation alone."""
    return msgspec.structs.replace(
        _addressed(task, now),
        tracks=() if task.explain_track_id else ranking.tracks,
        explanation=ranking.explanation,
        reply_text=ranking.reply_text,
        model_version=ranking.model_version,
        token_version=ranking.token_version,
    )


def degraded_answer(
    task: Task, last: Sequence[RecommendedTrack], popular: Popularity, reason: str, now: datetime
) -> RecommendationList:
    """Return what can be said without the model: what the filters allow of the last list, then what is popular."""
    filters = _with_dislikes(task.filters, task.session)
    heard = {event.track_id for event in task.session.events}
    allowed = _allowed(last, filters, heard)[: task.count]
    tracks = (*allowed, *popular.top(task.count - len(allowed), filters, heard, before=allowed))
    return msgspec.structs.replace(_addressed(task, now), tracks=tracks, degraded=True, degraded_reason=reason)


def session_answer(task: Task, now: datetime) -> RecommendationList:
    """Return the listener's session, and no tracks."""
    return msgspec.structs.replace(_addressed(task, now), session=sessions.snapshot(task.session))


def _addressed(task: Task, now: datetime) -> RecommendationList:
    source = task.source
    return RecommendationList(
        recommendation_id=f"{source.topic}-{source.partition}-{source.offset}",
        listener_id=task.listener_id,
        session_id=task.session_id,
        cause=task.cause,
        seen=_seen(task),
        event_time=task.event_time,
        created_at=now,
        request_id=task.request_id,
        turn_id=task.turn_id,
    )


def _seen(task: Task) -> tuple[SourceOffset, ...]:
    folded = sessions.seen_offsets(task.session)
    return folded if any(offset.topic == task.source.topic for offset in folded) else (*folded, task.source)


def _with_dislikes(filters: Filters, session: Session) -> Filters:
    disliked = sorted(sessions.disliked(session))
    return msgspec.structs.replace(filters, exclude_track_ids=(*filters.exclude_track_ids, *disliked))


def _allowed(tracks: Sequence[RecommendedTrack], filters: Filters, heard: set[str]) -> list[RecommendedTrack]:
    """What of a list the filters allow, as far as it tells: not what is explicit, or may be played where."""
    if filters.exclude_explicit or filters.market:
        return []
    limit = ArtistLimit(filters.max_per_artist)
    excluded = {*filters.exclude_track_ids, *(heard if filters.exclude_heard else ())}
    return [
        track
        for track in tracks
        if track.track_id not in excluded
        and set(track.artists).isdisjoint(filters.exclude_artists)
        and limit.takes(track.artists)
    ]
