"""The gRPC services, thin: what each call waits for.

What a call means is in `handlers.py`, what surrounds every call in `interceptor.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

from segue.errors import RecommenderUnavailable, RequestFailed
from segue.ids import new_id
from segue.popularity import Popularity
from segue.recommendations import RecommendationList
from segue.v1 import services_pb2, services_pb2_grpc
from services.gateway import handlers, responses
from services.gateway.desk import Desk
from services.gateway.feed import Feed
from services.gateway.handlers import Question
from services.gateway.interceptor import Context, request_id
from services.gateway.metrics import DEGRADED
from services.gateway.publisher import Publisher
from services.runtime.recommender import Recommender
from services.runtime.settings import LONGEST_WAIT, Settings

# What an answer may need on its way back to the caller: seconds, and a share of a short deadline.
MARGIN = 0.05
MARGIN_SHARE = 0.2
# Seconds; how long a write waits whose caller set no deadline.
WRITE_PATIENCE = 10.0
# Why a question has no answer though nothing is wrong with it.
UNANSWERED = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED")


class RecommendationApi(services_pb2_grpc.RecommendationServiceServicer):
    """Recommendations, asked for or watched."""

    def __init__(self, settings: Settings, desk: Desk, feed: Feed, popular: Popularity) -> None:
        self._default = settings.default_deadline.total_seconds()
        self._desk = desk
        self._feed = feed
        self._popular = popular

    async def Recommend(
        self, request: services_pb2.RecommendRequest, context: Context
    ) -> services_pb2.RecommendResponse:
        """Tracks now; the popular ones when nothing better came in time."""
        question = handlers.recommendation_request(request, request_id(), _now())
        try:
            answer = await self._desk.ask(question, request_id(), _patience(context, self._default))
        except RequestFailed as error:
            if error.status not in UNANSWERED:
                raise
            answer = self._popular_list(question, error)
        _count_degraded("Recommend", answer)
        return services_pb2.RecommendResponse(recommendations=responses.list_response(answer))

    async def Converse(
        self, request: services_pb2.ConverseRequest, context: Context
    ) -> AsyncGenerator[services_pb2.ConverseResponse]:
        """The tracks, then the reply; the popular tracks when the turn lies in the log and no answer came in time."""
        turn = handlers.chat_turn(request, request_id(), _now())
        try:
            answer = await self._desk.ask(turn, request_id(), _patience(context, self._default))
        except RequestFailed as error:
            if error.status != "DEADLINE_EXCEEDED":
                raise
            answer = self._popular_list(turn, error)
        _count_degraded("Converse", answer)
        for part in responses.conversation_parts(answer):
            yield part

    async def Explain(self, request: services_pb2.ExplainRequest, context: Context) -> services_pb2.ExplainResponse:
        """Why a track is where it is now; nothing stands in for that when no answer came in time."""
        question = handlers.explain_request(request, request_id(), _now())
        answer = await self._desk.ask(question, request_id(), _patience(context, self._default))
        return responses.explain_response(answer, request.track_id)

    async def WatchRecommendations(
        self, request: services_pb2.WatchRecommendationsRequest, context: Context
    ) -> AsyncGenerator[services_pb2.WatchRecommendationsResponse]:
        """Every new list of the listener; the initial metadata says that the watch has begun."""
        async with self._feed.watching(handlers.watched_listener(request)) as watcher:
            await context.send_initial_metadata(())
            while True:
                recommendations = responses.list_response(await watcher.get())
                yield services_pb2.WatchRecommendationsResponse(recommendations=recommendations)

    def _popular_list(self, question: Question, error: RequestFailed) -> RecommendationList:
        return responses.degraded(question, self._popular, str(error), request_id(), _now())


class SessionApi(services_pb2_grpc.SessionServiceServicer):
    """What listeners do, in and out."""

    def __init__(self, settings: Settings, desk: Desk, publisher: Publisher) -> None:
        self._default = settings.default_deadline.total_seconds()
        self._clock_skew = settings.clock_skew
        self._desk = desk
        self._publisher = publisher

    async def RecordEvents(
        self, request: services_pb2.RecordEventsRequest, context: Context
    ) -> services_pb2.RecordEventsResponse:
        """Write the events; done when the broker has acknowledged every one."""
        records = handlers.event_records(request, _now(), self._clock_skew, new_id)
        positions = await self._publisher.write(records, _patience(context, WRITE_PATIENCE))
        return services_pb2.RecordEventsResponse(written=responses.written(positions))

    async def GetSession(
        self, request: services_pb2.GetSessionRequest, context: Context
    ) -> services_pb2.GetSessionResponse:
        """The session as its one writer holds it."""
        question = handlers.session_request(request, request_id(), _now())
        answer = await self._desk.ask(question, request_id(), _patience(context, self._default))
        return responses.session_response(answer)


class CatalogApi(services_pb2_grpc.CatalogServiceServicer):
    """The tracks that exist: writes go to the log, and the model server says what it knows of one."""

    def __init__(self, settings: Settings, publisher: Publisher, model: Recommender) -> None:
        self._default = settings.default_deadline.total_seconds()
        self._publisher = publisher
        self._model = model

    async def UpsertTracks(
        self, request: services_pb2.UpsertTracksRequest, context: Context
    ) -> services_pb2.UpsertTracksResponse:
        """Write tracks and tombstones; done when the broker has acknowledged every one."""
        # A thousand tracks take a third of a second, which other calls need not wait for.
        records = await asyncio.to_thread(handlers.catalog_records, request)
        positions = await self._publisher.write(records, _patience(context, WRITE_PATIENCE))
        return services_pb2.UpsertTracksResponse(written=responses.written(positions))

    async def GetTrack(self, request: services_pb2.GetTrackRequest, context: Context) -> services_pb2.GetTrackResponse:
        """The track as the index that is served holds it."""
        query = handlers.track_query(request)
        try:
            (answer,) = await self._model.rank([query], _patience(context, self._default))
        except RecommenderUnavailable as error:
            raise RequestFailed("UNAVAILABLE", f"the model server does not answer: {error}") from error
        return responses.track_response(query, answer)


def _patience(context: Context, default: float) -> float:
    """Return how many seconds may be waited, so that the answer reaches the caller in time; never for long."""
    remaining = context.time_remaining()
    seconds = min(LONGEST_WAIT.total_seconds(), default if remaining is None else remaining)
    return max(0.0, seconds - min(MARGIN, MARGIN_SHARE * seconds))


def _count_degraded(method: str, answer: RecommendationList) -> None:
    if answer.degraded:
        DEGRADED.labels(method, "gateway" if answer.recommendation_id.startswith("gateway-") else "sessions").inc()


def _now() -> datetime:
    return datetime.now(UTC)
