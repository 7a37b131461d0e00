from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from segue.dataset import Dataset, Playlist, PlaylistEntry
from segue.errors import DatasetError, InvalidMessage
from segue.importers.playlist_archive import ArchiveSummary, import_playlist_archive, seconds
from segue.replay import playlist_events

PLAYLISTS = ({"playlist_id": "p", "name": "Mine", "description": "of mine"}, {"playlist_id": "q", "name": "Empty"})


def added(track_id: str, day: str, **changes: Any) -> dict[str, Any]:
    row = {
        "action": "added",
        "playlist_id": "p",
        "track_id": track_id,
        "date": day,
        "title": track_id.upper(),
        "artists": ["Second", "First"],
        "album": "Album",
        "length": "3:07",
    }
    return row | changes


def removed(track_id: str, day: str) -> dict[str, Any]:
    return {"action": "removed", "playlist_id": "p", "track_id": track_id, "date": day}


def archive(folder: Path, *edits: dict[str, Any] | str, playlists: tuple[dict[str, Any], ...] = PLAYLISTS) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "playlists.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in playlists))
    rows = (row if isinstance(row, str) else json.dumps(row) for row in edits)
    (folder / "playlist_edits.jsonl").write_text("".join(f"{row}\n" for row in rows))
    return folder


def imported(
    tmp_path: Path, *edits: dict[str, Any] | str, **options: Any
) -> tuple[ArchiveSummary, dict[str, Playlist]]:
    summary = import_playlist_archive(archive(tmp_path / "source", *edits), tmp_path / "out", **options)
    return summary, {playlist.playlist_id: playlist for playlist in Dataset.open(tmp_path / "out").playlists()}


