"""What becomes of a track whose tokens cannot be written, or would be too large to be kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from segue import wire
from segue.catalog import MAX_AUDIO_FEATURES, Track, TrackCodes, TrackTokens
from segue.errors import InvalidMessage, Violation
from services.runtime.progress import Progress
from services.runtime.record import Record
from services.runtime.settings import Settings
from services.runtime.topology import CATALOG, MAX_MESSAGE_BYTES, MAX_STATE_BYTES, TRACK_TOKENS
from services.track_tokens import handlers
from services.track_tokens.handlers import Entry, Refused
from services.track_tokens.lane import Arrival
from services.track_tokens.tracks import Tracks


class Table(dict[bytes, bytes]):
    """Faust's table, whose changes arrive at once."""

    async def written(self) -> None:
        await asyncio.sleep(0)


class Signal:
    def connect(self, _handler: object) -> None:
        """Nobody sends it."""


class App:
    on_partitions_revoked = Signal()

    def topic(self, *_: object, **__: object) -> None:
        """A topic that nobody reads."""

    def Table(self, *_: object, **__: object) -> Table:  # noqa: N802  Faust's name
        return Table()


class Event:
    """Stands for a Faust event; remembers whether it was acknowledged."""

    acknowledged = False

    def ack(self) -> None:
        self.acknowledged = True


class Codes:
    """The encoder: the same codes for every track."""

    async def codes(self, tracks: Sequence[Track]) -> list[TrackCodes]:
        return [TrackCodes(metadata=1) for _ in tracks]


class Outbox:
    """Takes what is smaller than `most` bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.sent: list[tuple[str, bytes | None, bytes | None]] = []
        self.buried: list[tuple[Record, InvalidMessage]] = []

    async def send(self, topic: str, key: bytes | None, value: bytes | None, **_: Any) -> None:
        if len(value or b"") > self._most:
            raise InvalidMessage(Violation("", f"what is to be written to {topic} is too large"))
        self.sent.append((topic, key, value))

    async def bury(self, record: Record, error: InvalidMessage) -> None:
        self.buried.append((record, error))


def entry(track: Track, offset: int = 0) -> Record:
    return Record(CATALOG.name, 0, offset, 1_700_000_000_000, track.track_id.encode(), wire.encode(track))


def arrival(record: Record) -> Arrival:
    return Arrival(record, Event(), 0)


def tracks(outbox: Outbox) -> Tracks:
    app: Any = App()
    encoding: Any = Codes()
    return Tracks(app, Settings(partitions=1), outbox, encoding, Progress())


def large(track_id: str, name_length: int) -> Track:
    """A valid track whose features have long names of four bytes a character."""
    names = (f"{number:03}".ljust(name_length, "🎵") for number in range(MAX_AUDIO_FEATURES))
    return Track(track_id=track_id, title="X", audio_features=dict.fromkeys(names, 1e15))


async def test_a_track_that_cannot_be_published_costs_its_record_and_no_other() -> None:
    outbox = Outbox(most=1_000)
    batch = [arrival(entry(Track("a", "A" * 900), 0)), arrival(entry(Track("b", "B"), 1))]
    await tracks(outbox).work(batch)
    ((buried, error),) = outbox.buried
    assert (buried.offset, error.reason) == (0, "invalid")
    assert [(topic, key) for topic, key, _ in outbox.sent] == [(TRACK_TOKENS.name, b"b")]
    assert all(one.event.acknowledged for one in batch)


async def test_a_track_just_under_the_topics_bound_is_published() -> None:
    outbox = Outbox(most=MAX_STATE_BYTES)
    record = entry(large("a", 480))
    assert MAX_MESSAGE_BYTES - 20_000 < len(record.value or b"") < MAX_MESSAGE_BYTES
    await tracks(outbox).work([arrival(record)])
    assert outbox.buried == []
    ((_, _, told),) = outbox.sent
    assert wire.decode(told, TrackTokens).codes == TrackCodes(metadata=1)


def test_a_track_whose_state_would_be_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "MOST_CONTENT_BYTES", 1_000_000)
    record = entry(large("a", 500))
    told = handlers.take_entry(record, lambda _key: 0)
    assert isinstance(told, Entry)
    outcome = handlers.after_entry(record, told, TrackCodes(), lambda _track_id: None)
    assert isinstance(outcome, Refused)
    assert "can be kept" in str(outcome.error)
