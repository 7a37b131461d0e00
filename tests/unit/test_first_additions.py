"""What first additions teach: told through the folds, the day after, five of a track at most, of new tracks only."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from segue.catalog import Track
from segue.dataset import Dataset, Playlist, PlaylistEntry, write_dataset
from segue.evaluation.additions import DAY_MS, TOLD, first_additions, later_positions, lesson
from segue.evaluation.segue_system import SegueRanker
from segue.evaluation.task import Task, TaskRules, make_task
from segue.model.recommender import Recommender
from segue.model.scoring import BlendWeights
from segue.training.corpus import Corpus
from tests.unit import tiny_model

CUT = tiny_model.START + timedelta(days=60)
DAY = timedelta(days=1)
# Content that fits no style: only its additions, beside folk, can say where it belongs.
NEW = Track("new", "Zzz", ("Nobody",))
ADDITIONS = 9


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    folder = tmp_path_factory.mktemp("dataset")
    later = [
        Playlist(
            f"later-{day}",
            "folk",
            "",
            (
                *(PlaylistEntry(f"folk-{number:02}", CUT - DAY) for number in range(4)),
                PlaylistEntry("new", CUT + day * DAY),
            ),
        )
        for day in range(ADDITIONS)
    ]
    write_dataset(folder, [*tiny_model.tracks(), NEW], [*tiny_model.playlists(60), *later])
    return make_task(Dataset.open(folder), folder / "work", TaskRules(until=CUT))


def ranker(task: Task) -> SegueRanker:
    weights = BlendWeights(words=0.0, neighbours=1.0, popularity=0.0, decoder=0.0)
    return SegueRanker.of(Recommender(replace(tiny_model.checkpoint(), weights=weights)), task)


def test_the_first_five_are_told_and_the_later_ones_asked_for(task: Task) -> None:
    told = first_additions(task)
    assert [addition.time_ms // DAY_MS for addition in told] == [task.cut_ms // DAY_MS + day for day in range(TOLD)]
    assert all("new" in (delta.track_id, delta.neighbour_id) for each in told for delta in each.deltas)
    asked = [position.now_ms // DAY_MS - task.cut_ms // DAY_MS for position in later_positions(task)]
    assert asked == list(range(TOLD, ADDITIONS))


def test_live_updates_find_what_content_cannot(task: Task) -> None:
    one = ranker(task)
    before = one.recommender.index
    learned = lesson(task, one)
    assert learned.tracks == 1
    assert np.all(learned.taught < learned.content)
    assert learned.taught.max() <= 10
    assert one.recommender.index is before


def test_segue_ranks_tracks_that_its_checkpoint_does_not_know(task: Task) -> None:
    scores = next(iter(ranker(task).scores(task.positions)))
    assert scores.shape == (len(task.material.tracks),)
    assert np.isfinite(scores).all()


def test_a_checkpoint_with_other_rows_ranks_the_same(task: Task) -> None:
    one = ranker(task)
    reordered = replace(task, material=replace(task.material, corpus=_reversed(task)))
    other = SegueRanker.of(Recommender(one.recommender.checkpoint), reordered)
    flipped = np.arange(len(task.material.corpus.tracks))[::-1]
    asked = task.positions[0]
    moments = tuple(moment._replace(row=int(flipped[moment.row])) for moment in asked.moments)
    mine = next(iter(one.scores([asked])))
    theirs = next(iter(other.scores([replace(asked, moments=moments, history="elsewhere")])))
    assert np.allclose(mine[: len(flipped)], theirs[: len(flipped)][flipped], atol=1e-5)


def _reversed(task: Task) -> Corpus:
    corpus = task.material.corpus
    return replace(corpus, tracks=list(reversed(corpus.tracks)))
