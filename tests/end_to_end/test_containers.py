"""Whether docker-compose.yml runs: built, up, healthy, answering, scraped, scaled, killed, down.

Runs where SEGUE_TEST_COMPOSE names a compose command that answers (`make containers` sets it); takes minutes the first
time, because it builds the images. Its project, ports and volumes are its own.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from deploy.local.config import free_ports
from segue.client import Client
from segue.events import ListeningAction, ListeningEvent

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "segue-test"
VERSION = "test"
# The jobs that Prometheus scrapes; `recommender` is the model's own process, in Triton's container.
PARTS = {"gateway", "sessions", "track_tokens", "triton", "recommender"}
CHECKPOINT = Path(os.environ.get("SEGUE_COMPOSE_CHECKPOINT", ROOT / "checkpoints" / "world"))
# What a start may take on a busy machine with 2 cores: Kafka, the model's loading, assignment and recovery.
START_SECONDS = 300.0

pytestmark = pytest.mark.timeout(1_800)
T = TypeVar("T")


class Stack:
    """The containers of one compose project."""

    def __init__(self, compose: str, build: str) -> None:
        self._compose = [*shlex.split(compose), "--project-name", PROJECT]
        self._build = shlex.split(build)
        gateway, prometheus, grafana = free_ports(3)
        self.gateway = f"127.0.0.1:{gateway}"
        self.prometheus = f"http://127.0.0.1:{prometheus}"
        self._environment = {
            **os.environ,
            "SEGUE_COMPOSE_VERSION": VERSION,
            "SEGUE_COMPOSE_GATEWAY_PORT": str(gateway),
            "SEGUE_COMPOSE_PROMETHEUS_PORT": str(prometheus),
            "SEGUE_COMPOSE_GRAFANA_PORT": str(grafana),
            "SEGUE_COMPOSE_CHECKPOINT": str(CHECKPOINT),
        }

    def compose(self, *arguments: str) -> str:
        done = self._run([*self._compose, *arguments])
        assert done.returncode == 0, f"compose {' '.join(arguments)}:\n{done.stdout[-4_000:]}{done.stderr[-4_000:]}"
        return done.stdout

    def answers(self) -> bool:
        return self._run([*self._compose, "ps", "--all", "--quiet"]).returncode == 0

    def build(self) -> None:
        services = json.loads(self.compose("config", "--format", "json"))["services"].values()
        images = {service["image"]: service["build"] for service in services if "build" in service}
        for image, how in images.items():
            given = [f"--build-arg={name}={value}" for name, value in how.get("args", {}).items() if value]
            command = [*self._build, image, how["context"], "-f", str(Path(how["context"], how["dockerfile"])), *given]
            print(f"building {image}", flush=True)
            done = self._run(command)
            assert done.returncode == 0, f"{image}:\n{done.stdout[-4_000:]}{done.stderr[-4_000:]}"

    def up(self, *arguments: str) -> None:
        self.compose("up", "--detach", "--no-build", *arguments)
        eventually(self.all_healthy, START_SECONDS, "every container is healthy", lambda: self.compose("ps", "--all"))

    def all_healthy(self) -> bool:
        health = [(container["Service"], container["Health"]) for container in self.containers()]
        return bool(health) and all(state == "healthy" for service, state in health if service != "topics")

    def containers(self) -> list[dict[str, Any]]:
        lines = self.compose("ps", "--all", "--format", "json").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The instant vector that Prometheus answers."""
        question = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"{self.prometheus}/api/v1/query?{question}", timeout=5) as answer:  # noqa: S310  # its own address
            result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return result

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=ROOT, env=self._environment, timeout=1_500
        )


