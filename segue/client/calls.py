"""What each call sends and how its answer reads: pure, the same for the blocking and the asyncio client.

Knows no channel. Every call here is safe to repeat: what lacks the id that makes it so gets one before it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from google.protobuf import message
from grpc_health.v1 import health_pb2

from segue.catalog import Track, TrackDescription
from segue.errors import MalformedMessage, Violation
from segue.events import Filters, ListeningEvent, PlaylistEvent, SourceOffset
from segue.ids import new_id
from segue.protobuf import from_protobuf, to_protobuf
from segue.recommendations import Explanation, RecommendationList, SessionSnapshot
from segue.v1 import events_pb2, services_pb2, tracks_pb2

A = TypeVar("A")
P = TypeVar("P", bound=message.Message)
E = TypeVar("E", ListeningEvent, PlaylistEvent)

SERVICES = tuple(service.full_name for service in services_pb2.DESCRIPTOR.services_by_name.values())


@dataclass(frozen=True, slots=True)
class Call(Generic[A]):
    """One call: where it goes, what it sends, and what its answer, or each part of it, reads as."""

    path: str
    request: message.Message
    response: type[message.Message]
    read: Callable[[Any], A]


def recommend(
    listener_id: str, session_id: str, count: int, filters: Filters | None, seed_track_ids: Iterable[str]
) -> Call[RecommendationList]:
    """Tracks for a listener, now."""
    request = _sent(
        services_pb2.RecommendRequest,
        listener_id=listener_id,
        session_id=session_id,
        count=count,
        filters=_filters(filters),
        seed_track_ids=_ids(seed_track_ids, "seed_track_ids"),
    )
    path = "/segue.v1.RecommendationService/Recommend"
    return Call(path, request, services_pb2.RecommendResponse, _read_list)


def converse(
    listener_id: str, text: str, session_id: str, turn_id: str, count: int, filters: Filters | None
) -> Call[RecommendationList | str]:
    """Say something; the answer's parts are the list, then pieces of the reply."""
    request = _sent(
        services_pb2.ConverseRequest,
        listener_id=listener_id,
        session_id=session_id,
        turn_id=turn_id or new_id(),
        text=text,
        count=count,
        filters=_filters(filters),
    )
    path = "/segue.v1.RecommendationService/Converse"
    return Call(path, request, services_pb2.ConverseResponse, _read_part)


def explain(listener_id: str, track_id: str, session_id: str, filters: Filters | None) -> Call[Explanation]:
    """Why a track is where it is for a listener now."""
    request = _sent(
        services_pb2.ExplainRequest,
        listener_id=listener_id,
        session_id=session_id,
        track_id=track_id,
        filters=_filters(filters),
    )
    path = "/segue.v1.RecommendationService/Explain"
    return Call(path, request, services_pb2.ExplainResponse, _read_explanation)


def watch(listener_id: str) -> Call[RecommendationList]:
    """Every new list of a listener from now on."""
    request = _sent(services_pb2.WatchRecommendationsRequest, listener_id=listener_id)
    path = "/segue.v1.RecommendationService/WatchRecommendations"
    return Call(path, request, services_pb2.WatchRecommendationsResponse, _read_list)


def record_events(events: Iterable[ListeningEvent | PlaylistEvent]) -> Call[tuple[SourceOffset, ...]]:
    """Write events to the log; the answer is the newest position written in each partition."""
    request = services_pb2.RecordEventsRequest()
    for event in events:
        if isinstance(event, ListeningEvent):
            request.listening_events.append(to_protobuf(_identified(event), events_pb2.ListeningEvent))
        else:
            request.playlist_events.append(to_protobuf(_identified(event), events_pb2.PlaylistEvent))
    path = "/segue.v1.SessionService/RecordEvents"
    return Call(path, request, services_pb2.RecordEventsResponse, _read_written)


