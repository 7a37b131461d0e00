from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from segue.dataset import Dataset, Dialogue, DialogueTurn
from segue.errors import DatasetError
from segue.importers.cpcd import CpcdSummary, import_cpcd


def dialogue(name: str = "d", **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": name,
        "goal_playlist": ["a", "b"],
        "tracks": {
            track_id: {
                "track_ids": track_id,
                "track_titles": track_id.upper(),
                "track_artists": ["Some", "Body"],
                "track_release_titles": "Album",
            }
            for track_id in "abc"
        },
        "turns": [
            {
                "user_query": "play me a",
                "search_queries": ["A", "B"],
                "search_results": [],
                "liked_results": ["a", "b"],
                "disliked_results": ["c"],
                "system_response": "here",
            },
            {"user_query": "thanks", "search_queries": [], "liked_results": [], "disliked_results": []},
        ],
    }
    return row | changes


def imported(tmp_path: Path, *rows: dict[str, Any] | str, **options: Any) -> tuple[CpcdSummary, Dataset]:
    source = tmp_path / "dialogues.jsonl.gz"
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    source.write_bytes(gzip.compress("\n".join(lines).encode()))
    summary = import_cpcd(source, tmp_path / "out", **options)
    return summary, Dataset.open(tmp_path / "out")


def test_dialogues_keep_what_was_said_searched_and_rated(tmp_path: Path) -> None:
    summary, dataset = imported(tmp_path, dialogue())

    assert list(dataset.dialogues()) == [
        Dialogue(
            dialogue_id="d",
            goal_track_ids=("a", "b"),
            turns=(
                DialogueTurn("play me a", ("A", "B"), ("a", "b"), ("c",), ("a", "b", "c"), "here"),
                DialogueTurn("thanks"),
            ),
        )
    ]
    assert summary == CpcdSummary(dialogues=1, turns=2, tracks=3)


def test_names_that_were_read_in_the_wrong_encoding_are_repaired(tmp_path: Path) -> None:
    tracks = {name: {"track_titles": "Can\x92t", "track_artists": ["Some\x93"]} for name in "abc"}
    _, dataset = imported(tmp_path, dialogue(tracks=tracks))
    assert {track.title for track in dataset.tracks()} == {"Can\N{RIGHT SINGLE QUOTATION MARK}t"}
    assert {track.artists for track in dataset.tracks()} == {("Some\N{LEFT DOUBLE QUOTATION MARK}",)}


def test_tracks_of_all_dialogues_are_written_once(tmp_path: Path) -> None:
    _, dataset = imported(tmp_path, dialogue(), dialogue("e"))

    tracks = list(dataset.tracks())

    assert [track.track_id for track in tracks] == ["a", "b", "c"]
    assert (tracks[0].title, tracks[0].artists, tracks[0].album) == ("A", ("Some", "Body"), "Album")


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("[]", "expected a JSON object, got list"),
        (dialogue(turns=[{}]), "missing required field `user_query`"),
        (dialogue(goal_playlist=["z"]), "tracks: lacks z, which the goal or a turn names"),
        (dialogue(turns=[{"user_query": "x", "liked_results": ["y"]}]), "tracks: lacks y"),
        (dialogue(turns=[{"user_query": "x" * 2_001}]), "turns[0].text: has 2001 characters"),
        (dialogue(tracks={"a": {"track_titles": ""}}, goal_playlist=[], turns=[]), "title: is required"),
    ],
)
def test_a_broken_row_is_named_or_skipped_and_counted(
    tmp_path: Path, row: dict[str, Any] | str, complaint: str
) -> None:
    with pytest.raises(DatasetError, match=r"dialogues\.jsonl\.gz, line 2: ") as raised:
        imported(tmp_path, dialogue(), row)
    assert complaint in str(raised.value)

    summary, dataset = imported(tmp_path, dialogue(), row, dialogue("e"), skip_bad=True)
    assert (summary.dialogues, summary.skipped) == (2, 1)
    assert [dialogue.dialogue_id for dialogue in dataset.dialogues()] == ["d", "e"]
    assert complaint in summary.complaints[0]


def test_complaints_are_bounded_and_their_number_is_not(tmp_path: Path) -> None:
    summary, _ = imported(tmp_path, *["{"] * 100, skip_bad=True)

    assert summary.skipped == 100
    assert len(summary.complaints) == 5


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is not there"):
        import_cpcd(tmp_path / "absent.jsonl", tmp_path / "out")
