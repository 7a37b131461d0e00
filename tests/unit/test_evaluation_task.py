"""What is cut where: nothing of the future is learned from, new tracks compete, the undated is held back whole."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from segue.catalog import Track
from segue.dataset import Dataset, Dialogue, DialogueTurn, Playlist, PlaylistEntry, write_dataset
from segue.errors import DatasetError
from segue.evaluation.slices import COLD, HEAD, KNOWN, TAIL, TORSO, popularity_slices, thirds
from segue.evaluation.task import Task, TaskRules, make_task
from tests.unit import tiny_model

CUT = tiny_model.START + timedelta(days=40)
NEW = Track("new", "A New Tune")


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    folder = tmp_path_factory.mktemp("dataset")
    later = [PlaylistEntry("folk-01", CUT - timedelta(days=1)), PlaylistEntry("new", CUT + timedelta(days=1))]
    playlists = [*tiny_model.playlists(120), Playlist("late", "folk for ever", "", tuple(later))]
    write_dataset(folder, [NEW, *tiny_model.tracks()], playlists)
    return make_task(Dataset.open(folder), folder, TaskRules(until=CUT))


def test_nothing_after_the_cut_is_learned_from_and_everything_tested_lies_after_it(task: Task) -> None:
    corpus = task.material.corpus
    assert all(moment.time_ms < task.cut_ms for history in corpus.histories for moment in history.moments)
    assert task.positions
    assert all(position.now_ms >= task.cut_ms for position in task.positions)


def test_tracks_first_seen_after_the_cut_compete_and_are_cold(task: Task) -> None:
    assert [track.track_id for track in task.material.newcomers] == ["new"]
    row = len(task.material.corpus.tracks)
    assert task.material.tracks[row].track_id == "new"
    assert task.is_cold[row]
    assert task.counts[row] == 0
    assert [position.history for position in task.positions if position.wanted == row] == ["playlist late"]


def test_new_tracks_do_not_compete_in_validation(task: Task) -> None:
    assert not task.material.validation_candidates()[-1]
    assert not task.material.validation_candidates(cold=True)[-1]


def test_slices_part_the_positions(task: Task) -> None:
    slices = popularity_slices(task)
    assert np.array_equal(slices[HEAD] | slices[TORSO] | slices[TAIL], slices[KNOWN])
    assert np.array_equal(slices[KNOWN], ~slices[COLD])
    assert slices[COLD].sum() == 1


def test_each_third_of_what_was_added_is_a_slice() -> None:
    assert thirds(np.array([1, 1, 1, 3, 3, 0])).tolist() == [2, 2, 2, 0, 1, 2]


def test_without_a_cut_the_newest_tenth_is_tested(tmp_path: Path) -> None:
    write_dataset(tmp_path, tiny_model.tracks(), tiny_model.playlists(60))
    task = make_task(Dataset.open(tmp_path), tmp_path / "work", TaskRules())
    assert 0.05 * 720 < len(task.positions) < 0.15 * 720


def dialogues(tmp_path: Path) -> Dataset:
    told = [
        Dialogue(f"d{number}", turns=(DialogueTurn("some folk", liked_track_ids=("folk-01", "folk-02")),))
        for number in range(100)
    ]
    write_dataset(tmp_path, tiny_model.tracks(), dialogues=told)
    return Dataset.open(tmp_path)


def test_what_has_no_times_is_held_back_whole_by_seed(tmp_path: Path) -> None:
    dataset = dialogues(tmp_path)
    task = make_task(dataset, tmp_path / "work", TaskRules())
    tested = {position.history.split()[1] for position in task.positions}
    learned = {history.name for history in task.material.corpus.histories}
    assert 3 <= len(tested) <= 25
    assert not tested & learned
    assert tested | learned == {f"d{number}" for number in range(100)}
    other = make_task(dataset, tmp_path / "other", TaskRules(seed=2))
    assert tested != {position.history.split()[1] for position in other.positions}


def test_nothing_to_test_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no position to test"):
        make_task(dialogues(tmp_path), tmp_path / "work", TaskRules(undated=False))