def eventually(condition: Callable[[], T], seconds: float, what: str, otherwise: Callable[[], object] = str) -> T:
    """Return the condition's first true value; fail with what was awaited when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}\n{otherwise()}"
        time.sleep(0.5)
    return value


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    compose, build = os.environ.get("SEGUE_TEST_COMPOSE"), os.environ.get("SEGUE_TEST_BUILD", "docker build -t")
    if not compose:
        pytest.skip("builds and runs containers only when asked: make containers")
    if not (CHECKPOINT / "popular.jsonl").exists():
        pytest.skip(f"there is no checkpoint in {CHECKPOINT}: make checkpoint")
    stack = Stack(compose, build)
    if not stack.answers():
        pytest.skip(f"no container engine answers `{compose}`: start one, or name another in SEGUE_TEST_COMPOSE")
    stack.compose("down", "--volumes", "--remove-orphans")
    stack.build()
    try:
        stack.up()
        yield stack
    finally:
        stack.compose("down", "--volumes", "--remove-orphans")
    assert stack.containers() == []


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with Client(stack.gateway, timeout=10.0) as connected:
        yield connected


def listen(client: Client, listener: str, track: str) -> None:
    """Record one finished play."""
    now = datetime.now(UTC)
    event = ListeningEvent(
        event_id=f"{listener}-{track}",
        listener_id=listener,
        session_id="containers",
        event_time=now,
        action=ListeningAction.PLAY_FINISHED,
        track_id=track,
    )
    client.record_events([event])


def test_recommend_answers_from_the_model_through_the_gateway(client: Client) -> None:
    answer = client.recommend("listener-containers", count=5)
    assert not answer.degraded, answer.degraded_reason
    assert len(answer.tracks) == 5
    assert answer.model_version
    assert all(track.title for track in answer.tracks)


def test_what_was_heard_is_in_the_session_and_leads_to_a_recommendation(client: Client) -> None:
    listener = "listener-heard"
    track = client.recommend(listener, count=1).tracks[0].track_id
    watched = client.watch(listener, timeout=30.0)
    listen(client, listener, track)
    assert next(watched).tracks
    watched.close()
    assert [event.track_id for event in client.get_session(listener).events] == [track]


def test_prometheus_scrapes_every_part(stack: Stack) -> None:
    def scraped() -> bool:
        up = {series["metric"]["job"] for series in stack.query("up == 1")}
        return up >= PARTS and not stack.query("up == 0")

    eventually(scraped, 60.0, "every part is scraped", lambda: stack.query("up"))
    assert {series["metric"]["job"] for series in stack.query("segue_ready == 1")} == PARTS - {"triton"}
    assert eventually(lambda: stack.query("segue_consumer_lag"), 30.0, "consumer lag is measured")
    assert eventually(
        lambda: stack.query('nv_inference_request_success{model="recommender"} > 0'), 30.0, "Triton counts"
    )


def test_only_the_gateway_and_prometheus_are_published(stack: Stack) -> None:
    published = {
        container["Service"]: {port["PublishedPort"] for port in container["Publishers"] or () if port["PublishedPort"]}
        for container in stack.containers()
    }
    assert {service for service, ports in published.items() if ports} == {"gateway", "prometheus"}


def test_a_second_worker_takes_partitions_and_answers_go_on(stack: Stack, client: Client) -> None:
    stack.up("--scale", "sessions=2", "--no-recreate")

    lag = 'segue_consumer_lag{job="sessions"}'

    def shared() -> bool:
        return len({series["metric"]["instance"] for series in stack.query(lag)}) == 2

    eventually(shared, 90.0, "both workers own partitions", lambda: stack.query(lag))
    for listener in range(20):  # so many that both workers answer
        answer = client.recommend(f"listener-scaled-{listener}", count=3)
        assert len(answer.tracks) == 3


def test_while_the_model_server_is_made_anew_every_call_is_answered_and_then_the_model_answers_again(
    stack: Stack, client: Client
) -> None:
    assert not client.recommend("listener-rolled").degraded
    stack.compose("up", "--detach", "--no-build", "--no-deps", "--force-recreate", "triton")
    without = client.recommend("listener-rolled")
    assert without.degraded
    assert without.tracks
    eventually(lambda: not client.recommend("listener-rolled").degraded, START_SECONDS, "the model answers again")


def test_a_worker_that_is_killed_comes_back_with_its_listeners(stack: Stack, client: Client) -> None:
    stack.compose("up", "--detach", "--no-build", "--no-recreate", "--scale", "sessions=1")
    listener = "listener-killed"
    listen(client, listener, client.recommend(listener, count=1).tracks[0].track_id)
    before = client.get_session(listener)
    assert before.events
    stack.compose("kill", "--signal", "KILL", "sessions")
    stack.up("--no-recreate")
    assert client.get_session(listener) == before
