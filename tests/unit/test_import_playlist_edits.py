from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from segue.cooccurrence.playlist import Playlist, apply
from segue.errors import DatasetError
from segue.events import PlaylistAction, PlaylistEvent
from segue.importers.playlist_edits import edit_events
from segue.session import FoldRules, Position, to_ms


def row(action: str, track_id: str, day: int, playlist_id: str = "p") -> dict[str, str]:
    return {"action": action, "playlist_id": playlist_id, "track_id": track_id, "date": f"2020-01-{day:02}"}


def told(tmp_path: Path, *rows: dict[str, str], skip_bad: bool = False) -> list[PlaylistEvent]:
    file = tmp_path / "playlist_edits.jsonl"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in rows))
    return list(edit_events(file, skip_bad=skip_bad))


def held(events: list[PlaylistEvent]) -> list[str]:
    """What the service's own fold holds after the events."""
    playlist, now = Playlist("p"), to_ms(datetime(2026, 1, 1, tzinfo=UTC))
    for offset, event in enumerate(events):
        playlist, _ = apply(playlist, event, Position("playlist-events", 0, offset, now), FoldRules())
    return [entry.track_id for entry in playlist.entries]


def test_every_row_is_an_event_in_the_order_of_the_file(tmp_path: Path) -> None:
    events = told(tmp_path, row("added", "b", 1), row("added", "a", 1), row("removed", "b", 2))

    added, removed = PlaylistAction.TRACK_ADDED, PlaylistAction.TRACK_REMOVED
    assert [(event.action, event.track_id) for event in events] == [(added, "b"), (added, "a"), (removed, "b")]
    assert held(events[:2]) == ["b", "a"]
    assert held(events) == ["a"]


def test_a_track_whose_row_was_written_anew_is_still_there(tmp_path: Path) -> None:
    events = told(tmp_path, row("added", "a", 1), row("added", "a", 2), row("removed", "a", 2))

    assert len(events) == 3
    assert held(events) == ["a"]


def test_a_second_reading_names_every_event_the_same_and_no_two_alike(tmp_path: Path) -> None:
    rows = [row("added", "a", 1), row("added", "a", 1), row("added", "a", 1, "q"), row("removed", "a", 1)]

    events = told(tmp_path, *rows)

    assert len({event.event_id for event in events}) == len(rows)
    assert told(tmp_path, *rows) == events


def test_a_row_out_of_order_stops_the_reading_or_is_left_out(tmp_path: Path) -> None:
    rows = [row("added", "a", 2), row("added", "b", 1), row("added", "c", 2)]

    with pytest.raises(DatasetError, match="line 2: date: 2020-01-01 comes after 2020-01-02"):
        told(tmp_path, *rows)
    assert [event.track_id for event in told(tmp_path, *rows, skip_bad=True)] == ["a", "c"]


def test_a_row_that_is_no_edit_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="line 1: track_id: is required"):
        told(tmp_path, row("added", "", 1))
