from __future__ import annotations

from pathlib import Path

from segue.cooccurrence import track as tracks
from segue.evaluation.live.edits import day_number
from segue.evaluation.live.flips import Flips
from segue.evaluation.live.stream import Stream
from segue.evaluation.live.walk import Walk, core_playlists
from tests.unit.edit_histories import START, Row, log_of

ZERO = day_number(START)
ROWS: list[Row] = [
    (0, "p", "added", "a"),
    (0, "p", "added", "b"),
    (0, "q", "added", "a"),
    (5, "p", "added", "c"),
    (5, "q", "added", "c"),
    (5, "q", "added", "b"),
    (6, "p", "removed", "a"),
    (7, "p", "added", "d"),
    (7, "late", "added", "a"),
]


def walk_of(folder: Path, stream: Stream | None = None) -> tuple[Walk, int]:
    log, cut = log_of(folder, ROWS, cut=4)
    return Walk(log, core_playlists(log, cut), stream), cut


def test_a_day_is_asked_about_before_any_of_it_is_told(tmp_path: Path) -> None:
    walk, cut = walk_of(tmp_path)
    first, second = walk.days(cut, cut + 100)
    assert [question.playlist_id for question in first.questions] == ["p", "q"]
    # c came to p that very day, and is as new to q.
    assert (first.known, first.after) == (2, 3)
    assert [question.wanted for question in first.questions] == [(2,), (1, 2)]
    assert first.questions[1].known_wanted == (1,)
    assert [moment.row for moment in second.questions[0].context] == [1, 2]


def test_playlists_that_are_younger_than_the_cut_ask_nothing(tmp_path: Path) -> None:
    walk, cut = walk_of(tmp_path)
    assert all(question.playlist_id != "late" for day in walk.days(cut, cut + 100) for question in day.questions)


def test_a_removed_track_no_longer_stands_in_the_playlist(tmp_path: Path) -> None:
    walk, cut = walk_of(tmp_path)
    *_, last = walk.days(cut, cut + 100)
    assert last.questions[0].inside == (1, 2)


def test_waiting_changes_make_the_tokens_that_each_edit_at_once_would_have_made(tmp_path: Path) -> None:
    eager, lazy = Stream(), Stream()
    log, _ = log_of(tmp_path, ROWS, cut=4)
    for batch in log.batches:
        for track_id in eager.fold(batch):
            eager.state(track_id)
        lazy.fold(batch)
    for track_id in log.tracks:
        told, waited = tracks.tokens(eager.state(track_id)), tracks.tokens(lazy.state(track_id))
        assert told is not None
        assert waited is not None
        assert (told.neighbours, told.event_time) == (waited.neighbours, waited.event_time)


def test_codes_that_go_back_within_a_week_are_counted_once_a_track() -> None:
    flips = Flips()
    for day, code in ((0, 1), (1, 2), (4, 1), (5, 2), (6, 1)):
        flips.publish("restless", code, day)
    for day, code in ((0, 1), (1, 2), (9, 1)):
        flips.publish("slow", code, day)
    for day, code in ((0, 1), (1, 2), (2, 3)):
        flips.publish("moving", code, day)
    flips.publish("still", 1, 0)
    assert (flips.tracks, flips.moved) == (4, 3)
    assert flips.back_share == 0.25
