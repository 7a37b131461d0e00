"""Two states of a playlist or a track, of which a worker that was cut off wrote one: none is set back."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.catalog import Track, TrackCodes
from segue.cooccurrence import playlist as playlists
from segue.cooccurrence import track as tracks
from segue.cooccurrence.merge import merge_tracks, newer_playlist
from segue.cooccurrence.pairs import PairDelta
from segue.cooccurrence.playlist import Playlist
from segue.cooccurrence.track import TrackState
from segue.errors import MalformedMessage
from segue.events import PlaylistAction, PlaylistEvent
from segue.session import FoldRules, Position, from_ms

EDITS, ENTRIES = "playlist-events", "catalog"
START_MS = 1_700_000_000_000
RULES = FoldRules(lateness=timedelta(hours=1))

counts = st.integers(0, 8)


def playlist(edits: int) -> bytes:
    """The state after the first so many edits."""
    state = Playlist("mix")
    for offset in range(edits):
        at_ms = START_MS + offset
        event = PlaylistEvent(
            f"e{offset}", "mix", PlaylistAction.TRACK_ADDED, track_id=f"t{offset}", event_time=from_ms(at_ms)
        )
        state, _ = playlists.apply(state, event, Position(EDITS, 2, offset, at_ms), RULES)
    return playlists.encode(state)


def track(edits: int, entries: int) -> TrackState:
    """The state after the first so many changes, by edits of two partitions, and so many catalogue entries."""
    state = TrackState("t")
    for number in range(edits):
        at = Position(EDITS, number % 2, number // 2, START_MS)
        state = tracks.meet(state, (PairDelta("t", f"n{number}", 472_222, 4),), at, START_MS + number)
    for offset in range(entries):
        at = Position(ENTRIES, 1, offset, START_MS + offset)
        if offset % 3 == 2:
            state = tracks.remove(state, at)
        else:
            state = tracks.describe(state, Track("t", f"Name {offset}"), TrackCodes(metadata=offset), at)
    return state


def merged(known: TrackState, other: TrackState) -> TrackState:
    return tracks.decode(merge_tracks(tracks.encode(known), tracks.encode(other), ENTRIES))


@given(counts, counts)
def test_of_two_states_of_a_playlist_the_one_that_has_read_further_is_kept(known: int, other: int) -> None:
    assert newer_playlist(playlist(known), playlist(other)) == playlist(max(known, other))


@given(counts, counts, counts, counts)
def test_two_states_of_a_track_give_the_state_that_has_read_as_far_as_either(a: int, b: int, c: int, d: int) -> None:
    one, two = track(a, b), track(c, d)
    expected = msgspec.structs.replace(track(max(a, c), max(b, d)), version=max(one.version, two.version))
    assert merged(one, two) == expected
    assert merged(two, one) == expected


def test_a_track_that_another_checkpoint_told_of_since_keeps_its_version() -> None:
    late = tracks.told_by(track(3, 1), "before")
    told = tracks.told_by(late, "after")
    assert merged(told, late) == merged(late, told) == told


def test_of_two_states_that_are_equal_the_last_is_kept() -> None:
    for state, merge in ((playlist(2), newer_playlist), (tracks.encode(track(2, 1)), merge_of_tracks)):
        again = bytes(bytearray(state))
        assert merge(state, again) is again


def merge_of_tracks(known: bytes, other: bytes) -> bytes:
    return merge_tracks(known, other, ENTRIES)


@pytest.mark.parametrize("damaged", [b"", b"\xc1", b"\x91\x05", playlist(3)[:-3], tracks.encode(track(3, 2))[:-3]])
def test_damaged_states_are_said_to_be(damaged: bytes) -> None:
    for state, merge in ((playlist(2), newer_playlist), (tracks.encode(track(2, 1)), merge_of_tracks)):
        with pytest.raises(MalformedMessage):
            merge(damaged, state)
        with pytest.raises(MalformedMessage):
            merge(state, damaged)
