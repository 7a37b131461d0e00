"""What a gateway does when its broker, another gateway or its own end comes between it and its callers."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local import LocalStack, StackConfig
from deploy.local.config import free_ports
from segue.client import Client
from segue.errors import RequestFailed
from segue.events import ListeningAction, ListeningEvent
from segue.recommendations import RecommendationList
from tests.integration.gateway_stage import (
    COMMAND,
    Gateway,
    Question,
    Responder,
    environment,
    in_time,
    popular_answer,
    running_gateway,
    until,
    write_checkpoint,
)

LIKED = ListeningEvent(listener_id="l", track_id="t", action=ListeningAction.LIKED)
DEGRADED = 'segue_gateway_degraded_total{by="gateway",method="Recommend"}'


@pytest.fixture
def responder(kafka: StackConfig) -> Iterator[Responder]:
    with Responder(kafka.kafka).running() as running:
        yield running


def test_without_a_broker_it_is_not_ready_gives_the_popular_list_and_refuses_writes(tmp_path: Path) -> None:
    (nobody,) = free_ports(1)
    with running_gateway(tmp_path, f"127.0.0.1:{nobody}", ready=False) as gateway, Client(gateway.address) as client:
        assert set(gateway.health().values()) == {"NOT_SERVING"}
        assert "the broker cannot be reached" in gateway.get("/ready") or "not yet" in gateway.get("/ready")
        answer = client.recommend("l", count=2)
        assert (answer.degraded, len(answer.tracks)) == (True, 2)
        for call in (
            lambda: client.record_events([LIKED]),
            lambda: client.upsert_tracks([], ["t"]),
            lambda: client.get_session("l"),
            lambda: client.say("l", "hello"),
            lambda: next(client.watch("l")),
        ):
            with pytest.raises(RequestFailed) as caught:
                call()
            assert caught.value.status == "UNAVAILABLE"
            assert "broker cannot be reached" in str(caught.value)


def test_it_recovers_when_the_broker_comes_back(tmp_path: Path) -> None:
    config = StackConfig.for_tests(tmp_path)
    with (
        LocalStack(config, only={"kafka", "topics"}) as stack,
        running_gateway(tmp_path / "gateway", config.kafka) as gateway,
        Client(gateway.address, timeout=5) as client,
    ):
        with Responder(config.kafka).running():
            assert not client.recommend("l", count=1).degraded
        lists = client.watch("l")
        stack.kill("kafka")
        until(lambda: in_time(lambda: client.recommend("l", timeout=1.0)).degraded, "degraded while the broker is down")
        started = time.monotonic()
        with pytest.raises(RequestFailed) as caught:
            client.record_events([LIKED], timeout=3.0)
        assert caught.value.status in ("UNAVAILABLE", "DEADLINE_EXCEEDED")
        assert time.monotonic() - started < 4.0
        until(lambda: set(gateway.health().values()) == {"NOT_SERVING"}, "not serving")
        stack.restart("kafka")
        gateway.wait_until_serving()
        with Responder(config.kafka).running():
            until(lambda: not client.recommend("l", count=1).degraded, "answered again")
            assert client.record_events([LIKED])
        lists.close()


def test_two_gateways_share_the_answers_and_one_takes_over_what_the_other_leaves(
    tmp_path: Path, kafka: StackConfig, responder: Responder
) -> None:
    series = "segue_gateway_answer_partitions"
    assert responder.answer is popular_answer
    with running_gateway(tmp_path / "a", kafka.kafka) as first, staying_healthy(first):
        assert first.metric(series) == 4
        with running_gateway(tmp_path / "b", kafka.kafka) as second:
            until(lambda: (first.metric(series), second.metric(series)) == (2, 2), "two partitions each")
            for gateway in (first, second):
                with Client(gateway.address) as client:
                    assert not any(client.recommend(f"l{number}", count=1).degraded for number in range(8))
        until(lambda: first.metric(series) == 4, "all partitions again")
        with Client(first.address) as client:
            assert not any(client.recommend(f"l{number}", count=1).degraded for number in range(8))


@contextmanager
def staying_healthy(gateway: Gateway) -> Generator[None]:
    """Hold that the gateway says it serves all the time."""
    done, seen = threading.Event(), set[str]()

    def look() -> None:
        while not done.wait(0.02):
            seen.update(gateway.health().values())

    looking = threading.Thread(target=look)
    looking.start()
    yield
    done.set()
    looking.join()
    assert seen == {"SERVING"}


def test_it_stops_when_told_after_the_calls_that_run(tmp_path: Path, kafka: StackConfig, responder: Responder) -> None:
    asked, told = threading.Event(), threading.Event()

    def answer_late(question: Question) -> RecommendationList:
        asked.set()
        assert told.wait(20)
        return popular_answer(question)

    responder.answer = answer_late
    with running_gateway(tmp_path, kafka.kafka) as gateway, Client(gateway.address, timeout=20) as client:
        lists = client.watch("l")
        found: list[RecommendationList] = []
        call = threading.Thread(target=lambda: found.append(client.recommend("l", count=1)))
        call.start()
        assert asked.wait(20)
        gateway.process.send_signal(signal.SIGTERM)
        with pytest.raises(RequestFailed) as caught:
            next(lists)
        assert caught.value.status == "UNAVAILABLE"
        assert "watch again" in str(caught.value)
        told.set()
        call.join(20)
        assert [answer.degraded for answer in found] == [False]
        assert gateway.process.wait(20) == 0


@pytest.mark.parametrize("setting", ["grpc_port", "metrics_port"])
def test_a_port_in_use_stops_the_start_with_one_sentence(tmp_path: Path, setting: str) -> None:
    checkpoint = write_checkpoint(tmp_path)
    grpc_port, metrics_port = free_ports(2)
    ports = {"grpc_port": grpc_port, "metrics_port": metrics_port}
    with socket.create_server(("127.0.0.1", ports[setting])):
        sentence = start_in_vain(environment(checkpoint=checkpoint, **ports))
    assert str(ports[setting]) in sentence
    assert f"SEGUE_{setting.upper()}" in sentence


def test_a_missing_checkpoint_stops_the_start_with_its_path(tmp_path: Path) -> None:
    assert f"{tmp_path}/none" in start_in_vain(environment(checkpoint=tmp_path / "none"))


def start_in_vain(chosen: dict[str, str]) -> str:
    """Start a gateway that cannot run, and return the one sentence that it says."""
    result = subprocess.run(COMMAND, env=chosen, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr
