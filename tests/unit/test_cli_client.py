"""What `segue recommend`, `listen`, `watch`, `chat` and `status` send and print, against services in this process."""

from __future__ import annotations

import itertools
import json
import socket
import struct
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import grpc
import orjson
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from typer.testing import CliRunner, Result

from segue import wire
from segue.catalog import LiveCode, NamedChange, NearTrack, Track, TrackCode, TrackDescription
from segue.cli import app, client
from segue.cli import status as status_command
from segue.cli.client import PAUSES
from segue.client.calls import SERVICES
from segue.protobuf import to_protobuf
from segue.recommendations import Counterfactual, Explanation, Reason, RecommendationList, RecommendedTrack
from segue.v1 import recommendations_pb2, services_pb2, services_pb2_grpc, tracks_pb2

LIST = RecommendationList(
    "id",
    "ana",
    tracks=(RecommendedTrack("t1", "A Calm [Song]", ("Someone",), 0.5, (), (Reason("You liked its neighbours"),)),),
    reply_text="Here you are.",
)
PROTO_LIST = to_protobuf(LIST, recommendations_pb2.RecommendationList)
MOVED = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)
DESCRIBED = TrackDescription(
    Track("t1", "A Calm [Song]", ("Someone",)),
    recommendable=True,
    codes=(TrackCode("playlist", 7, "rainy evenings", MOVED), TrackCode("tags", 3, "calm, piano")),
    live=LiveCode(code=7, home=2, known=True, evidence=4.25, neighbours=9),
    changes=(NamedChange(MOVED, "road trips", "rainy evenings"),),
    neighbours=(NearTrack("t2", "Beside", ("Other",), 1.5),),
    version=12,
)


