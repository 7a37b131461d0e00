"""track_tokens between a real broker and a real model server: edits and catalogue in, tokens and rankings out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import msgspec
import orjson
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from deploy.local import LocalStack, StackConfig
from segue import wire
from segue.catalog import Track, TrackTokens
from segue.cooccurrence import track as track_states
from segue.events import PlaylistAction, PlaylistEvent
from segue.ranking import Query, Ranking
from segue.session import FoldRules, Session
from services.runtime.recommender import TritonRecommender
from services.runtime.record import Record
from services.runtime.topology import CATALOG, DEAD_LETTER, PLAYLIST_EVENTS, TRACK_TOKENS
from services.track_tokens import handlers
from services.track_tokens.handlers import Edited
from tests.unit import tiny_model

REPOSITORY = Path(__file__).resolve().parents[2] / "model_repo"
MODELS = ("recommender", "track_encoder")
START = datetime(2021, 2, 1, tzinfo=UTC)
SECONDS = 60.0

pytestmark = pytest.mark.skipif(
    not all((REPOSITORY / name / "config.pbtxt").exists() for name in MODELS),
    reason="model_repo/ lacks recommender or track_encoder",
)


class Outside:
    """What a producer and a consumer of the topics see."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.address = stack.config.kafka
        self._producer = KafkaProducer(bootstrap_servers=self.address, acks="all")

    def edit(self, event_id: str, playlist_id: str, track_id: str, minute: int, **changes: object) -> None:
        event = PlaylistEvent(
            event_id=event_id,
            playlist_id=playlist_id,
            action=PlaylistAction.TRACK_ADDED,
            track_id=track_id,
            event_time=START + timedelta(minutes=minute),
        )
        value = wire.encode(msgspec.structs.replace(event, **changes))
        self._producer.send(PLAYLIST_EVENTS.name, key=playlist_id.encode(), value=value)
        self._producer.flush()

    def upsert(self, track: Track) -> None:
        self._send(CATALOG.name, track.track_id, wire.encode(track))

    def remove(self, track_id: str) -> None:
        self._send(CATALOG.name, track_id, None)

    def records(self, topic: str) -> list[Record]:
        """Everything in the topic now, in order within each partition."""
        with KafkaConsumer(bootstrap_servers=self.address, group_id=None) as consumer:
            partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            ends = consumer.end_offsets(partitions)
            found: list[Record] = []
            while any(consumer.position(at) < end for at, end in ends.items()):
                found += [_record(each) for records in consumer.poll(timeout_ms=200).values() for each in records]
        return found

    def tokens(self) -> dict[str, TrackTokens | None]:
        """The newest tokens of each track; None after a tombstone."""
        return {
            (record.key or b"").decode(): wire.decode(record.value, TrackTokens) if record.value is not None else None
            for record in self.records(TRACK_TOKENS.name)
        }

    def missing(self) -> dict[str, str]:
        """What the service says is missing before it takes work."""
        try:
            answer = urlopen(f"http://127.0.0.1:{self.stack.config.track_tokens_metrics_port}/ready", timeout=5)
        except HTTPError as error:
            answer = error
        with answer:
            found: dict[str, str] = orjson.loads(answer.read())["missing"]
        return found

    def shown(self) -> list[str]:
        """What the recommender's process shows to Prometheus, line by line."""
        address = f"http://127.0.0.1:{self.stack.config.recommender_metrics_port}/metrics"
        with urlopen(address, timeout=5) as answer:
            return str(answer.read(), "utf-8").splitlines()

    def _send(self, topic: str, key: str, value: bytes | None) -> None:
        self._producer.send(topic, key=key.encode(), value=value).get(timeout=20)


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    folder = tmp_path_factory.mktemp("track-tokens")
    tiny_model.checkpoint().save(folder / "checkpoint", tiny_model.tracks()[:5], "# Tiny")
    config = StackConfig.for_tests(folder / "stack", checkpoint=folder / "checkpoint")
    with LocalStack(config, only={"kafka", "topics", "triton", "track_tokens"}) as stack:
        yield Outside(stack)


async def ranking(outside: Outside) -> Ranking:
    """Everything that the recommender would recommend to a newcomer, up to 100 tracks."""
    model = TritonRecommender(outside.stack.config.triton)
    try:
        return (await model.rank([Query(session=Session("newcomer"), count=100)], timeout=10.0))[0]
    finally:
        await model.close()


async def ranked(outside: Outside, wanted: Callable[[set[str]], bool]) -> Ranking:
    deadline = time.monotonic() + SECONDS
    while True:
        found = await ranking(outside)
        if wanted({track.track_id for track in found.tracks}):
            return found
        assert time.monotonic() < deadline, f"{len(found.tracks)} tracks, token version {found.token_version}"


def eventually(condition: Callable[[], bool], what: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)


def neighbour_ids(tokens: TrackTokens | None) -> list[str]:
    return [near.track_id for near in tokens.neighbours] if tokens else []


