from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from segue.errors import DatasetError
from segue.evaluation.live.edits import Batch, day_number, read_log, write_training
from segue.evaluation.live.walk import core_playlists
from tests.unit.edit_histories import START, Row, log_of, write

ZERO = day_number(START)


def test_a_playlists_edits_of_one_day_are_one_batch(tmp_path: Path) -> None:
    log, cut = log_of(tmp_path, [(0, "p", "added", "a"), (0, "p", "added", "b"), (3, "p", "removed", "a")], cut=2)
    assert log.batches == [Batch(ZERO, "p", ("a", "b"), ()), Batch(ZERO + 3, "p", (), ("a",))]
    assert cut == ZERO + 2


def test_a_row_that_left_and_came_back_within_a_day_is_no_edit(tmp_path: Path) -> None:
    rows: list[Row] = [(0, "p", "added", "a"), (1, "p", "removed", "a"), (1, "p", "added", "a"), (1, "p", "added", "b")]
    log, _ = log_of(tmp_path, rows, cut=1)
    assert log.batches[-1] == Batch(ZERO + 1, "p", ("b",), ())


def test_tracks_are_numbered_by_their_first_addition(tmp_path: Path) -> None:
    log, _ = log_of(tmp_path, [(0, "q", "added", "z"), (1, "p", "added", "a"), (1, "q", "added", "a")], cut=1)
    assert list(log.tracks) == ["z", "a"]
    assert list(log.first_days) == [ZERO, ZERO + 1]


def test_what_lies_before_a_day_knows_no_later_track(tmp_path: Path) -> None:
    log, _ = log_of(tmp_path, [(0, "p", "added", "a"), (1, "p", "added", "b")], cut=1)
    before = log.before(ZERO + 1)
    assert (list(before.tracks), len(before.batches)) == (["a"], 1)


def test_a_test_file_is_cut_at_its_first_day_and_tells_that_time_alone(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [(0, "p", "added", "a"), (5, "p", "added", "never")])
    test = write(tmp_path / "test.jsonl", [(5, "p", "added", "b"), (6, "p", "removed", "a")])
    log, cut = read_log(train, test)
    assert cut == ZERO + 5
    assert [batch.added for batch in log.batches] == [("a",), ("b",), ()]


def test_a_test_file_that_is_not_later_is_refused(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [(5, "p", "added", "a")])
    test = write(tmp_path / "test.jsonl", [(5, "p", "added", "b")])
    with pytest.raises(DatasetError, match="later"):
        read_log(train, test)


def test_a_bad_row_is_named_by_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "edits.jsonl", [(0, "p", "added", "a")])
    path.write_bytes(path.read_bytes() + b'\n{"playlist_id": "p", "action": "moved"}')
    with pytest.raises(DatasetError, match="line 2"):
        read_log(path, cut=START)


def test_core_playlists_existed_at_the_cut_and_are_no_charts(tmp_path: Path) -> None:
    (tmp_path / "playlists.jsonl").write_text(
        '{"playlist_id": "chart", "name": "Top 50 - Anywhere"}\n{"playlist_id": "viral", "name": "Viral 50"}\n'
    )
    rows: list[Row] = [(0, name, "added", "a") for name in ("chart", "viral", "old")]
    log, cut = log_of(tmp_path, [*rows, (3, "young", "added", "a")], cut=2)
    assert core_playlists(log, cut) == {"old"}


def test_training_sees_stays_with_their_days(tmp_path: Path) -> None:
    log, _ = log_of(tmp_path, [(0, "p", "added", "a"), (2, "p", "removed", "a"), (4, "p", "added", "a")], cut=5)
    (playlist,) = write_training(log, tmp_path / "dataset").playlists()
    stays = [(entry.added_at, entry.removed_at) for entry in playlist.entries]
    days = [None if time is None else (time.date() - START) for stay in stays for time in stay]
    assert days == [timedelta(0), timedelta(2), timedelta(4), None]


def test_two_files_tell_what_one_file_of_both_tells(tmp_path: Path) -> None:
    rows: list[Row] = [
        (0, "p", "added", "a"),
        (0, "q", "added", "b"),
        (3, "p", "removed", "a"),
        (3, "p", "added", "b"),
        (4, "p", "added", "a"),
        (4, "q", "added", "c"),
    ]
    train = write(tmp_path / "train.jsonl", [row for row in rows if row[0] < 3])
    test = write(tmp_path / "test.jsonl", [row for row in rows if row[0] >= 3])
    one, cut = log_of(tmp_path, rows, cut=3)
    two, cut_of_two = read_log(train, test)
    assert (two, list(two.tracks), cut_of_two) == (one, list(one.tracks), cut)