class Services(
    services_pb2_grpc.RecommendationServiceServicer,
    services_pb2_grpc.SessionServiceServicer,
    services_pb2_grpc.CatalogServiceServicer,
):
    """Answers every call alike, and remembers the requests."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        # What a watch is told, where a test wants anything but lists without end.
        self.watched: Callable[[Any], Iterator[Any]] | None = None

    def Recommend(self, request: Any, _context: grpc.ServicerContext) -> services_pb2.RecommendResponse:
        self.asked.append(request)
        return services_pb2.RecommendResponse(recommendations=PROTO_LIST)

    def Converse(self, request: Any, context: Any) -> Generator[services_pb2.ConverseResponse]:
        self.asked.append(request)
        if request.text == "refused":
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "text: is not allowed")
        yield services_pb2.ConverseResponse(recommendations=PROTO_LIST)
        yield services_pb2.ConverseResponse(reply_text="Here you are.")

    def Explain(self, request: Any, _context: grpc.ServicerContext) -> services_pb2.ExplainResponse:
        self.asked.append(request)
        without = Counterfactual("Without your skip of X it would be at 14.", "x", rank=14)
        explanation = Explanation(LIST.tracks[0], 3, 40, (without,), (RecommendedTrack("t2", "Another"),))
        return services_pb2.ExplainResponse(explanation=to_protobuf(explanation, recommendations_pb2.Explanation))

    def WatchRecommendations(self, _request: Any, context: Any) -> Generator[services_pb2.WatchRecommendationsResponse]:
        if self.watched is not None:
            yield from self.watched(context)
            return
        while context.is_active():
            yield services_pb2.WatchRecommendationsResponse(recommendations=PROTO_LIST)

    def RecordEvents(self, request: Any, _context: grpc.ServicerContext) -> services_pb2.RecordEventsResponse:
        self.asked.append(request)
        return services_pb2.RecordEventsResponse(written=[{"topic": "listening-events", "partition": 1, "offset": 7}])

    def GetTrack(self, request: Any, context: Any) -> services_pb2.GetTrackResponse:
        self.asked.append(request)
        if request.track_id != "t1":
            context.abort(grpc.StatusCode.NOT_FOUND, "there is no such track")
        return services_pb2.GetTrackResponse(track=to_protobuf(DESCRIBED, tracks_pb2.TrackDescription))


@pytest.fixture
def services() -> Services:
    return Services()


@pytest.fixture
def address(services: Services) -> Generator[str]:
    server = grpc.server(ThreadPoolExecutor(4))
    services_pb2_grpc.add_RecommendationServiceServicer_to_server(services, server)
    services_pb2_grpc.add_SessionServiceServicer_to_server(services, server)
    services_pb2_grpc.add_CatalogServiceServicer_to_server(services, server)
    healths = health.HealthServicer()
    for service in ("", *SERVICES):
        healths.set(service, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(healths, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def segue(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=typed)


def test_recommendations_come_with_titles_scores_and_reasons(address: str, services: Services) -> None:
    result = segue(
        "recommend",
        "ana",
        "--count",
        "3",
        "--seed-track",
        "s",
        "--exclude-explicit",
        "--market",
        "DE",
        "--address",
        address,
    )
    assert result.exit_code == 0, result.output
    for text in ("A Calm [Song]", "Someone", "0.500", "You liked its neighbours"):
        assert text in result.output
    (request,) = services.asked
    assert (request.listener_id, request.count, list(request.seed_track_ids)) == ("ana", 3, ["s"])
    assert request.filters.exclude_explicit
    assert request.filters.market == "DE"


def test_programs_get_one_object_a_line(address: str) -> None:
    result = segue("recommend", "ana", "--json", "--address", address)
    assert wire.decode(result.output.encode(), RecommendationList) == LIST
    assert result.output.count("\n") == 1


def test_an_explanation_tells_place_reasons_and_what_would_change_it(address: str, services: Services) -> None:
    told = segue("explain", "ana", "t1", "--address", address).stdout
    for part in ("at 3 of 40", "You liked its neighbours", "Without your skip of X it would be at 14.", "Another"):
        assert part in told
    assert services.asked[0].track_id == "t1"
    assert orjson.loads(segue("explain", "ana", "t1", "--address", address, "--json").stdout)["rank"] == 3


def test_each_track_is_recorded_with_what_was_done(address: str, services: Services) -> None:
    result = segue("listen", "ana", "t1", "t2", "--action", "skipped", "--json", "--address", address)
    assert orjson.loads(result.output)["events"] == 2
    (request,) = services.asked
    assert [(event.track_id, event.action) for event in request.listening_events] == [("t1", 3), ("t2", 3)]
    assert len({event.event_id for event in request.listening_events}) == 2


def test_a_track_comes_with_the_names_of_its_codes_since_when_and_why(address: str) -> None:
    result = segue("track", "t1", "--address", address)
    assert result.exit_code == 0, result.output
    for text in (
        "A Calm [Song] – Someone",
        "rainy evenings",
        "since 2026-01-31 12:30",
        "calm, piano",
        "4.2 additions beside 9 known tracks",
        "road trips → rainy evenings",
        "Beside – Other",
    ):
        assert text in result.output


def test_programs_get_a_track_as_one_object(address: str) -> None:
    result = segue("track", "t1", "--json", "--address", address)
    assert wire.decode(result.output.encode(), TrackDescription) == DESCRIBED


def test_a_track_that_is_not_there_is_one_sentence(address: str) -> None:
    result = segue("track", "nobody", "--address", address)
    assert result.exit_code == 1
    assert result.output == "segue: there is no such track\n"


def test_one_thing_can_be_said(address: str, services: Services) -> None:
    result = segue("chat", "ana", "--say", "calm songs", "--address", address)
    assert result.exit_code == 0, result.output
    assert "A Calm [Song]" in result.output
    assert "Here you are." in result.output
    (turn,) = services.asked
    assert (turn.listener_id, turn.text) == ("ana", "calm songs")


def test_a_conversation_goes_on_until_an_empty_line(address: str, services: Services) -> None:
    result = segue("chat", "--address", address, typed="first\nsecond\n\nnever\n")
    assert result.exit_code == 0, result.output
    assert [request.text for request in services.asked] == ["first", "second"]
    assert len({request.turn_id for request in services.asked}) == 2


def test_a_refused_line_ends_the_line_and_not_the_conversation(address: str, services: Services) -> None:
    result = segue("chat", "--address", address, typed="first\nrefused\nsecond\n\n")
    assert result.exit_code == 0, result.output
    assert [request.text for request in services.asked] == ["first", "refused", "second"]
    assert "is not allowed" in result.output


def test_a_watch_ends_after_as_many_lists_as_asked_for(address: str) -> None:
    result = segue("watch", "ana", "--limit", "2", "--json", "--address", address)
    assert [json.loads(line)["listener_id"] for line in result.output.splitlines()] == ["ana", "ana"]


def test_a_watch_waits_for_a_gateway_that_goes_away_and_says_so(
    address: str, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    calls = itertools.count()

    def away_in_the_middle(context: Any) -> Iterator[Any]:
        if next(calls) in range(1, 10):  # each of the client's attempts comes a few times
            context.abort(grpc.StatusCode.UNAVAILABLE, "this gateway stops")
        context.send_initial_metadata(())
        yield services_pb2.WatchRecommendationsResponse(recommendations=PROTO_LIST)
        context.abort(grpc.StatusCode.UNAVAILABLE, "this gateway stops")

    services.watched = away_in_the_middle
    result = segue("watch", "ana", "--limit", "2", "--json", "--address", address)
    assert result.exit_code == 0, result.output
    assert [json.loads(line)["listener_id"] for line in result.stdout.splitlines()] == ["ana", "ana"]
    assert f"the gateway at {address} is away; trying again in 1 s" in result.stderr
    assert "watching again" in result.stderr
    assert pauses == list(PAUSES[: len(pauses)])


def test_a_watch_that_is_refused_ends_with_the_reason(address: str, services: Services) -> None:
    def refused(context: Any) -> Iterator[Any]:
        yield context.abort(grpc.StatusCode.INVALID_ARGUMENT, "listener_id is too long")

    services.watched = refused
    result = segue("watch", "ana", "--address", address)
    assert result.exit_code == 1
    assert result.output == "segue: listener_id is too long\n"


@pytest.mark.parametrize("command", [["recommend", "ana"], ["listen", "ana", "t"], ["chat", "--say", "hello"]])
def test_a_gateway_that_does_not_answer_is_one_sentence(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as paused:
        address = f"127.0.0.1:{paused.getsockname()[1]}"
        result = segue(*command, "--address", address)
    assert result.exit_code == 1
    assert result.output.startswith(f"segue: no answer from {address} within")
    assert result.output.count("\n") == 1


@pytest.mark.parametrize(
    "command", [["recommend", "ana"], ["listen", "ana", "t"], ["chat", "--say", "hello"], ["watch", "ana"]]
)
def test_a_stack_that_is_not_up_is_one_sentence(command: list[str]) -> None:
    result = segue(*command, "--address", "127.0.0.1:1")
    assert result.exit_code == 1
    assert result.output == "segue: nothing answers at 127.0.0.1:1; start Segue with `make up`, or give --address\n"


class Ready(BaseHTTPRequestHandler):
    """A metrics port, or Triton's: ready, but for what a test says is missing."""

    missing: dict[str, str] = {}  # noqa: RUF012  a test replaces it

    def do_GET(self) -> None:
        if self.path == "/metrics":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"# a comment\nprocess_start_time_seconds {time.time() - 7_400:.2f}\n".encode())
            return
        self.send_response(503 if self.missing else 200)
        self.end_headers()
        self.wfile.write(orjson.dumps({"ok": not self.missing, "missing": self.missing}))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        pass


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    monkeypatch.setattr(Ready, "missing", {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ready)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Give the address of a server that says the same to whoever asks."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.recv(1_000)
                        connection.sendall(answer)

        Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def broker() -> Generator[str]:
    """A broker, as far as it lists one."""
    with answering(struct.pack(">iiii", 12, 1, 0, 1)) as address:
        yield address


def status(address: str, ready: str, broker: str, *options: str) -> Result:
    """`options`: further ones than the addresses."""
    return segue(
        *("status", *options, "--address", address, "--kafka", broker),
        *(word for name in ("gateway", "sessions", "track-tokens", "triton") for word in (f"--{name}", ready)),
    )


def test_status_is_fine_when_every_part_is(address: str, ready: str, broker: str) -> None:
    result = status(address, ready, broker, "--json")
    assert set(orjson.loads(result.output).values()) == {"healthy"}
    assert result.exit_code == 0


def test_status_says_for_how_long_so_that_a_restart_shows(address: str, ready: str, broker: str) -> None:
    result = status(address, ready, broker)
    lines = {line.split("  ")[0]: line.split("  ")[-1].strip() for line in map(str.rstrip, result.output.splitlines())}
    assert lines["sessions"] == "healthy, for 2 h 3 min"
    assert lines["kafka"] == "healthy"


def test_status_names_what_is_missing(address: str, ready: str, broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ready, "missing", {"model": "not loaded"})
    result = status(address, ready, broker, "--json")
    said = orjson.loads(result.output)
    assert said["sessions"] == "not ready; model: not loaded"
    assert said[f"gateway: {SERVICES[0]}"] == "healthy"
    assert result.exit_code == 1


def test_status_of_nothing_names_every_part() -> None:
    nobody = "127.0.0.1:1"
    result = status(nobody, nobody, nobody, "--json")
    said = orjson.loads(result.output)
    assert result.exit_code == 1
    assert all(state.startswith("no answer at 127.0.0.1:1") for state in said.values())


def test_a_broker_that_listens_and_does_not_answer_is_not_healthy(
    address: str, ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_command, "TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as paused:
        result = status(address, ready, f"127.0.0.1:{paused.getsockname()[1]}", "--json")
    assert orjson.loads(result.output)["kafka"].startswith("no answer at 127.0.0.1:")
    assert result.exit_code == 1


def test_what_is_no_broker_is_not_healthy(address: str, ready: str) -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as other:
        result = status(address, ready, other, "--json")
    assert orjson.loads(result.output)["kafka"] == f"no answer at {other} (what listens is no broker)"


@pytest.mark.parametrize("address", ["foo", "127.0.0.1:abc", ":1", "127.0.0.1:99999"])
def test_status_names_the_option_whose_address_is_none(address: str) -> None:
    done = CliRunner().invoke(app, ["status", "--kafka", address])
    assert done.exit_code == 2
    assert "--kafka" in done.output
