"""What a call means: protobuf to Segue's structs, and what is published.

Pure: opens nothing, awaits nothing, reads no clock. What is checked here is what the stream services check of messages
that skip the gateway, so both ways into the log refuse the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from segue import wire
from segue.catalog import Track, validate_track
from segue.errors import InvalidMessage, Violation
from segue.events import (
    ChatTurn,
    Filters,
    ListeningEvent,
    PlaylistEvent,
    ReplyTo,
    SourceOffset,
    id_violations,
    validate_chat_turn,
    validate_listening_event,
    validate_playlist_event,
)
from segue.protobuf import from_protobuf
from segue.ranking import Query
from segue.recommendations import (
    RecommendationRequest,
    validate_request,
)
from segue.session import Session
from segue.v1 import events_pb2, services_pb2
from services.runtime.topology import (
    CATALOG,
    CHAT_TURNS,
    LISTENING_EVENTS,
    MAX_MESSAGE_BYTES,
    PLAYLIST_EVENTS,
    REQUESTS,
    Topic,
)

MAX_BATCH = 1_000
# What Kafka adds to a key and a value, at most: a batch's header of 61 bytes, and lengths.
FRAMING_BYTES = 128

Question = RecommendationRequest | ChatTurn
Event = TypeVar("Event", ListeningEvent, PlaylistEvent)


@dataclass(frozen=True, slots=True)
class Record:
    """One record for the log. A value of None is a tombstone."""

    topic: str
    key: bytes
    value: bytes | None


def recommendation_request(
    request: services_pb2.RecommendRequest, request_id: str, now: datetime
) -> RecommendationRequest:
    """Return the question that a Recommend call asks. Raises InvalidMessage."""
    asked = from_protobuf(request, RecommendationRequest)
    question = msgspec.structs.replace(asked, request_id=request_id, event_time=now)
    validate_request(question)
    return question


def session_request(request: services_pb2.GetSessionRequest, request_id: str, now: datetime) -> RecommendationRequest:
    """Return the question that a GetSession call asks. Raises InvalidMessage."""
    question = RecommendationRequest(
        request_id=request_id, listener_id=request.listener_id, event_time=now, session_only=True
    )
    validate_request(question)
    return question


def explain_request(request: services_pb2.ExplainRequest, request_id: str, now: datetime) -> RecommendationRequest:
    """Return the question that an Explain call asks. Raises InvalidMessage."""
    if violations := tuple(id_violations("track_id", request.track_id)):
        raise InvalidMessage(*violations)
    question = RecommendationRequest(
        request_id=request_id,
        listener_id=request.listener_id,
        session_id=request.session_id,
        event_time=now,
        count=1,
        filters=from_protobuf(request.filters, Filters) if request.HasField("filters") else None,
        explain_track_id=request.track_id,
    )
    validate_request(question)
    return question


def chat_turn(request: services_pb2.ConverseRequest, request_id: str, now: datetime) -> ChatTurn:
    """Return the turn that a Converse call says; without a turn id it gets the request's. Raises InvalidMessage."""
    said = from_protobuf(request, ChatTurn)
    turn = msgspec.structs.replace(said, turn_id=said.turn_id or request_id, event_time=now)
    validate_chat_turn(turn)
    return turn


def watched_listener(request: services_pb2.WatchRecommendationsRequest) -> str:
    """Return the listener that a WatchRecommendations call watches. Raises InvalidMessage."""
    if violations := tuple(id_violations("listener_id", request.listener_id)):
        raise InvalidMessage(*violations)
    return request.listener_id


def addressed(question: Question, reply_to: ReplyTo, after: tuple[SourceOffset, ...]) -> Record:
    """Return the record that asks the question, with where its answer goes and what the answer must have seen."""
    message = msgspec.structs.replace(question, reply_to=reply_to, after=after)
    topic = CHAT_TURNS if isinstance(question, ChatTurn) else REQUESTS
    return Record(topic.name, question.listener_id.encode(), wire.encode(message))


def event_records(
    request: services_pb2.RecordEventsRequest, now: datetime, clock_skew: timedelta, new_id: Callable[[], str]
) -> tuple[Record, ...]:
    """Return the records of a RecordEvents call, in its order.

    An event without an id gets a new one; those without an event time get the gateway's, those of one listener or
    playlist a millisecond apart, for folds go by it. Raises InvalidMessage with every violation of every event.
    """
    _refuse_sizes("", len(request.listening_events) + len(request.playlist_events), "events")
    intake = _Intake(now, clock_skew, new_id)
    found: list[Violation] = []
    listening = _each("listening_events", request.listening_events, intake.listening, found)
    edits = _each("playlist_events", request.playlist_events, intake.edit, found)
    if found:
        raise InvalidMessage(*found)
    return (*listening, *edits)


