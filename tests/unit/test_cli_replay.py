"""What `segue replay` writes and when it says that it is done, against services in this process."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
import orjson
import pytest
from typer.testing import CliRunner, Result

from segue.catalog import Track
from segue.cli import app, lag
from segue.dataset import Playlist, PlaylistEntry, write_dataset
from segue.v1 import services_pb2, services_pb2_grpc

DAY = datetime(2020, 1, 1, tzinfo=UTC)


class Log(services_pb2_grpc.SessionServiceServicer, services_pb2_grpc.CatalogServiceServicer):
    """Takes every call, and counts what it holds as one partition."""

    def __init__(self) -> None:
        self.edits: list[Any] = []
        self.tracks: list[str] = []

    def RecordEvents(self, request: Any, _context: Any) -> services_pb2.RecordEventsResponse:
        self.edits += request.playlist_events
        written = {"topic": "playlist-events", "partition": 2, "offset": len(self.edits) - 1}
        return services_pb2.RecordEventsResponse(written=[written])

    def UpsertTracks(self, request: Any, _context: Any) -> services_pb2.UpsertTracksResponse:
        self.tracks += [track.track_id for track in request.tracks]
        return services_pb2.UpsertTracksResponse()


class Consumer:
    """Both metrics ports in one: works off one record of what is left each time it is looked at."""

    def __init__(self, log: Log, *, stalls: bool = False) -> None:
        self._log = log
        self._stalls = stalls
        self.committed = self.deltas = self.tokens = 0
        self.refused = 3  # before the replay

    def page(self) -> str:
        end = len(self._log.edits)
        if not self._stalls:
            self._work(end)
        return "\n".join(
            (
                "# a comment",
                f'segue_consumer_committed{{partition="2",topic="playlist-events"}} {self.committed}.0',
                f'segue_consumer_lag{{partition="2",topic="playlist-events"}} {end - self.committed}.0',
                f'segue_consumer_lag{{partition="0",topic="track-deltas"}} {self.deltas}.0',
                f'segue_dead_letters_total{{reason="late",topic="playlist-events"}} {self.refused}.0',
                f'segue_dead_letters_total{{reason="late",topic="catalog"}} {9 + end}.0',
                f"segue_index_lag {self.tokens}.0",
                f"segue_index_measured_timestamp_seconds {time.time():.3f}",
            )
        )

    def _work(self, end: int) -> None:
        """Each step fills the next one's topic."""
        if self.committed < end:
            self.committed += 1
            self.deltas += 1
            self.refused += self.committed == 1
        elif self.deltas:
            self.deltas -= 1
            self.tokens += 2
        elif self.tokens:
            self.tokens -= 1


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def address(log: Log) -> Generator[str]:
    server = grpc.server(ThreadPoolExecutor(2))
    services_pb2_grpc.add_SessionServiceServicer_to_server(log, server)
    services_pb2_grpc.add_CatalogServiceServicer_to_server(log, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lag, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(lag, "MEASURED_WITHIN", 0.05)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    entries = tuple(PlaylistEntry(f"t{number}", DAY) for number in range(5))
    write_dataset(tmp_path, [Track("t1", "One"), Track("t2", "Two")], [Playlist("p", "Mine", entries=entries)])
    return tmp_path


def replay(source: Path, address: str, consumer: Consumer, *options: str) -> Result:
    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"{consumer.page()}\n".encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    metrics = f"127.0.0.1:{server.server_port}"
    try:
        arguments = ["--address", address, "--track-tokens", metrics, "--recommender", metrics, *options]
        return CliRunner().invoke(app, ["replay", str(source), *arguments])
    finally:
        server.shutdown()
        server.server_close()


def figures(result: Result) -> dict[str, float]:
    assert result.exit_code == 0, result.output
    found: dict[str, float] = orjson.loads(result.stdout.splitlines()[-1])
    return found


def test_it_is_done_when_the_last_consequence_is_in_the_index(folder: Path, address: str, log: Log) -> None:
    consumer = Consumer(log)

    told = figures(replay(folder, address, consumer))

    assert (consumer.committed, consumer.deltas, consumer.tokens) == (6, 0, 0)
    assert (told["edits"], told["lag"]) == (6, 0)
    assert told["refused"] == 1, "those before the replay, and those of other topics, are not its own"


def test_a_list_keeps_its_order_though_all_of_it_has_one_time(folder: Path, address: str, log: Log) -> None:
    figures(replay(folder, address, Consumer(log), "--no-wait"))

    assert [edit.track_id for edit in log.edits] == ["", "t0", "t1", "t2", "t3", "t4"]
    times = [edit.event_time.ToMilliseconds() for edit in log.edits]
    assert times == [times[0] + place for place in range(6)]


def test_more_than_a_call_may_hold_goes_in_several_and_only_the_days_asked_for(
    tmp_path: Path, address: str, log: Log
) -> None:
    rows = [
        {"action": "added", "playlist_id": "p", "track_id": f"t{day}-{number}", "date": f"2020-01-0{day}"}
        for day in range(1, 5)
        for number in range(700)
    ]
    file = tmp_path / "edits.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    told = figures(replay(file, address, Consumer(log), "--no-wait", "--since", "2020-01-02", "--until", "2020-01-04"))

    assert told["edits"] == 1_400
    assert [edit.track_id for edit in log.edits] == [row["track_id"] for row in rows[700:2_100]]


def test_tracks_are_written_only_when_asked_for(folder: Path, address: str, log: Log) -> None:
    figures(replay(folder, address, Consumer(log), "--no-wait"))
    assert log.tracks == []

    assert figures(replay(folder, address, Consumer(log), "--no-wait", "--tracks"))["tracks"] == 2
    assert log.tracks == ["t1", "t2"]


def test_what_stalls_is_named(folder: Path, address: str, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lag, "STALLED_SECONDS", 0.2)

    result = replay(folder, address, Consumer(log, stalls=True))

    assert result.exit_code == 1
    assert "segue: track_tokens has stalled with 6 records to go; its log says why" in result.output


def test_nothing_is_written_where_the_metrics_cannot_be_read(folder: Path, address: str, log: Log) -> None:
    result = CliRunner().invoke(
        app, ["replay", str(folder), "--address", address, "--track-tokens", "127.0.0.1:1", "--recommender", "x:1"]
    )

    assert result.exit_code == 1
    assert "no metrics at 127.0.0.1:1" in result.output
    assert log.edits == []