def midnight(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def test_edits_become_dated_entries_in_order_of_addition(tmp_path: Path) -> None:
    summary, playlists = imported(
        tmp_path,
        added("b", "2020-01-01"),
        added("a", "2020-01-01"),
        removed("b", "2020-01-05"),
        added("b", "2020-02-01"),
    )

    assert playlists["p"] == Playlist(
        "p",
        "Mine",
        "of mine",
        (
            PlaylistEntry("b", midnight("2020-01-01"), midnight("2020-01-05")),
            PlaylistEntry("a", midnight("2020-01-01")),
            PlaylistEntry("b", midnight("2020-02-01")),
        ),
    )
    assert playlists["q"].entries == ()
    assert summary == ArchiveSummary(playlists=2, tracks=2, edits=4, additions=3, removals=1)


def test_tracks_keep_artists_in_order_and_length_in_seconds(tmp_path: Path) -> None:
    imported(tmp_path, added("a", "2020-01-01"), added("a", "2020-01-02", title="Renamed"))

    (track,) = Dataset.open(tmp_path / "out").tracks()

    assert (track.title, track.artists, track.album) == ("A", ("Second", "First"), "Album")
    assert track.duration_seconds == 187.0


def test_names_that_were_read_in_the_wrong_encoding_are_repaired(tmp_path: Path) -> None:
    edit = added("a", "2021-01-01", title="Can\x92t", artists=["One\tTwo"], album="Out\n")
    summary, _ = imported(tmp_path, edit)
    (track,) = Dataset.open(tmp_path / "out").tracks()
    assert (track.title, track.artists, track.album) == ("Can\N{RIGHT SINGLE QUOTATION MARK}t", ("One Two",), "Out")
    assert summary.skipped == 0


def test_a_row_written_anew_within_a_day_is_no_edit(tmp_path: Path) -> None:
    summary, playlists = imported(
        tmp_path, added("a", "2020-01-01"), added("a", "2020-01-02"), removed("a", "2020-01-02")
    )

    assert playlists["p"].entries == (PlaylistEntry("a", midnight("2020-01-01")),)
    assert (summary.additions, summary.removals, summary.unchanged) == (1, 0, 2)


def test_a_track_held_twice_is_removed_once(tmp_path: Path) -> None:
    _, playlists = imported(tmp_path, added("a", "2020-01-01"), added("a", "2020-01-02"), removed("a", "2020-01-03"))

    assert [entry.removed_at for entry in playlists["p"].entries] == [midnight("2020-01-03"), None]


def test_a_removal_of_what_was_not_there_is_counted(tmp_path: Path) -> None:
    summary, playlists = imported(tmp_path, added("a", "2020-01-01"), removed("b", "2020-01-02"))

    assert summary.removals_unmatched == 1
    assert len(playlists["p"].entries) == 1


def test_until_leaves_out_that_day_and_what_follows_and_their_tracks(tmp_path: Path) -> None:
    edits = (added("a", "2020-01-31"), removed("a", "2020-02-01"), added("b", "2020-02-01"))

    summary, playlists = imported(tmp_path, *edits, until=date(2020, 2, 1))

    assert playlists["p"].entries == (PlaylistEntry("a", midnight("2020-01-31")),)
    assert (summary.edits, summary.tracks) == (1, 1)


def test_a_shorter_import_replays_as_the_beginning_of_a_longer_one(tmp_path: Path) -> None:
    source = archive(
        tmp_path / "source", added("a", "2020-01-01"), removed("a", "2020-02-03"), added("b", "2020-02-03")
    )
    import_playlist_archive(source, tmp_path / "whole")
    import_playlist_archive(source, tmp_path / "part", until=date(2020, 2, 1))

    whole = list(playlist_events(Dataset.open(tmp_path / "whole")))
    part = list(playlist_events(Dataset.open(tmp_path / "part")))

    assert [event for event in whole if event in part] == part
    assert len(whole) == len(part) + 2


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("{nonsense", "not JSON"),
        (added("x", "2020-01-01", length="long"), "length: is 'long'; expected 47, 3:07 or 1:02:03"),
        (added("x", "2020-01-01", action="moved"), "action: Invalid enum value 'moved'"),
        (added("x", "yesterday"), "date: Invalid RFC3339 encoded date"),
        (added("x", "2019-12-31"), "date: 2019-12-31 comes after 2020-01-01"),
        (added("x", "2020-01-01", playlist_id="r"), "playlist_id: r is not among the playlists"),
        (added("", "2020-01-01"), "track_id: is required"),
        (added("x", "2020-01-01", title=""), "title: is required"),
        ({"action": "added", "date": "2020-01-01"}, "playlist_id"),
    ],
)
def test_a_broken_row_is_named_or_skipped_and_counted(
    tmp_path: Path, row: dict[str, Any] | str, complaint: str
) -> None:
    good = added("a", "2020-01-01")

    with pytest.raises(DatasetError, match=r"playlist_edits\.jsonl, line 2: ") as raised:
        imported(tmp_path, good, row, good)
    assert complaint in str(raised.value)
    assert not (tmp_path / "out").exists()

    summary, _ = imported(tmp_path, good, row, skip_bad=True)
    assert (summary.edits, summary.additions, summary.skipped) == (2, 1, 1)
    assert complaint in summary.complaints[0]


def test_a_playlist_that_is_there_twice_is_a_broken_row(tmp_path: Path) -> None:
    source = archive(tmp_path / "source", playlists=(PLAYLISTS[0], PLAYLISTS[0]))

    with pytest.raises(DatasetError, match=r"playlists\.jsonl, line 2: playlist_id: p is there twice"):
        import_playlist_archive(source, tmp_path / "out")


def test_a_folder_without_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"neither playlists\.jsonl nor playlists\.jsonl\.gz"):
        import_playlist_archive(tmp_path, tmp_path / "out")


def test_the_source_is_never_overwritten(tmp_path: Path) -> None:
    source = archive(tmp_path / "source", added("a", "2020-01-01"))

    with pytest.raises(DatasetError, match="write the dataset to another folder"):
        import_playlist_archive(source, tmp_path / "source" / ".." / "source")


@pytest.mark.parametrize(("length", "expected"), [("47", 47.0), ("3:07", 187.0), ("12:00", 720.0), ("1:02:03", 3723.0)])
def test_lengths_are_read_in_seconds(length: str, expected: float) -> None:
    assert seconds(length) == expected


@pytest.mark.parametrize("length", ["", "-1:00", "1:2:3:4", "3.07", "3:7x"])
def test_other_lengths_are_refused(length: str) -> None:
    with pytest.raises(InvalidMessage, match="expected 47, 3:07 or 1:02:03"):
        seconds(length)
