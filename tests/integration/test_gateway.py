"""What callers of the gateway see, on a real broker; `sessions` is played by the test."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from kafka import KafkaProducer

from deploy.local import StackConfig
from segue import wire
from segue.catalog import Track
from segue.client import Client
from segue.client.calls import SERVICES
from segue.errors import RequestFailed
from segue.events import ChatTurn, Filters, ListeningAction, ListeningEvent
from segue.recommendations import RecommendationList, RecommendationRequest, SessionSnapshot
from segue.v1 import services_pb2
from services.runtime.topology import RECOMMENDATIONS
from tests.integration.gateway_stage import (
    MAX_WAITING,
    Gateway,
    Question,
    Responder,
    in_time,
    popular_answer,
    until,
)

LIKED = ListeningEvent(listener_id="l", track_id="t", action=ListeningAction.LIKED)


@pytest.fixture(scope="module")
def shared_responder(kafka: StackConfig) -> Generator[Responder]:
    with Responder(kafka.kafka).running() as responder:
        yield responder


@pytest.fixture
def responder(shared_responder: Responder) -> Responder:
    shared_responder.answer = popular_answer
    shared_responder.asked.clear()
    return shared_responder


def silence(question: Question) -> None:
    """Leave the question without an answer."""


def test_every_service_is_healthy_and_ready(gateway: Gateway) -> None:
    assert gateway.health() == dict.fromkeys(("", *SERVICES), "SERVING")
    assert gateway.get("/ready") == '{"ok":true,"missing":{}}'


def test_a_request_is_answered_with_what_was_asked_for(client: Client, responder: Responder) -> None:
    filters = Filters(exclude_artists=("a",), exclude_heard=True)
    answer = client.recommend("asker", count=3, filters=filters, seed_track_ids=["s"], session_id="session")
    assert [track.track_id for track in answer.tracks] == ["t0", "t1", "t2"]
    assert not answer.degraded
    ((record, question),) = responder.asked_by("asker")
    assert record.key == b"asker"
    assert (question.count, question.filters, question.seed_track_ids, question.session_id) == (
        3,
        filters,
        ("s",),
        "session",
    )


def test_an_answer_must_have_seen_everything_sent_before(client: Client, responder: Responder) -> None:
    client.say("reader", "calm songs", count=1)
    (written,) = client.record_events(
        [ListeningEvent(listener_id="reader", track_id="t", action=ListeningAction.LIKED)]
    )
    client.recommend("reader", count=1)
    (turn, _), (request, question) = responder.asked_by("reader")
    assert turn.partition == request.partition == written.partition
    after = {at.topic: at for at in question.after}
    assert after["listening-events"] == written
    assert after["chat-turns"].offset >= turn.offset


def test_without_an_answer_the_popular_list_comes_within_the_deadline(
    client: Client, responder: Responder, gateway: Gateway
) -> None:
    responder.answer = silence
    series = 'segue_gateway_degraded_total{by="gateway",method="Recommend"}'
    before = gateway.metric(series)
    filters = Filters(exclude_track_ids=("popular-0",))
    answer = in_time(lambda: client.recommend("l", count=2, filters=filters, timeout=1.0))
    assert [track.track_id for track in answer.tracks] == ["popular-1", "popular-2"]
    assert answer.degraded
    assert "no answer came" in answer.degraded_reason
    assert gateway.metric(series) > before


def test_the_popular_list_names_no_track_that_was_removed(client: Client, responder: Responder) -> None:
    responder.answer = silence

    def popular() -> list[str]:
        answer = in_time(lambda: client.recommend("l", count=20, timeout=0.5))
        return [track.track_id for track in answer.tracks]

    assert "popular-3" in popular()
    client.upsert_tracks([], ["popular-3"])
    until(lambda: "popular-3" not in popular(), "the removal is obeyed")
    client.upsert_tracks([Track("popular-3", "Popular again")])
    until(lambda: popular()[3] == "popular-3", "the track is back")


def test_a_call_without_deadline_waits_for_the_default(gateway: Gateway, responder: Responder) -> None:
    responder.answer = silence
    with grpc.insecure_channel(gateway.address) as channel:
        recommend = channel.unary_unary(
            f"/{SERVICES[0]}/Recommend",
            services_pb2.RecommendRequest.SerializeToString,
            services_pb2.RecommendResponse.FromString,
        )
        started = time.monotonic()
        assert recommend(services_pb2.RecommendRequest(listener_id="l")).recommendations.degraded
        assert time.monotonic() - started < 10


def test_a_conversation_is_a_turn_in_the_log_and_an_answer_in_parts(client: Client, responder: Responder) -> None:
    reply = "Here are some calm songs for a long evening by the sea."
    responder.answer = lambda question: RecommendationList("answer", question.listener_id, reply_text=reply)
    first, *pieces = client.converse("talker", "calm songs", turn_id="turn", count=2)
    assert isinstance(first, RecommendationList)
    assert (first.turn_id, first.reply_text) == ("turn", reply)
    assert len(pieces) > 1
    assert "".join(map(str, pieces)) == reply
    ((record, turn),) = responder.asked_by("talker")
    assert record.key == b"talker"
    assert isinstance(turn, ChatTurn)
    assert (turn.turn_id, turn.text, turn.count) == ("turn", "calm songs", 2)


def test_a_turn_that_nobody_answers_gets_the_popular_list(client: Client, responder: Responder) -> None:
    responder.answer = silence
    answer = in_time(lambda: client.say("silent talker", "calm songs", timeout=0.7))
    assert (answer.degraded, answer.reply_text) == (True, "")
    assert len(answer.tracks) == 10


def test_a_track_cannot_be_told_while_no_model_server_answers(client: Client) -> None:
    with pytest.raises(RequestFailed) as caught:
        client.get_track("t", timeout=2.0)
    assert caught.value.status == "UNAVAILABLE"
    assert "model server" in str(caught.value)
    with pytest.raises(RequestFailed) as refused:
        client.get_track("")
    assert refused.value.status == "INVALID_ARGUMENT"
    assert [violation.field for violation in refused.value.violations] == ["track_id"]


def test_a_session_is_asked_of_its_one_writer(client: Client, responder: Responder) -> None:
    session = SessionSnapshot("l", events=(ListeningEvent("e", "l", track_id="t", action=ListeningAction.LIKED),))
    responder.answer = lambda question: RecommendationList("answer", question.listener_id, session=session)
    assert client.get_session("known") == session
    ((_, question),) = responder.asked_by("known")
    assert isinstance(question, RecommendationRequest)
    assert question.session_only


def test_a_session_that_nobody_tells_is_an_error(client: Client, responder: Responder) -> None:
    responder.answer = silence
    with pytest.raises(RequestFailed) as caught:
        client.get_session("l", timeout=2.0)
    assert caught.value.status == "DEADLINE_EXCEEDED"


def test_cancelling_a_call_frees_its_place(gateway: Gateway, responder: Responder) -> None:
    responder.answer = silence
    cancelled = 'segue_gateway_requests_total{method="Recommend",status="CANCELLED"}'
    before = gateway.metric(cancelled)
    with waiting_calls(gateway, 1) as calls:
        calls[0].cancel()
        until(lambda: gateway.metric("segue_gateway_waiting_requests") == 0, "the place is free")
        until(lambda: gateway.metric(cancelled) > before, "the cancellation is counted")


def test_calls_beyond_those_that_may_wait_are_answered_at_once(
    gateway: Gateway, client: Client, responder: Responder
) -> None:
    responder.answer = silence
    with waiting_calls(gateway, MAX_WAITING):
        popular = client.recommend("l", count=1)
        assert popular.degraded
        assert "wait already" in popular.degraded_reason
        with pytest.raises(RequestFailed) as caught:
            client.get_session("l")
        assert caught.value.status == "RESOURCE_EXHAUSTED"
    until(lambda: gateway.metric("segue_gateway_waiting_requests") == 0, "the places are free")
    responder.answer = popular_answer
    assert not client.recommend("l", count=1).degraded


@contextmanager
def waiting_calls(gateway: Gateway, count: int) -> Generator[Sequence[Any]]:
    """Give so many calls that wait for an answer; they are cancelled in the end."""
    with grpc.insecure_channel(gateway.address) as channel:
        recommend = channel.unary_unary(
            f"/{SERVICES[0]}/Recommend",
            services_pb2.RecommendRequest.SerializeToString,
            services_pb2.RecommendResponse.FromString,
        )
        calls = [recommend.future(services_pb2.RecommendRequest(listener_id="l"), timeout=60) for _ in range(count)]
        until(lambda: gateway.metric("segue_gateway_waiting_requests") == count, "the calls wait")
        yield calls
        for call in calls:
            call.cancel()


def test_each_watcher_gets_the_new_lists_of_its_listener(client: Client, kafka: StackConfig) -> None:
    with KafkaProducer(bootstrap_servers=kafka.kafka) as producer:

        def publish(listener: str, name: str) -> None:
            value = wire.encode(RecommendationList(name, listener))
            producer.send(RECOMMENDATIONS.name, value, listener.encode()).get(20)

        publish("w1", "before")
        first = client.watch("w1")
        publish("w1", "one")
        second, third = client.watch("w1"), client.watch("w2")
        publish("w2", "other")
        publish("w1", "two")
        assert [next(first).recommendation_id for _ in range(2)] == ["one", "two"]
        assert next(second).recommendation_id == "two"
        assert next(third).recommendation_id == "other"
        second.close()
        publish("w1", "three")
        assert next(first).recommendation_id == "three"
        first.close()
        third.close()


def test_a_closed_watch_is_forgotten(client: Client, gateway: Gateway) -> None:
    until(lambda: gateway.metric("segue_gateway_watchers") == 0, "no watcher is left over")
    lists = client.watch("w")
    assert gateway.metric("segue_gateway_watchers") == 1
    lists.close()
    until(lambda: gateway.metric("segue_gateway_watchers") == 0, "the watcher is forgotten")


def test_a_message_beyond_the_limit_is_refused_with_the_limit(client: Client) -> None:
    with pytest.raises(RequestFailed) as caught:
        client.upsert_tracks([Track(str(number), "Title", lyrics="x" * 50_000) for number in range(100)])
    assert caught.value.status == "RESOURCE_EXHAUSTED"
    assert "larger than max" in str(caught.value)


def test_bytes_that_are_no_message_are_the_callers_error_with_a_request_id(gateway: Gateway) -> None:
    with grpc.insecure_channel(gateway.address) as channel:
        recommend: Any = channel.unary_unary("/segue.v1.RecommendationService/Recommend")
        record: Any = channel.unary_unary("/segue.v1.SessionService/RecordEvents")
        watch: Any = channel.unary_stream("/segue.v1.RecommendationService/WatchRecommendations")
        for call in (recommend, record, lambda payload, timeout: list(watch(payload, timeout=timeout))):
            with pytest.raises(grpc.RpcError) as caught:
                call(b"\xff\xff\xff", timeout=10.0)
            refused: Any = caught.value
            assert refused.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert "x-request-id" in dict(refused.trailing_metadata())


def test_reflection_lists_the_services_and_is_enough_to_call_them(gateway: Gateway, responder: Responder) -> None:
    with grpc.insecure_channel(gateway.address) as channel:
        reflected = ProtoReflectionDescriptorDatabase(channel)
        assert set(SERVICES) <= set(reflected.get_services())
        pool = descriptor_pool.DescriptorPool(reflected)
        method = pool.FindServiceByName(SERVICES[0]).FindMethodByName("Recommend")
        request = message_factory.GetMessageClass(method.input_type)(listener_id="reflected", count=2)
        response = message_factory.GetMessageClass(method.output_type)
        call = channel.unary_unary(f"/{SERVICES[0]}/Recommend", type(request).SerializeToString, response.FromString)
        answer = json_format.MessageToDict(call(request, timeout=20))
    assert [track["trackId"] for track in answer["recommendations"]["tracks"]] == ["t0", "t1"]
    assert len(responder.asked_by("reflected")) == 1


def test_every_call_has_a_request_id_in_its_trailing_metadata(gateway: Gateway, responder: Responder) -> None:
    with grpc.insecure_channel(gateway.address) as channel:
        recommend = channel.unary_unary(
            f"/{SERVICES[0]}/Recommend",
            services_pb2.RecommendRequest.SerializeToString,
            services_pb2.RecommendResponse.FromString,
        )
        _, call = recommend.with_call(services_pb2.RecommendRequest(listener_id="named"), timeout=20)
    request_id = dict(call.trailing_metadata())["x-request-id"]
    ((_, question),) = responder.asked_by("named")
    assert question.request_id == question.reply_to.request_id == request_id


def test_no_id_becomes_a_label(client: Client, responder: Responder, gateway: Gateway) -> None:
    client.recommend("someone-in-particular", seed_track_ids=["some-track"], count=1)
    assert responder.asked
    text = gateway.get("/metrics")
    assert "segue_gateway_requests_total" in text
    assert "someone-in-particular" not in text
    assert "some-track" not in text


def test_many_callers_at_once_each_get_their_own_answer(gateway: Gateway, responder: Responder) -> None:
    responder.answer = lambda question: RecommendationList(f"for {question.listener_id}", question.listener_id)
    listeners = [f"listener-{number}" for number in range(100)]
    with Client(gateway.address, timeout=20) as client, ThreadPoolExecutor(MAX_WAITING) as pool:
        answers = list(pool.map(client.recommend, listeners))
    assert [answer.recommendation_id for answer in answers] == [f"for {listener}" for listener in listeners]
