from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from segue.errors import DatasetError
from segue.evaluation.dialogues.questions import Conversations, Question, rank_of_first, read_conversations
from tests.unit import talks


@pytest.fixture
def pair(tmp_path: Path) -> Conversations:
    (found,) = read_conversations(talks.write(tmp_path / "train", "abcdef"), talks.write(tmp_path / "test", "xyz"))
    return found


def of(pair: Conversations, dialogue: str) -> list[Question]:
    return [question for question in pair.test if question.dialogue == dialogue]


def names(pair: Conversations, rows: tuple[int, ...]) -> set[str]:
    return {pair.tracks[row].track_id for row in rows}


def test_a_turn_knows_what_came_before_it_and_nothing_of_what_came_of_it(pair: Conversations) -> None:
    first, second = of(pair, "x")
    assert (first.texts, first.replies, first.liked, first.disliked) == (
        ("hello, I would like calm piano",),
        (),
        (),
        (),
    )
    assert second.replies == ("Here is some Ada Stillwater. Do you like Nils Quiet?",)
    assert names(pair, second.liked) == {"Ada Stillwater-0", "Ada Stillwater-1"}
    assert names(pair, second.disliked) == {"Olga Moon-0"}


def test_what_is_wanted_is_the_goal_without_what_was_liked_before(pair: Conversations) -> None:
    first, second = of(pair, "x")
    assert len(first.goal) == 4
    assert names(pair, first.now) == {"Ada Stillwater-0", "Ada Stillwater-1"}
    assert names(pair, second.goal) == names(pair, second.now) == {"Nils Quiet-0", "Nils Quiet-1"}


def test_a_turn_that_leaves_nothing_to_want_is_no_question_and_the_one_before_is_the_last(pair: Conversations) -> None:
    assert [(question.turn, question.is_last) for question in of(pair, "x")] == [(0, False), (1, True)]


def test_folds_test_each_dialogue_once_and_never_learn_from_it(tmp_path: Path) -> None:
    folds = read_conversations(talks.write(tmp_path / "all", "abcdefghij"))
    tested = [{question.dialogue for question in fold.test} for fold in folds]
    assert sorted(name for part in tested for name in part) == list("abcdefghij")
    for fold, part in zip(folds, tested, strict=True):
        assert part.isdisjoint(question.dialogue for question in fold.training)


def test_a_dialogue_in_both_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="share dialogues, such as c"):
        read_conversations(talks.write(tmp_path / "train", "abc"), talks.write(tmp_path / "test", "cde"))


@pytest.mark.parametrize(
    "row",
    [
        {"track_ids": "more", "track_titles": "More", "track_artists": ["Someone"], "track_release_titles": ""},
        {"track_id": "more", "title": "More", "artists": ["Someone"]},
    ],
    ids=["as in the dialogues", "as in a dataset folder"],
)
def test_a_catalogue_adds_tracks_that_compete(tmp_path: Path, row: dict[str, object]) -> None:
    catalog = tmp_path / "catalog.jsonl"
    catalog.write_text(json.dumps(row) + "\n")
    train, test = talks.write(tmp_path / "train", "abc"), talks.write(tmp_path / "test", "xyz")
    (without,), (beside,) = read_conversations(train, test), read_conversations(train, test, catalog)
    assert len(beside.tracks) == len(without.tracks) + 1
    assert "Someone" in {artist for track in beside.tracks for artist in track.artists}


def test_files_without_a_question_are_refused(tmp_path: Path) -> None:
    nothing = talks.write(tmp_path / "test", "x", goal_playlist=[])
    with pytest.raises(DatasetError, match="too few dialogues"):
        read_conversations(talks.write(tmp_path / "train", "abc"), nothing)


def test_the_rank_is_the_first_wanted_ones_behind_its_equals_and_without_what_was_rated() -> None:
    question = Question("d", 1, ("more",), (), (0,), (1,), (3, 4), (), ())
    scores = np.array([9.0, 8.0, 5.0, 5.0, 1.0, 5.0], np.float32)
    assert rank_of_first(scores, question, question.goal) == 3
    assert rank_of_first(np.full(6, np.nan, np.float32), question, question.goal) == 3