def catalog_records(request: services_pb2.UpsertTracksRequest) -> tuple[Record, ...]:
    """Return the records of an UpsertTracks call: tracks, then tombstones for the removed. Raises InvalidMessage."""
    _refuse_sizes("", len(request.tracks) + len(request.removed_track_ids), "tracks and removed ids")

    def accept(track: Track) -> Record:
        validate_track(track)
        return _record(CATALOG, track.track_id, track)

    found: list[Violation] = []
    tracks = _each("tracks", request.tracks, lambda track: accept(from_protobuf(track, Track)), found)
    for index, track_id in enumerate(request.removed_track_ids):
        found.extend(id_violations(f"removed_track_ids[{index}]", track_id))
    if found:
        raise InvalidMessage(*found)
    return (
        *tracks,
        *(Record(CATALOG.name, track_id.encode(), None) for track_id in request.removed_track_ids),
    )


def track_query(request: services_pb2.GetTrackRequest) -> Query:
    """Return the question to the model that a GetTrack call asks. Raises InvalidMessage."""
    if violations := tuple(id_violations("track_id", request.track_id)):
        raise InvalidMessage(*violations)
    return Query(Session(""), about=request.track_id)


@dataclass(frozen=True, slots=True)
class _Intake:
    """Completes and checks the events of one call."""

    now: datetime
    clock_skew: timedelta
    new_id: Callable[[], str]
    undated: Counter[tuple[str, str]] = field(default_factory=Counter)

    def listening(self, message: events_pb2.ListeningEvent) -> Record:
        event = from_protobuf(message, ListeningEvent)
        return self._record(LISTENING_EVENTS, event.listener_id, event, validate_listening_event)

    def edit(self, message: events_pb2.PlaylistEvent) -> Record:
        event = from_protobuf(message, PlaylistEvent)
        return self._record(PLAYLIST_EVENTS, event.playlist_id, event, validate_playlist_event)

    def _record(self, topic: Topic, key: str, event: Event, validate: Callable[[Event], None]) -> Record:
        complete = msgspec.structs.replace(
            event,
            event_id=event.event_id or self.new_id(),
            event_time=event.event_time or self._next_moment(topic.name, key),
        )
        validate(complete)
        _refuse_future(complete, self.now, self.clock_skew)
        return _record(topic, key, complete)

    def _next_moment(self, topic: str, key: str) -> datetime:
        moment = self.now + timedelta(milliseconds=self.undated[topic, key])
        self.undated[topic, key] += 1
        return moment


P = TypeVar("P")


def _record(topic: Topic, key: str, message: msgspec.Struct) -> Record:
    """Return the message's record. Raises InvalidMessage when the log would refuse it: then nothing is written yet."""
    record = Record(topic.name, key.encode(), wire.encode(message))
    size = len(record.key) + len(record.value or b"") + FRAMING_BYTES
    if size > MAX_MESSAGE_BYTES:
        raise InvalidMessage(Violation("", f"takes {size} bytes in the log; at most {MAX_MESSAGE_BYTES} are allowed"))
    return record


def _each(name: str, messages: Iterable[P], accept: Callable[[P], Record], found: list[Violation]) -> list[Record]:
    """Return the records of what is accepted of a repeated field, and add the violations of the rest to those found."""
    accepted = []
    for index, message in enumerate(messages):
        try:
            accepted.append(accept(message))
        except InvalidMessage as error:
            place = f"{name}[{index}]"
            found.extend(
                Violation(f"{place}.{violation.field}" if violation.field else place, violation.description)
                for violation in error.violations
            )
    return accepted


def _refuse_sizes(field: str, size: int, what: str) -> None:
    if size > MAX_BATCH:
        raise InvalidMessage(Violation(field, f"has {size} {what}; send at most {MAX_BATCH} in one call"))


def _refuse_future(event: ListeningEvent | PlaylistEvent, now: datetime, clock_skew: timedelta) -> None:
    assert event.event_time is not None, "completed before"
    if event.event_time - now > clock_skew:
        ahead = (event.event_time - now).total_seconds()
        raise InvalidMessage(
            Violation("event_time", f"lies {ahead:.0f} s in the future; at most {clock_skew.total_seconds():.0f} s")
        )
