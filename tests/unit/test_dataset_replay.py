from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from segue.catalog import Track
from segue.dataset import Dataset, ListeningSession, Playlist, PlaylistEntry, SessionRow, write_dataset
from segue.events import (
    ListeningAction,
    PlaylistAction,
    PlaylistEvent,
    validate_listening_event,
    validate_playlist_event,
)
from segue.replay import EPOCH, listening_events, playlist_events

DAY = datetime(2025, 1, 1, tzinfo=UTC)
TRACKS = (Track(track_id="a", title="A"),)

stays = st.tuples(st.sampled_from("abc"), st.integers(0, 4), st.none() | st.integers(0, 4)).map(
    lambda stay: PlaylistEntry(stay[0], day(stay[1]), None if stay[2] is None else day(stay[1] + stay[2]))
)
lists_of_playlists = st.lists(st.lists(stays, max_size=6), max_size=3)


def day(number: int) -> datetime:
    return DAY + timedelta(days=number)


def replayed(*playlists: Playlist) -> list[PlaylistEvent]:
    with TemporaryDirectory() as folder:
        write_dataset(folder, TRACKS, playlists)
        return list(playlist_events(Dataset.open(folder)))


@settings(deadline=None, max_examples=60)
@given(lists_of_playlists)
def test_replayed_edits_build_the_playlists_in_time_order(entries: list[list[PlaylistEntry]]) -> None:
    playlists = [Playlist(f"p{index}", f"name {index}", entries=tuple(of)) for index, of in enumerate(entries)]

    events = replayed(*playlists)

    assert [event.event_time for event in events] == sorted(event.event_time or EPOCH for event in events)
    assert len({event.event_id for event in events}) == len(events)
    held: Counter[tuple[str, str]] = Counter()
    for event in events:
        validate_playlist_event(event)
        if event.action is PlaylistAction.TRACK_ADDED:
            held[event.playlist_id, event.track_id] += 1
        if event.action is PlaylistAction.TRACK_REMOVED:
            held[event.playlist_id, event.track_id] -= 1
        assert held[event.playlist_id, event.track_id] >= 0
    assert +held == Counter(
        (playlist.playlist_id, entry.track_id)
        for playlist in playlists
        for entry in playlist.entries
        if entry.removed_at is None
    )


def test_a_playlist_is_created_by_name_before_its_first_track() -> None:
    first, second = replayed(Playlist("p", "Mine", entries=(PlaylistEntry("a", day(3)),)))

    assert (first.action, first.name, first.event_time) == (PlaylistAction.CREATED, "Mine", day(3))
    assert (second.action, second.track_id) == (PlaylistAction.TRACK_ADDED, "a")


def test_a_longer_export_names_the_same_events_the_same() -> None:
    early = Playlist("p", entries=(PlaylistEntry("a", day(1)), PlaylistEntry("b", day(2))))
    later = Playlist(
        "p", entries=(PlaylistEntry("z", day(3)), PlaylistEntry("a", day(1), day(4)), PlaylistEntry("b", day(2)))
    )

    assert replayed(early) == [event for event in replayed(later) if event.event_time and event.event_time < day(3)]


def test_an_undated_entry_was_there_before_all_others() -> None:
    events = replayed(Playlist("p", entries=(PlaylistEntry("a", day(1)), PlaylistEntry("b"))))

    assert [event.track_id for event in events] == ["", "b", "a"]
    assert events[1].event_time == EPOCH


def test_listening_is_replayed_in_time_order_over_all_sessions(tmp_path: Path) -> None:
    liked, finished = ListeningAction.LIKED, ListeningAction.PLAY_FINISHED
    sessions = (
        ListeningSession("s1", "l1", (SessionRow("a", finished, day(2), 9.0), SessionRow("b", liked, None))),
        ListeningSession("s2", "l2", (SessionRow("c", finished, day(1), 8.0),)),
    )
    write_dataset(tmp_path, TRACKS, sessions=sessions)

    events = list(listening_events(Dataset.open(tmp_path)))

    assert [(event.listener_id, event.track_id, event.event_time) for event in events] == [
        ("l2", "c", day(1)),
        ("l1", "a", day(2)),
        ("l1", "b", day(2)),
    ]
    assert events == list(listening_events(Dataset.open(tmp_path)))
    assert len({event.event_id for event in events}) == 3
    for event in events:
        validate_listening_event(event)
