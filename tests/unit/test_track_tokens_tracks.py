"""What becomes of a track whose tokens cannot be written, or would be too large to be kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from segue import wire
from segue.catalog import MAX_AUDIO_FEATURES, Track, TrackCodes, TrackTokens
from segue.cooccurrence import playlist as playlists
from segue.cooccurrence import track as states
from segue.cooccurrence.clusters import FrozenClusters
from segue.cooccurrence.playlist import Playlist
from segue.cooccurrence.track import TrackState
from segue.errors import InvalidMessage, Violation
from segue.session import Position
from services.runtime.changelog import Newest
from services.runtime.progress import Progress
from services.runtime.record import Record
from services.runtime.settings import Settings
from services.runtime.topology import (
    CATALOG,
    MAX_MESSAGE_BYTES,
    MAX_STATE_BYTES,
    PLAYLIST_EVENTS,
    TRACK_DELTAS,
    TRACK_TOKENS,
)
from services.track_tokens import handlers
from services.track_tokens import tracks as tracks_module
from services.track_tokens.handlers import Entry, Refused
from services.track_tokens.lane import Arrival
from services.track_tokens.playlists import Playlists
from services.track_tokens.tracks import Tracks
from tests.unit import tiny_model


class Table(dict[bytes, bytes]):
    """Faust's table, whose changes arrive at once; counts them."""

    writes = 0
    newest: Newest

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self.writes += 1
        super().__setitem__(key, value)

    async def written(self) -> None:
        await asyncio.sleep(0)


class Signal:
    def connect(self, _handler: object) -> None:
        """Nobody sends it."""


class App:
    on_partitions_revoked = Signal()

    def topic(self, *_: object, **__: object) -> None:
        """A topic that nobody reads."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}

    def Table(self, name: str, **_: object) -> Table:  # noqa: N802  Faust's name
        return self.tables.setdefault(name, Table())


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

    async def send(self, topic: str, key: bytes | None, value: bytes | None, **where: Any) -> None:
        await self.acknowledged(topic, await self.begin(topic, key, value, **where))

    async def acknowledged(self, _topic: str, acknowledgement: Awaitable[Any]) -> None:
        await acknowledgement

    async def begin(self, topic: str, key: bytes | None, value: bytes | None, **_: Any) -> Awaitable[Any]:
        if len(value or b"") > self._most:
            raise InvalidMessage(Violation("", f"what is to be written to {topic} is too large"))
        self.sent.append((topic, key, value))
        return asyncio.sleep(0)

    async def bury(self, record: Record, error: InvalidMessage) -> None:
        self.buried.append((record, error))


def entry(track: Track, offset: int = 0) -> Record:
    return Record(CATALOG.name, 0, offset, 1_700_000_000_000, track.track_id.encode(), wire.encode(track))


def arrival(record: Record) -> Arrival:
    return Arrival(record, Event(), 0)


def tracks(outbox: Outbox, checkpoint: str = "served", table: Table | None = None) -> Tracks:
    app: Any = App()
    if table is not None:
        app.tables["tracks"] = table
    encoding: Any = Codes()
    return Tracks(app, Settings(partitions=1), outbox, encoding, Progress(), clusters(checkpoint))


def clusters(checkpoint: str) -> FrozenClusters:
    index = tiny_model.checkpoint().index
    return replace(tiny_model.codebooks().freeze(tiny_model.tracks(), index.codes), checkpoint=checkpoint)


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


async def test_a_new_track_is_published_with_the_code_that_its_content_suggests() -> None:
    outbox = Outbox(most=1_000_000)
    like = tiny_model.tracks()[3]
    await tracks(outbox).work([arrival(entry(Track("new", "New", artists=like.artists)))])
    ((_, _, told),) = outbox.sent
    live = wire.decode(told, TrackTokens).live
    assert live is not None
    assert live.codebook_version == tiny_model.codebooks().version
    assert live.code is not None
    assert live.code == live.home
    assert not live.known


async def test_a_new_checkpoint_finds_the_tracks_that_another_told_of_and_no_others() -> None:
    table, outbox = Table(), Outbox(most=1_000_000)
    await tracks(outbox, "before", table).work([arrival(entry(Track("a", "A"))), arrival(entry(Track("b", "B"), 1))])
    after = tracks(outbox, "after", table)
    assert [track_id async for track_id in after.told_by_others()] == ["a", "b"]
    ((_, message),) = handlers.messages(handlers.reminders(["a"]), lambda _track_id: 0)
    await after.work([arrival(Record(TRACK_DELTAS.name, 0, 2, 1_700_000_000_000, None, message))])
    assert [track_id async for track_id in after.told_by_others()] == ["b"]
    assert wire.decode(outbox.sent[-1][2], TrackTokens).version == 2


async def test_what_a_batch_changes_of_a_track_is_written_and_published_once() -> None:
    table, outbox = Table(), Outbox(most=1_000_000)
    batch = [arrival(entry(Track("a", f"Name {offset}"), offset)) for offset in range(5)]
    await tracks(outbox, table=table).work(batch)
    assert (table.writes, len(outbox.sent)) == (1, 1)
    told = wire.decode(outbox.sent[0][2], TrackTokens)
    assert told.track is not None
    assert (told.track.title, told.version) == ("Name 4", 5)


def test_recovery_lets_no_late_write_set_a_playlist_or_a_track_back() -> None:
    app: Any = App()
    nobody: Any = None
    Playlists(app, Settings(), nobody, Progress())
    Tracks(app, Settings(), nobody, nobody, Progress(), clusters("served"))
    at = Position(PLAYLIST_EVENTS.name, 0, 5, 0)
    for name, old, new in (
        ("playlists", playlists.encode(Playlist("mix")), playlists.encode(Playlist("mix", seen=at))),
        ("tracks", states.encode(TrackState("a")), states.encode(TrackState("a", version=1, seen=(at,)))),
    ):
        newest = app.tables[name].newest
        assert newest(new, old, 0) == new
        assert newest(old, new, 0) == new
        assert newest(None, old, 0) == old
        assert newest(b"\xc1", old, 0) == old


async def test_a_batch_of_many_tracks_is_written_in_parts_and_acknowledged_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracks_module, "MOST_STATES", 2)
    table, outbox = Table(), Outbox(most=1_000_000)
    batch = [arrival(entry(Track(track_id, "X"), offset)) for offset, track_id in enumerate("abcde")]
    await tracks(outbox, table=table).work(batch)
    assert [key for _, key, _ in outbox.sent] == [b"a", b"b", b"c", b"d", b"e"]
    assert sorted(table) == [b"a", b"b", b"c", b"d", b"e"]
    assert all(one.event.acknowledged for one in batch)


async def test_nothing_more_is_folded_once_the_partitions_are_another_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracks_module, "FOLDED_AT_ONCE", 2)
    outbox = Outbox(most=1_000_000)
    served = tracks(outbox)
    batch = [arrival(entry(Track(track_id, "X"), offset)) for offset, track_id in enumerate("abcde")]
    work = asyncio.create_task(served.work(batch))
    await asyncio.sleep(0)
    await served.lane._on_revoked()
    await work
    assert outbox.sent == []
    assert outbox.buried == []
    assert not any(one.event.acknowledged for one in batch)