def test_edits_of_a_playlist_become_neighbours(outside: Outside) -> None:
    for place, track_id in enumerate(("folk-00", "jazz-00", "techno-00")):
        outside.edit(f"mixed-{place}", "mixed", track_id, minute=place)
    eventually(lambda: neighbour_ids(outside.tokens().get("folk-00")) == ["jazz-00", "techno-00"], outside.tokens)
    outside.edit("mixed-3", "mixed", "jazz-00", minute=3, action=PlaylistAction.TRACK_REMOVED)
    eventually(lambda: neighbour_ids(outside.tokens().get("folk-00")) == ["techno-00"], outside.tokens)
    assert neighbour_ids(outside.tokens()["jazz-00"]) == []


async def test_a_new_track_is_recommendable_and_a_removed_one_is_gone_also_after_a_restart(outside: Outside) -> None:
    base = await ranking(outside)
    outside.upsert(Track(track_id="new-banjo", title="New Banjo", artists=("Folk Band 1",), tags=("folk", "banjo")))
    with_new = await ranked(outside, lambda ids: "new-banjo" in ids)
    assert with_new.token_version != base.token_version
    shown = outside.shown()
    assert "segue_index_caught_up 1.0" in shown
    assert 'segue_index_tokens_total{outcome="applied"} 0.0' not in shown
    labels = f'codebook_version="{tiny_model.codebooks().version}",model_version="{base.model_version}"'
    assert f"segue_index_info{{{labels}}} 1.0" in shown
    eventually(lambda: "segue_index_lag 0.0" in outside.shown(), outside.shown)
    told = outside.tokens()["new-banjo"]
    assert told is not None
    assert told.codes is not None
    assert told.codes.tags is not None
    outside.remove("new-banjo")
    outside.remove("folk-07")
    gone = await ranked(outside, lambda ids: not {"new-banjo", "folk-07"} & ids)
    assert outside.tokens()["new-banjo"] is None
    outside.stack.kill("triton")
    outside.stack.restart("triton")
    again = await ranking(outside)
    assert again.token_version == gone.token_version
    assert not {"new-banjo", "folk-07"} & {track.track_id for track in again.tracks}


async def test_a_track_that_comes_while_the_model_server_is_down_waits_for_it(outside: Outside) -> None:
    outside.stack.kill("triton")
    outside.upsert(Track(track_id="patient", title="Patient", tags=("jazz",)))
    eventually(lambda: "track encoder" in outside.missing(), outside.missing)
    outside.stack.restart("triton")
    await ranked(outside, lambda ids: "patient" in ids)
    eventually(lambda: not outside.missing(), outside.missing)


def test_a_bad_record_is_a_dead_letter_with_its_reason_and_the_next_one_counts(outside: Outside) -> None:
    outside._send(PLAYLIST_EVENTS.name, "broken", b"{")
    outside._send(CATALOG.name, "other-key", wire.encode(Track(track_id="x", title="X")))
    outside.edit("from-the-future", "broken", "folk-01", minute=100 * 365 * 24 * 60)
    outside.edit("good-0", "broken", "folk-01", minute=0)
    outside.edit("good-1", "broken", "folk-02", minute=1)
    eventually(lambda: neighbour_ids(outside.tokens().get("folk-01")) == ["folk-02"], outside.tokens)

    def reasons() -> list[bytes]:
        return sorted(dict(record.headers)["segue-reason"] or b"" for record in outside.records(DEAD_LETTER.name))

    eventually(lambda: reasons() == [b"future", b"malformed", b"malformed"], reasons)


def test_a_killed_worker_loses_nothing_and_counts_nothing_twice(outside: Outside) -> None:
    for place in range(200):
        outside.edit(f"long-{place}", f"long-{place % 7}", f"track-{place * 5 % 23}", minute=place)
        if place % 70 == 50:
            outside.stack.kill("track_tokens")
            outside.stack.restart("track_tokens")
    expected = folded(outside.records(PLAYLIST_EVENTS.name))

    def differences() -> dict[str, object]:
        tokens = outside.tokens()
        found = {track_id: tokens.get(track_id) for track_id in expected}
        return {key: (found[key], want) for key, want in expected.items() if _story(found[key]) != _story(want)}

    eventually(lambda: not differences(), differences)


def folded(edits: Iterable[Record]) -> dict[str, TrackTokens]:
    """What the tracks of the long playlists are after the log, read in one go by nobody who can be killed."""
    states: dict[bytes, bytes] = {}
    tracks: dict[str, bytes] = {}
    for record in edits:
        outcome = handlers.take_edit(record, states.get(record.key or b""), FoldRules(), _always(record.partition))
        if isinstance(outcome, Edited):
            states[record.key or b""] = outcome.state
            met = handlers.after_changes(record, outcome.changes, tracks.get)
            assert not isinstance(met, handlers.Refused)
            tracks.update((track_id, track_states.encode(state)) for track_id, state in met.items())
    told = {track_id: handlers.publication(track_states.decode(state)) for track_id, state in tracks.items()}
    return {key: wire.decode(value, TrackTokens) for key, value in told.items() if key.startswith("track-")}


def _always(partition: int) -> Callable[[bytes], int]:
    return lambda _key: partition


def _story(tokens: TrackTokens | None) -> object:
    return tokens and (tokens.neighbours, tokens.version, tokens.seen, tokens.event_time)


def _record(read: object) -> Record:
    topic, partition, offset, timestamp, key, value, headers = (
        getattr(read, name) for name in ("topic", "partition", "offset", "timestamp", "key", "value", "headers")
    )
    return Record(topic, partition, offset, timestamp, key, value, tuple(headers))