def get_session(listener_id: str) -> Call[SessionSnapshot]:
    """The listener's recent past, as the recommender sees it."""
    request = _sent(services_pb2.GetSessionRequest, listener_id=listener_id)
    path = "/segue.v1.SessionService/GetSession"
    return Call(path, request, services_pb2.GetSessionResponse, _read_session)


def upsert_tracks(tracks: Iterable[Track], removed_track_ids: Iterable[str]) -> Call[tuple[SourceOffset, ...]]:
    """Write and remove tracks; the answer is the newest position written in each partition."""
    request = _sent(
        services_pb2.UpsertTracksRequest,
        tracks=[to_protobuf(track, tracks_pb2.Track) for track in tracks],
        removed_track_ids=_ids(removed_track_ids, "removed_track_ids"),
    )
    path = "/segue.v1.CatalogService/UpsertTracks"
    return Call(path, request, services_pb2.UpsertTracksResponse, _read_written)


def get_track(track_id: str) -> Call[TrackDescription]:
    """What the recommender knows of a track now."""
    path = "/segue.v1.CatalogService/GetTrack"
    request = _sent(services_pb2.GetTrackRequest, track_id=track_id)
    return Call(path, request, services_pb2.GetTrackResponse, _read_track)


def health(service: str) -> Call[str]:
    """The serving status of one service, or with an empty name of the whole gateway: SERVING or NOT_SERVING."""
    request = health_pb2.HealthCheckRequest(service=service)
    return Call("/grpc.health.v1.Health/Check", request, health_pb2.HealthCheckResponse, _read_health)


def whole(parts: Iterable[RecommendationList | str]) -> RecommendationList:
    """Return the list of a conversation's parts, its reply joined from the pieces."""
    pieces: list[str] = []
    answer = RecommendationList()
    for part in parts:
        if isinstance(part, RecommendationList):
            answer = part
        else:
            pieces.append(part)
    return msgspec.structs.replace(answer, reply_text="".join(pieces))


def _sent(kind: type[P], **fields: object) -> P:
    """Return the request. Raises MalformedMessage that names the field whose value protobuf cannot hold."""
    request = kind()
    for name, value in fields.items():
        try:
            request.MergeFrom(kind(**{name: value}))
        except (TypeError, ValueError) as error:
            raise MalformedMessage(Violation(name, f"cannot be sent: {error}")) from error
    return request


def _ids(given: Iterable[str], name: str) -> list[str]:
    """Return ids as a list. Raises MalformedMessage for a lone text: its letters are no ids."""
    if isinstance(given, str):
        raise MalformedMessage(Violation(name, f"is the text {given!r}; give a list of ids"))
    return list(given)


def _identified(event: E) -> E:
    return event if event.event_id else msgspec.structs.replace(event, event_id=new_id())


def _filters(filters: Filters | None) -> events_pb2.Filters | None:
    return None if filters is None else to_protobuf(filters, events_pb2.Filters)


def _read_list(
    response: services_pb2.RecommendResponse | services_pb2.WatchRecommendationsResponse,
) -> RecommendationList:
    return from_protobuf(response.recommendations, RecommendationList)


def _read_explanation(response: services_pb2.ExplainResponse) -> Explanation:
    return from_protobuf(response.explanation, Explanation)


def _read_part(response: services_pb2.ConverseResponse) -> RecommendationList | str:
    if response.WhichOneof("part") == "reply_text":
        return response.reply_text
    return from_protobuf(response.recommendations, RecommendationList)


def _read_written(
    response: services_pb2.RecordEventsResponse | services_pb2.UpsertTracksResponse,
) -> tuple[SourceOffset, ...]:
    return tuple(from_protobuf(position, SourceOffset) for position in response.written)


def _read_session(response: services_pb2.GetSessionResponse) -> SessionSnapshot:
    return from_protobuf(response.session, SessionSnapshot)


def _read_track(response: services_pb2.GetTrackResponse) -> TrackDescription:
    return from_protobuf(response.track, TrackDescription)


def _read_health(response: health_pb2.HealthCheckResponse) -> str:
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(response.status))
