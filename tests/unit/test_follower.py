"""Following track-tokens: from the beginning, newest wins, ready when caught up, and undeterred by failures."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaConnectionError, KafkaTimeoutError

from segue import wire
from segue.catalog import TrackTokens
from services.runtime import follower
from services.runtime.follower import Follower
from services.runtime.settings import Settings
from services.runtime.topology import TRACK_TOKENS

AT = TopicPartition(TRACK_TOKENS.name, 0)


@dataclass
class FakeTopic:
    """One partition; `connect` stands for the consumer's constructor and fails as often as told."""

    records: list[tuple[str, TrackTokens | bytes | None]]
    failures: int = 0
    failure: Exception = field(default_factory=KafkaConnectionError)
    silences: int = 0
    position_now: int = 0
    looked: threading.Event = field(default_factory=threading.Event)

    def connect(self, **_settings: object) -> FakeTopic:
        self.failures -= 1
        if self.failures >= 0:
            raise self.failure
        return self

    def partitions_for_topic(self, _name: str) -> set[int]:
        return {0}

    def assign(self, _partitions: object) -> None:
        self.position_now = 0

    def seek_to_beginning(self, *_partitions: object) -> None:
        self.position_now = 0

    def seek(self, _partition: object, position: int) -> None:
        self.position_now = position

    def end_offsets(self, _partitions: object, timeout_ms: int | None = None) -> dict[TopicPartition, int]:
        if timeout_ms is not None and self.silences > 0:
            self.silences -= 1
            raise KafkaTimeoutError
        return {AT: len(self.records)}

    def position(self, _partition: object) -> int:
        return self.position_now

    def poll(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Any]]:
        found = self.records[self.position_now : self.position_now + min(2, max_records)]
        self.position_now += len(found)
        if not found and timeout_ms:
            self.looked.set()
            threading.Event().wait(0.001)
        return {AT: [_read(offset, *each) for offset, each in enumerate(found)]} if found else {}

    def close(self) -> None:
        pass


def _read(offset: int, key: str, tokens: TrackTokens | bytes | None) -> SimpleNamespace:
    value = wire.encode(tokens) if isinstance(tokens, TrackTokens) else tokens
    return SimpleNamespace(partition=0, offset=offset, timestamp=1_000 + offset, key=key.encode(), value=value)


@dataclass
class Applied:
    """What was handed on, and what the watch was told. Fails for batches that hold a track of `unfit`."""

    unfit: Collection[str] = ()
    versions: dict[str, int] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    told: Counter[str] = field(default_factory=Counter)
    lags: list[int] = field(default_factory=list)
    written: set[int] = field(default_factory=set)

    def __call__(self, tokens: Sequence[TrackTokens], removed: Collection[str]) -> None:
        if set(self.unfit) & {*removed, *(each.track_id for each in tokens)}:
            raise ValueError("cannot be applied")
        self.versions.update((each.track_id, each.version) for each in tokens)
        self.removed.update(removed)

    def behind(self, records: int) -> None:
        self.lags.append(records)

    def caught_up(self) -> None:
        self.told["caught up"] += 1

    def applied(self, written_ms: Sequence[int], seconds: float) -> None:
        assert seconds >= 0
        self.told["applied"] += len(written_ms)
        self.written.update(written_ms)

    def failed(self) -> None:
        self.told["failed"] += 1

    def refused(self) -> None:
        self.told["refused"] += 1


@contextmanager
def following(topic: FakeTopic, applied: Applied, seconds: float = 10.0) -> Iterator[bool]:
    settings = Settings(catch_up=timedelta(seconds=seconds))
    following = Follower(settings, "test", TRACK_TOKENS, _told, applied, applied, topic.connect)
    try:
        yield following.start()
    finally:
        following.stop()


def _told(_track_id: str, value: bytes) -> TrackTokens:
    return wire.decode(value, TrackTokens)


def tokens(track_id: str, version: int) -> tuple[str, TrackTokens]:
    return track_id, TrackTokens(track_id=track_id, version=version)


def test_it_has_caught_up_when_it_has_read_what_was_there_at_its_start() -> None:
    applied = Applied()
    with following(FakeTopic([tokens("a", 1), tokens("b", 1), tokens("a", 2), ("b", None)]), applied) as caught_up:
        assert caught_up
        assert applied.versions["a"] == 2
        assert "b" in applied.removed


def test_it_hands_on_the_newest_of_each_track_once() -> None:
    applied = Applied()
    with following(FakeTopic([("a", None), tokens("a", 3)]), applied):
        assert applied.versions == {"a": 3}
        assert applied.removed == set()


def test_it_tries_again_until_the_broker_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "RETRY", 0.001)
    applied = Applied()
    with following(FakeTopic([tokens("a", 1)], failures=3), applied) as caught_up:
        assert caught_up
        assert applied.versions == {"a": 1}


def test_a_fault_of_ours_does_not_end_the_following(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "RETRY", 0.001)
    applied = Applied()
    with following(FakeTopic([tokens("a", 1)], failures=2, failure=ValueError("unheard of")), applied) as caught_up:
        assert caught_up
        assert applied.versions == {"a": 1}


def test_without_a_broker_it_gives_up_waiting_and_goes_on_trying() -> None:
    with following(FakeTopic([], failures=1_000_000), Applied(), seconds=0.05) as caught_up:
        assert not caught_up


def test_what_is_no_tokens_is_passed_over() -> None:
    applied = Applied()
    with following(FakeTopic([("a", b"{"), tokens("b", 1)]), applied) as caught_up:
        assert caught_up
        assert applied.versions == {"b": 1}
        assert applied.told["refused"] == 1


def test_a_batch_that_cannot_be_applied_costs_only_the_tracks_that_fail() -> None:
    topic = FakeTopic([*(tokens(f"track-{number}", 1) for number in range(9)), ("gone", None), ("unfit gone", None)])
    applied = Applied(unfit={"track-3", "unfit gone"})
    with following(topic, applied) as caught_up:
        assert caught_up
        assert applied.versions == {f"track-{number}": 1 for number in range(9) if number != 3}
        assert applied.removed == {"gone"}
        assert applied.told == {"applied": 9, "failed": 2, "caught up": 1}


def test_after_tracks_that_fail_the_next_ones_are_read() -> None:
    topic, applied = FakeTopic([tokens("a", 1)]), Applied(unfit={"a"})
    with following(topic, applied):
        topic.records.append(tokens("b", 1))
        topic.looked.clear()
        assert topic.looked.wait(10)
        assert applied.versions == {"b": 1}


def test_it_tells_how_far_behind_it_is_and_when_what_it_applied_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "MEASURE", 0.0)
    monkeypatch.setattr(follower, "MOST_AT_ONCE", 2)
    applied = Applied()
    with following(FakeTopic([tokens(name, 1) for name in "abcde"]), applied):
        assert applied.lags[:2] == [2, 0]
        assert applied.written == {1_000, 1_001}


def test_a_broker_that_does_not_say_where_the_topic_ends_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "RETRY", 0.001)
    monkeypatch.setattr(follower, "MEASURE", 0.0)
    topic, applied = FakeTopic([tokens("a", 1)], silences=2), Applied()
    with following(topic, applied) as caught_up:
        assert caught_up
        assert applied.versions == {"a": 1}
        assert applied.told["applied"] == 1
