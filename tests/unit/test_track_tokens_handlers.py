"""What records mean to track_tokens: states, messages to itself, publications, and refusals with their reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from segue import wire
from segue.catalog import Track, TrackCodes, TrackTokens
from segue.cooccurrence import track as tracks
from segue.cooccurrence.track import TrackState
from segue.events import PlaylistAction, PlaylistEvent
from segue.session import FoldRules
from services.runtime.metrics import DAMAGED
from services.runtime.record import Record
from services.runtime.topology import CATALOG, MAX_MESSAGE_BYTES, PLAYLIST_EVENTS, TRACK_DELTAS
from services.track_tokens import handlers
from services.track_tokens.handlers import Edited, Entry, Refused, TrackDelta

RULES = FoldRules()
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1_000)


def partition_of(_key: bytes) -> int:
    return 0


def record(topic: str, key: str | None, value: bytes | None, offset: int = 0, partition: int = 0) -> Record:
    return Record(topic, partition, offset, NOW_MS, None if key is None else key.encode(), value)


def edit(number: int, track_id: str, **changes: object) -> bytes:
    event = PlaylistEvent(
        event_id=f"event-{number}",
        playlist_id="mix",
        action=PlaylistAction.TRACK_ADDED,
        track_id=track_id,
        event_time=NOW - timedelta(minutes=60 - number),
    )
    return wire.encode(msgspec.structs.replace(event, **changes))


def edited(*values: bytes) -> tuple[bytes, list[TrackDelta]]:
    state: bytes | None = None
    changes: list[TrackDelta] = []
    for offset, value in enumerate(values):
        outcome = handlers.take_edit(record(PLAYLIST_EVENTS.name, "mix", value, offset), state, RULES, partition_of)
        assert isinstance(outcome, Edited)
        state = outcome.state
        changes += outcome.changes
    assert state is not None
    return state, changes


def states_after(changes: list[TrackDelta], *, size: int = 100) -> Mapping[str, TrackState]:
    table: dict[str, bytes] = {}
    for _, message in handlers.messages(changes, lambda _track_id: 0):
        said = handlers.take_changes(record(TRACK_DELTAS.name, None, message))
        assert not isinstance(said, Refused)
        for start in range(0, len(said), size):
            met = handlers.after_changes(record(TRACK_DELTAS.name, None, b""), said[start : start + size], table.get)
            assert not isinstance(met, Refused)
            table.update((track_id, tracks.encode(state)) for track_id, state in met.items())
    return {track_id: tracks.decode(value) for track_id, value in table.items()}


def reason(outcome: object) -> str:
    assert isinstance(outcome, Refused)
    return outcome.error.reason


def test_edits_travel_to_the_tracks_and_become_neighbours() -> None:
    _, changes = edited(edit(0, "a"), edit(1, "b"))
    told = tracks.tokens(states_after(changes)["a"])
    assert told is not None
    assert [near.track_id for near in told.neighbours] == ["b"]
    assert told.event_time == NOW - timedelta(minutes=59)
    assert [(at.topic, at.offset) for at in told.seen] == [(PLAYLIST_EVENTS.name, 1)]


def test_messages_sent_again_in_other_batches_change_nothing() -> None:
    _, changes = edited(*(edit(number, f"track-{number % 4}") for number in range(12)))
    assert states_after([*changes, *changes[5:]], size=3) == states_after(changes)


def test_every_track_is_written_to_the_partition_that_owns_it() -> None:
    _, changes = edited(*(edit(number, f"track-{number}") for number in range(8)))
    for partition, message in handlers.messages(changes, lambda track_id: int(track_id[-1]) % 3):
        said = handlers.take_changes(record(TRACK_DELTAS.name, None, message))
        assert not isinstance(said, Refused)
        assert {int(change.track_id[-1]) % 3 for change in said} == {partition}


def test_messages_fit_the_topic_whatever_the_ids() -> None:
    long_ids = ["".join(chr(0x1F600 + number) for _ in range(128)) for number in range(40)]
    _, changes = edited(
        *(edit(number, track_id) for number, track_id in enumerate(long_ids)),
        edit(41, "", action=PlaylistAction.DELETED),
    )
    sizes = [len(message) for _, message in handlers.messages(changes, lambda _track_id: 0)]
    assert max(sizes) < MAX_MESSAGE_BYTES


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("mix", b"{", "malformed"),
        ("mix", None, "malformed"),
        ("other", edit(0, "a"), "malformed"),
        (None, edit(0, "a"), "malformed"),
        ("mix", edit(0, ""), "invalid"),
        ("mix", edit(0, "a", event_time=NOW + timedelta(hours=1)), "future"),
    ],
)
def test_a_bad_edit_is_refused_with_its_reason(key: str | None, value: bytes | None, expected: str) -> None:
    assert reason(handlers.take_edit(record(PLAYLIST_EVENTS.name, key, value), None, RULES, partition_of)) == expected


def test_a_late_edit_is_refused() -> None:
    state, _ = edited(edit(0, "a"))
    late = edit(1, "b", event_time=NOW - timedelta(days=2))
    assert (
        reason(handlers.take_edit(record(PLAYLIST_EVENTS.name, "mix", late, 1), state, RULES, partition_of)) == "late"
    )


def test_a_playlists_damaged_state_is_begun_anew() -> None:
    source = record(PLAYLIST_EVENTS.name, "mix", edit(0, "a"))
    before = DAMAGED.labels("playlists")._value.get()
    outcome = handlers.take_edit(source, b"\xc1", RULES, partition_of)
    assert outcome == handlers.take_edit(source, None, RULES, partition_of)
    assert isinstance(outcome, Edited)
    assert DAMAGED.labels("playlists")._value.get() == before + 1


def test_a_tracks_damaged_state_is_begun_anew() -> None:
    source = record(CATALOG.name, "x", wire.encode(Track(track_id="x", title="X")))
    entry = handlers.take_entry(source, partition_of)
    assert isinstance(entry, Entry)
    before = DAMAGED.labels("tracks")._value.get()
    after = handlers.after_entry(source, entry, TrackCodes(), lambda _track_id: b"\xc1")
    anew = handlers.after_entry(source, entry, TrackCodes(), lambda _track_id: None)
    assert not isinstance(after, Refused)
    assert not isinstance(anew, Refused)
    assert msgspec.structs.replace(after["x"], version=1) == anew["x"]
    assert after["x"].version > 1_000_000_000, "newer than all that was told before the damage"
    wire.decode(handlers.publication(after["x"]), TrackTokens)
    assert DAMAGED.labels("tracks")._value.get() == before + 1


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("x", b"[]", "malformed"),
        ("x", wire.encode(Track(track_id="x")), "invalid"),
        ("y", wire.encode(Track(track_id="x", title="X")), "malformed"),
        (None, None, "invalid"),
        ("", None, "invalid"),
    ],
)
def test_a_bad_catalogue_record_is_refused(key: str | None, value: bytes | None, expected: str) -> None:
    outcome = handlers.take_entry(record(CATALOG.name, key, value), partition_of)
    assert reason(outcome) in (expected, "malformed")


@pytest.mark.parametrize("value", [None, wire.encode(Track(track_id="x", title="X"))])
def test_a_catalogue_record_in_another_partition_than_its_keys_is_refused(value: bytes | None) -> None:
    outcome = handlers.take_entry(record(CATALOG.name, "x", value, partition=3), partition_of)
    assert isinstance(outcome, Refused)
    assert "is 3; Kafka's default partitioner (murmur2) puts this key into 0" in str(outcome.error)


def test_an_edit_in_another_partition_than_its_keys_is_refused() -> None:
    outcome = handlers.take_edit(
        record(PLAYLIST_EVENTS.name, "mix", edit(0, "a"), partition=1), None, RULES, partition_of
    )
    assert isinstance(outcome, Refused)
    assert "puts this key into 0" in str(outcome.error)


def test_messages_to_itself_lie_where_they_were_put() -> None:
    _, changes = edited(edit(0, "a"), edit(1, "b"))
    ((_, message),) = handlers.messages(changes, lambda _track_id: 0)
    assert not isinstance(handlers.take_changes(record(TRACK_DELTAS.name, None, message, partition=3)), Refused)


def test_a_foreign_message_to_itself_is_refused() -> None:
    assert reason(handlers.take_changes(record(TRACK_DELTAS.name, None, b"{}"))) == "malformed"


def test_a_catalogue_entry_is_published_with_codes_and_without_lyrics() -> None:
    source = record(CATALOG.name, "x", wire.encode(Track(track_id="x", title="X", lyrics="la la")))
    entry = handlers.take_entry(source, partition_of)
    assert isinstance(entry, Entry)
    after = handlers.after_entry(source, entry, TrackCodes(lyrics=7), lambda _track_id: None)
    assert not isinstance(after, Refused)
    value = handlers.publication(after["x"])
    told = wire.decode(value, TrackTokens)
    assert told.codes == TrackCodes(lyrics=7)
    assert told.track == Track(track_id="x", title="X")


def test_a_tombstone_is_published_as_one() -> None:
    source = record(CATALOG.name, "x", None)
    entry = handlers.take_entry(source, partition_of)
    assert entry == Entry("x", None)
    assert isinstance(entry, Entry)
    after = handlers.after_entry(source, entry, None, lambda _track_id: None)
    assert not isinstance(after, Refused)
    assert handlers.publication(after["x"]) is None


def test_a_reminder_changes_no_track_and_makes_it_be_told_of() -> None:
    _, changes = edited(edit(0, "a"), edit(1, "b"))
    before = states_after(changes)
    table = {track_id: tracks.encode(state) for track_id, state in before.items()}
    ((_, message),) = handlers.messages(handlers.reminders(["a"]), lambda _track_id: 0)
    said = handlers.take_changes(record(TRACK_DELTAS.name, None, message))
    assert not isinstance(said, Refused)
    assert handlers.after_changes(record(TRACK_DELTAS.name, None, message), said, table.get) == {"a": before["a"]}
