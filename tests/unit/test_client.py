"""What the client sends, reads, repeats and raises, in both of its kinds, against services in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field
from inspect import isasyncgen
from threading import Event
from types import GeneratorType
from typing import Any

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from segue.catalog import LiveCode, Track, TrackCode, TrackDescription
from segue.client import AsyncClient, Client, calls
from segue.errors import MalformedMessage, RequestFailed, Violation
from segue.events import Filters, ListeningAction, ListeningEvent, PlaylistAction, PlaylistEvent, SourceOffset
from segue.protobuf import to_protobuf
from segue.recommendations import Counterfactual, Explanation, RecommendationList, RecommendedTrack, SessionSnapshot
from segue.v1 import recommendations_pb2, services_pb2, services_pb2_grpc, tracks_pb2

LIST = RecommendationList(
    "id", "l", tracks=(RecommendedTrack("t", "Title", ("Artist",), 0.5),), reply_text="Hello you."
)
DESCRIBED = TrackDescription(
    Track("t", "Title"), recommendable=True, codes=(TrackCode("tags", 3, "calm"),), live=LiveCode(3), version=2
)
EXPLANATION = Explanation(LIST.tracks[0], 3, 40, (Counterfactual("Without your skip of X it would be at 14.", "x"),))
PROTO_LIST = to_protobuf(LIST, recommendations_pb2.RecommendationList)


@dataclass
class Services(
    services_pb2_grpc.RecommendationServiceServicer,
    services_pb2_grpc.SessionServiceServicer,
    services_pb2_grpc.CatalogServiceServicer,
):
    """Answers everything, remembers what it was asked, and fails as often as a test wants."""

    failures: list[grpc.StatusCode] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    refusal: status_pb2.Status | None = None
    cancelled: Event = field(default_factory=Event)
    hangs: bool = False

    def take(self, request: Any, context: grpc.ServicerContext) -> None:
        self.asked.append(request)
        context.set_trailing_metadata((("x-request-id", "r"),))
        if self.refusal:
            context.abort_with_status(rpc_status.to_status(self.refusal))
        if self.failures:
            context.abort(self.failures.pop(0), "not now")

    def Recommend(self, request: Any, context: grpc.ServicerContext) -> services_pb2.RecommendResponse:
        self.take(request, context)
        if self.hangs and context.add_callback(self.cancelled.set):
            self.cancelled.wait(10)
        return services_pb2.RecommendResponse(recommendations=PROTO_LIST)

    def Converse(self, request: Any, context: grpc.ServicerContext) -> Iterator[services_pb2.ConverseResponse]:
        self.take(request, context)
        yield services_pb2.ConverseResponse(recommendations=PROTO_LIST)
        for piece in ("Hello ", "you."):
            yield services_pb2.ConverseResponse(reply_text=piece)

    def Explain(self, request: Any, context: grpc.ServicerContext) -> services_pb2.ExplainResponse:
        self.take(request, context)
        return services_pb2.ExplainResponse(explanation=to_protobuf(EXPLANATION, recommendations_pb2.Explanation))

    def WatchRecommendations(self, request: Any, context: Any) -> Iterator[services_pb2.WatchRecommendationsResponse]:
        self.take(request, context)
        context.add_callback(self.cancelled.set)
        context.send_initial_metadata(())
        while context.is_active():
            yield services_pb2.WatchRecommendationsResponse(recommendations=PROTO_LIST)

    def RecordEvents(self, request: Any, context: grpc.ServicerContext) -> services_pb2.RecordEventsResponse:
        self.take(request, context)
        return services_pb2.RecordEventsResponse(written=[{"topic": "listening-events", "partition": 1, "offset": 2}])

    def GetSession(self, request: Any, context: grpc.ServicerContext) -> services_pb2.GetSessionResponse:
        self.take(request, context)
        return services_pb2.GetSessionResponse(session=recommendations_pb2.Session(listener_id=request.listener_id))

    def UpsertTracks(self, request: Any, context: grpc.ServicerContext) -> services_pb2.UpsertTracksResponse:
        self.take(request, context)
        return services_pb2.UpsertTracksResponse(written=[{"topic": "catalog", "partition": 0, "offset": 9}])

    def GetTrack(self, request: Any, context: grpc.ServicerContext) -> services_pb2.GetTrackResponse:
        self.take(request, context)
        return services_pb2.GetTrackResponse(track=to_protobuf(DESCRIBED, tracks_pb2.TrackDescription))


@dataclass
class Stage:
    """Services at an address."""

    services: Services
    address: str


@pytest.fixture
def stage() -> Generator[Stage]:
    services = Services()
    server = grpc.server(ThreadPoolExecutor(4))
    services_pb2_grpc.add_RecommendationServiceServicer_to_server(services, server)
    services_pb2_grpc.add_SessionServiceServicer_to_server(services, server)
    services_pb2_grpc.add_CatalogServiceServicer_to_server(services, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield Stage(services, f"127.0.0.1:{port}")
    server.stop(None).wait()


Call = Callable[[Any], Any]
Ask = Callable[[str, Call], Any]


def ask_blocking(address: str, call: Call) -> Any:
    with Client(address) as client:
        answer = call(client)
        return list(answer) if isinstance(answer, GeneratorType) else answer


def ask_asyncio(address: str, call: Call) -> Any:
    async def ask() -> Any:
        async with AsyncClient(address) as client:
            answer = call(client)
            if isasyncgen(answer):
                return [part async for part in answer]
            assert isinstance(answer, Awaitable)
            return await answer

    return asyncio.run(ask())


@pytest.fixture(params=[ask_blocking, ask_asyncio], ids=["blocking", "asyncio"])
def ask(request: pytest.FixtureRequest) -> Ask:
    kind: Ask = request.param
    return kind


def test_a_list_is_asked_for_and_read(stage: Stage, ask: Ask) -> None:
    filters = Filters(exclude_artists=("a",))
    answer = ask(stage.address, lambda client: client.recommend("l", count=3, filters=filters, seed_track_ids=["t"]))
    assert answer == LIST
    assert stage.services.asked == [
        services_pb2.RecommendRequest(
            listener_id="l", count=3, filters={"exclude_artists": ["a"]}, seed_track_ids=["t"]
        )
    ]


def test_a_conversation_comes_in_parts(stage: Stage, ask: Ask) -> None:
    parts = ask(stage.address, lambda client: client.converse("l", "hello", count=2))
    assert parts == [LIST, "Hello ", "you."]
    (request,) = stage.services.asked
    assert (request.text, request.count) == ("hello", 2)
    assert request.turn_id


def test_a_conversation_comes_whole(stage: Stage, ask: Ask) -> None:
    assert ask(stage.address, lambda client: client.say("l", "hello", turn_id="mine")) == LIST
    assert stage.services.asked[0].turn_id == "mine"


def test_events_of_both_kinds_are_written_with_ids(stage: Stage, ask: Ask) -> None:
    events = [
        ListeningEvent(listener_id="l", track_id="t", action=ListeningAction.LIKED),
        PlaylistEvent(event_id="mine", playlist_id="p", action=PlaylistAction.CREATED, name="Calm"),
    ]
    written = ask(stage.address, lambda client: client.record_events(events))
    assert written == (SourceOffset("listening-events", 1, 2),)
    (request,) = stage.services.asked
    assert request.listening_events[0].event_id
    assert request.playlist_events[0].event_id == "mine"


def test_a_session_is_read(stage: Stage, ask: Ask) -> None:
    assert ask(stage.address, lambda client: client.get_session("l")) == SessionSnapshot("l")


def test_a_track_is_read(stage: Stage, ask: Ask) -> None:
    assert ask(stage.address, lambda client: client.get_track("t")) == DESCRIBED
    assert stage.services.asked == [services_pb2.GetTrackRequest(track_id="t")]


def test_a_place_is_explained(stage: Stage, ask: Ask) -> None:
    filters = Filters(exclude_explicit=True)
    assert ask(stage.address, lambda client: client.explain("l", "t", filters=filters, session_id="s")) == EXPLANATION
    (asked,) = stage.services.asked
    assert (asked.listener_id, asked.track_id, asked.session_id) == ("l", "t", "s")
    assert asked.filters.exclude_explicit


def test_tracks_are_written_and_removed(stage: Stage, ask: Ask) -> None:
    written = ask(stage.address, lambda client: client.upsert_tracks([Track("t", "Title")], ["gone"]))
    assert written == (SourceOffset("catalog", 0, 9),)
    (request,) = stage.services.asked
    assert (request.tracks[0].title, list(request.removed_track_ids)) == ("Title", ["gone"])


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.recommend("l"),
        lambda client: client.say("l", "hello"),
        lambda client: client.get_session("l"),
        lambda client: client.record_events([ListeningEvent(listener_id="l")]),
        lambda client: client.upsert_tracks([Track("t", "Title")]),
        lambda client: client.get_track("t"),
    ],
    ids=["recommend", "say", "get_session", "record_events", "upsert_tracks", "get_track"],
)
def test_a_call_is_repeated_the_same_while_its_service_is_unavailable(stage: Stage, ask: Ask, call: Call) -> None:
    stage.services.failures = [grpc.StatusCode.UNAVAILABLE] * 2
    ask(stage.address, call)
    assert len(stage.services.asked) == 3
    assert all(request == stage.services.asked[0] for request in stage.services.asked)


def test_nothing_is_repeated_after_another_failure(stage: Stage, ask: Ask) -> None:
    stage.services.failures = [grpc.StatusCode.RESOURCE_EXHAUSTED]
    with pytest.raises(RequestFailed) as caught:
        ask(stage.address, lambda client: client.recommend("l"))
    assert (caught.value.status, str(caught.value), caught.value.request_id) == ("RESOURCE_EXHAUSTED", "not now", "r")
    assert len(stage.services.asked) == 1


@pytest.mark.parametrize("method", ["recommend", "say"])
def test_violations_of_fields_reach_the_caller(stage: Stage, ask: Ask, method: str) -> None:
    detail = any_pb2.Any()
    violation = error_details_pb2.BadRequest.FieldViolation(field="listener_id", description="is required")
    detail.Pack(error_details_pb2.BadRequest(field_violations=[violation]))
    stage.services.refusal = status_pb2.Status(code=code_pb2.INVALID_ARGUMENT, message="wrong", details=[detail])
    arguments = ("", "hello")[: 1 if method == "recommend" else 2]
    with pytest.raises(RequestFailed) as caught:
        ask(stage.address, lambda client: getattr(client, method)(*arguments))
    assert caught.value.status == "INVALID_ARGUMENT"
    assert caught.value.violations == (Violation("listener_id", "is required"),)


def test_nobody_there_is_told_with_the_address(ask: Ask) -> None:
    with pytest.raises(RequestFailed) as caught:
        ask("127.0.0.1:1", lambda client: client.recommend("l", timeout=2.0))
    assert caught.value.status == "UNAVAILABLE"
    assert "127.0.0.1:1" in str(caught.value)
    assert caught.value.request_id == ""


def test_a_watch_goes_on_until_it_is_closed(stage: Stage) -> None:
    with Client(stage.address) as client:
        lists = client.watch("l")
        assert [next(lists), next(lists)] == [LIST, LIST]
        lists.close()
        assert stage.services.cancelled.wait(5)


async def test_an_asyncio_watch_goes_on_until_it_is_closed(stage: Stage) -> None:
    async with AsyncClient(stage.address) as client, aclosing(await client.watch("l")) as lists:
        assert [await anext(lists), await anext(lists)] == [LIST, LIST]
    assert await asyncio.to_thread(stage.services.cancelled.wait, 5)


def test_both_clients_have_the_same_methods() -> None:
    def methods(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert methods(Client) == methods(AsyncClient)


def test_a_lone_text_is_no_list_of_ids() -> None:
    with pytest.raises(MalformedMessage, match="removed_track_ids"):
        calls.upsert_tracks([], "abc")
    with pytest.raises(MalformedMessage, match="seed_track_ids"):
        calls.recommend("ada", "", 5, None, "abc")


def test_no_time_at_all_is_a_deadline_too(stage: Stage, ask: Ask) -> None:
    stage.services.hangs = True
    with pytest.raises(RequestFailed) as caught:
        ask(stage.address, lambda client: client.recommend("l", timeout=0))
    assert caught.value.status == "DEADLINE_EXCEEDED"


@pytest.mark.parametrize(("count", "listener", "field"), [(-1, "l", "count"), (1, 123, "listener_id")])
def test_what_cannot_be_sent_is_named(count: int, listener: Any, field: str) -> None:
    with pytest.raises(MalformedMessage) as caught:
        calls.recommend(listener, "", count, None, ())
    assert [violation.field for violation in caught.value.violations] == [field]
