"""What the demo on real playlists replays, and what it holds back: the ends of playlists, from everywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.local.real.plan import HEARD, HELD_BACK, Plan, make_plan
from deploy.local.real.popularity import ALL_TIME, LATELY, REPLAYED, count_additions
from segue.catalog import Track
from segue.cli.lag import wait_until_none
from segue.dataset import Dataset, Playlist, PlaylistEntry, write_dataset
from segue.errors import StackError
from segue.events import PlaylistAction

CUT = datetime(2021, 2, 1, tzinfo=UTC)
TRACKS = [Track(f"t{number}", f"Title {number}") for number in range(60)]


def test_the_last_additions_after_the_cut_are_asked_for_and_nowhere_replayed(tmp_path: Path) -> None:
    planned = plan(tmp_path, growing("p", before=12, after=8))
    (walk,) = planned.walks
    assert walk.held_back == tuple(f"t{number}" for number in range(15, 20))
    assert len(walk.held_back) == HELD_BACK == planned.positions
    assert walk.heard == tuple(f"t{number}" for number in range(5, 15))
    assert len(walk.heard) == HEARD
    assert [edit.track_id for edit in planned.edits] == ["t12", "t13", "t14"]
    assert [track.track_id for track in planned.new_tracks] == ["t12", "t13", "t14"]


def test_what_is_held_back_in_one_playlist_is_known_from_another(tmp_path: Path) -> None:
    other = Playlist("q", "", "", (entry("t19", day=1), *(entry(f"t{30 + n}", day=2) for n in range(HELD_BACK))))
    planned = plan(tmp_path, growing("p", before=12, after=8), other)
    assert "t19" in planned.known
    assert "t19" in {track.track_id for track in planned.new_tracks}
    assert "t18" not in planned.known
    assert [edit.playlist_id for edit in planned.edits if edit.track_id == "t19"] == ["q"]


def test_the_removal_of_a_held_back_track_is_held_back_too(tmp_path: Path) -> None:
    gone = PlaylistEntry("t9", CUT + timedelta(days=1), CUT + timedelta(days=2))
    planned = plan(tmp_path, Playlist("p", "", "", (entry("t0", day=-2), entry("t1", day=-1), gone)))
    assert planned.edits == ()
    assert planned.known == {"t0", "t1"}


def test_a_removal_of_what_was_there_before_is_replayed(tmp_path: Path) -> None:
    left = PlaylistEntry("t0", CUT - timedelta(days=9), CUT + timedelta(days=2))
    planned = plan(tmp_path, Playlist("p", "", "", (left, entry("t1", day=-1))))
    assert [(edit.track_id, edit.action) for edit in planned.edits] == [("t0", PlaylistAction.TRACK_REMOVED)]
    assert planned.walks == ()


def test_a_track_that_came_back_is_not_asked_for(tmp_path: Path) -> None:
    back = PlaylistEntry("t0", CUT - timedelta(days=9), CUT + timedelta(days=5))
    planned = plan(tmp_path, Playlist("p", "", "", (back, entry("t1", day=-1), entry("t0", day=5), entry("t2", day=5))))
    (walk,) = planned.walks
    assert walk.heard == ("t1",)
    assert walk.held_back == ("t0", "t2")
    same = plan(tmp_path, Playlist("p", "", "", (entry("t0", day=-2), entry("t0", day=5), entry("t2", day=5))))
    assert [each.held_back for each in same.walks] == [("t2",)]


def test_edits_of_a_day_keep_the_order_of_the_list(tmp_path: Path) -> None:
    shuffled = [7, 3, 11, 1, 9]
    entries = [
        entry("t0", day=-1),
        *(entry(f"t{n}", day=1) for n in shuffled),
        *(entry(f"t{40 + n}", day=3) for n in range(5)),
    ]
    planned = plan(tmp_path, Playlist("p", "", "", tuple(entries)))
    times = [edit.event_time for edit in planned.edits]
    assert [edit.track_id for edit in planned.edits] == [f"t{n}" for n in shuffled]
    assert times == sorted(set(times), key=lambda time: time or CUT)


def test_popularity_counts_what_each_baseline_may_know(tmp_path: Path) -> None:
    old = Playlist("q", "", "", tuple(entry(f"t{n}", day=-200) for n in (50, 51)))
    older = Playlist("r", "", "", (entry("t50", day=-300),))
    dataset = written(tmp_path, growing("p", before=12, after=8), old, older)
    planned = make_plan(dataset, CUT)
    top = count_additions(dataset, planned, CUT).top(3, {"t12"})
    assert top[ALL_TIME][0] == "t50"
    assert "t50" not in top[LATELY]
    assert set(top[REPLAYED]) == {"t13", "t14"}


def test_waiting_ends_with_the_condition_and_gives_up_on_what_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    left, told = iter([3, 2, 0]), list[int]()
    wait_until_none(lambda: next(left), "somebody", told.append)
    assert told == [3, 2, 0]
    monkeypatch.setattr("segue.cli.lag.STALLED_SECONDS", 0.0)
    with pytest.raises(StackError, match="somebody has stalled with 7 records"):
        wait_until_none(lambda: 7, "somebody", told.append)


def growing(playlist_id: str, before: int, after: int) -> Playlist:
    """One addition a day, the tracks in the order of their numbers."""
    return Playlist(playlist_id, "", "", tuple(entry(f"t{n}", day=n - before) for n in range(before + after)))


def entry(track_id: str, day: int) -> PlaylistEntry:
    return PlaylistEntry(track_id, CUT + timedelta(days=day))


def plan(folder: Path, *playlists: Playlist) -> Plan:
    return make_plan(written(folder, *playlists), CUT)


def written(folder: Path, *playlists: Playlist) -> Dataset:
    write_dataset(folder, TRACKS, playlists)
    return Dataset.open(folder)
