"""What a call answers: Segue's structs to protobuf, and the list that is given when no answer came. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from segue.errors import RequestFailed
from segue.events import DEFAULT_COUNT, ChatTurn, Filters, SourceOffset
from segue.popularity import Popularity
from segue.protobuf import to_protobuf
from segue.ranking import Query, Ranking
from segue.recommendations import RecommendationCause, RecommendationList
from segue.v1 import events_pb2, recommendations_pb2, services_pb2, tracks_pb2
from services.gateway.handlers import Question

# Characters; a piece of a reply ends with the word that passes this.
PIECE_LENGTH = 24


def track_response(query: Query, answer: Ranking) -> services_pb2.GetTrackResponse:
    """Return the description of the track. Raises RequestFailed, NOT_FOUND, where the model knows none."""
    if answer.described is None:
        raise RequestFailed("NOT_FOUND", f"there is no track {query.about!r}, or it was removed")
    return services_pb2.GetTrackResponse(track=to_protobuf(answer.described, tracks_pb2.TrackDescription))


def degraded(question: Question, popular: Popularity, why: str, request_id: str, now: datetime) -> RecommendationList:
    """Return the popular list as the answer to a question that nobody answered in time."""
    is_turn = isinstance(question, ChatTurn)
    filters = question.filters or Filters()
    unheard = "; what the listener has heard is unknown and was not left out" if filters.exclude_heard else ""
    return RecommendationList(
        recommendation_id=f"gateway-{request_id}",
        listener_id=question.listener_id,
        session_id=question.session_id,
        cause=RecommendationCause.CHAT if is_turn else RecommendationCause.REQUEST,
        tracks=popular.top(question.count or DEFAULT_COUNT, filters),
        degraded=True,
        degraded_reason=f"{why}{unheard}",
        event_time=question.event_time,
        created_at=now,
        request_id=request_id,
        turn_id=question.turn_id if isinstance(question, ChatTurn) else "",
    )


def list_response(answer: RecommendationList) -> recommendations_pb2.RecommendationList:
    """Return the list as protobuf."""
    return to_protobuf(answer, recommendations_pb2.RecommendationList)


def session_response(answer: RecommendationList) -> services_pb2.GetSessionResponse:
    """Return the session of an answer to a session request; a listener never heard of has an empty one."""
    session = (
        to_protobuf(answer.session, recommendations_pb2.Session)
        if answer.session
        else recommendations_pb2.Session(listener_id=answer.listener_id)
    )
    return services_pb2.GetSessionResponse(session=session)


def explain_response(answer: RecommendationList, track_id: str) -> services_pb2.ExplainResponse:
    """Return the explanation that an answer holds.

    Raises RequestFailed: UNAVAILABLE when the model did not answer in time, NOT_FOUND when there is no such track.
    """
    if answer.degraded:
        raise RequestFailed("UNAVAILABLE", f"nothing can be explained now: {answer.degraded_reason}")
    if answer.explanation is None:
        raise RequestFailed("NOT_FOUND", f"there is no track {track_id!r} that may be recommended")
    return services_pb2.ExplainResponse(
        explanation=to_protobuf(answer.explanation, recommendations_pb2.Explanation),
        seen=written(answer.seen),
        model_version=answer.model_version,
        token_version=answer.token_version,
    )


def conversation_parts(answer: RecommendationList) -> Iterator[services_pb2.ConverseResponse]:
    """Yield the list, then the reply in pieces of a few words."""
    yield services_pb2.ConverseResponse(recommendations=list_response(answer))
    for piece in pieces(answer.reply_text):
        yield services_pb2.ConverseResponse(reply_text=piece)


def pieces(text: str) -> Iterator[str]:
    """Yield the text in pieces that join to it, each ending between words where it can."""
    start = 0
    while start < len(text):
        space = text.find(" ", start + PIECE_LENGTH)
        end = len(text) if space < 0 else space + 1
        yield text[start:end]
        start = end


def written(positions: Iterable[SourceOffset]) -> tuple[events_pb2.SourceOffset, ...]:
    """Return the newest of the positions in each partition, as protobuf."""
    newest: dict[tuple[str, int], SourceOffset] = {}
    for position in sorted(positions, key=lambda position: position.offset):
        newest[position.topic, position.partition] = position
    return tuple(to_protobuf(newest[place], events_pb2.SourceOffset) for place in sorted(newest))
