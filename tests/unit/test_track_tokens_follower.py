"""Following track-tokens: from the beginning, newest wins, ready when caught up, and undeterred by failures."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaConnectionError

from segue import wire
from segue.catalog import TrackTokens
from services.runtime import index_follower
from services.runtime.index_follower import IndexFollower
from services.runtime.settings import Settings
from services.runtime.topology import TRACK_TOKENS

AT = TopicPartition(TRACK_TOKENS.name, 0)


@dataclass
class FakeTopic:
    """One partition; `connect` stands for the consumer's constructor and fails as often as told."""

    records: list[tuple[str, TrackTokens | bytes | None]]
    failures: int = 0
    position_now: int = 0
    looked: threading.Event = field(default_factory=threading.Event)

    def connect(self, **_settings: object) -> FakeTopic:
        self.failures -= 1
        if self.failures >= 0:
            raise KafkaConnectionError
        return self

    def partitions_for_topic(self, _name: str) -> set[int]:
        return {0}

    def assign(self, _partitions: object) -> None:
        self.position_now = 0

    def seek_to_beginning(self, *_partitions: object) -> None:
        self.position_now = 0

    def seek(self, _partition: object, position: int) -> None:
        self.position_now = position

    def end_offsets(self, _partitions: object) -> dict[TopicPartition, int]:
        return {AT: len(self.records)}

    def position(self, _partition: object) -> int:
        return self.position_now

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        found = self.records[self.position_now : self.position_now + 2]
        self.position_now += len(found)
        if not found and timeout_ms:
            self.looked.set()
            threading.Event().wait(0.001)
        return {AT: [_read(offset, *each) for offset, each in enumerate(found)]} if found else {}

    def close(self) -> None:
        pass


def _read(offset: int, key: str, tokens: TrackTokens | bytes | None) -> SimpleNamespace:
    value = wire.encode(tokens) if isinstance(tokens, TrackTokens) else tokens
    return SimpleNamespace(partition=0, offset=offset, key=key.encode(), value=value)


class Applied:
    """What was handed on."""

    def __init__(self, *, failing: int = 0) -> None:
        self.versions: dict[str, int] = {}
        self.removed: set[str] = set()
        self._failing = failing

    def __call__(self, tokens: Sequence[TrackTokens], removed: Collection[str]) -> None:
        self._failing -= 1
        if self._failing >= 0:
            raise ValueError("cannot be applied")
        self.versions.update((each.track_id, each.version) for each in tokens)
        self.removed.update(removed)


@contextmanager
def following(topic: FakeTopic, applied: Applied, seconds: float = 10.0) -> Iterator[bool]:
    settings = Settings(catch_up=timedelta(seconds=seconds))
    follower = IndexFollower(settings, applied, topic.connect)
    try:
        yield follower.start()
    finally:
        follower.stop()


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
    monkeypatch.setattr(index_follower, "RETRY", 0.001)
    applied = Applied()
    with following(FakeTopic([tokens("a", 1)], failures=3), applied) as caught_up:
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


def test_a_batch_that_cannot_be_applied_does_not_end_it() -> None:
    topic, applied = FakeTopic([tokens("a", 1)]), Applied(failing=1)
    with following(topic, applied):
        topic.records.append(tokens("b", 1))
        topic.looked.clear()
        assert topic.looked.wait(10)
        assert applied.versions == {"b": 1}
