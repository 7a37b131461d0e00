"""Training from a dataset folder to a checkpoint, in seconds: what comes out has learned which track comes next."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from segue.dataset import Dataset, write_dataset
from segue.errors import DatasetError
from segue.evaluation.next_track import MODEL, POPULARITY, evaluate
from segue.model.recommender import Recommender
from segue.ranking import Query
from segue.session import Session, SessionEvent
from segue.training.corpus import TrainingRules
from segue.training.loop import LoopRules
from segue.training.train import train
from segue.training.watch import Silence
from tests.unit import tiny_model

CUT = tiny_model.START + timedelta(days=40)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    write_dataset(folder, tiny_model.tracks(), tiny_model.playlists(400))
    return folder


@pytest.fixture(scope="module")
def checkpoint(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "checkpoint"
    rules = TrainingRules(until=CUT, width=64, layers=1, loop=LoopRules(epochs=12, tracks_a_batch=400))
    train(Dataset.open(dataset), out, rules, Silence())
    return out


def test_the_next_track_stands_among_the_first_ten_far_more_often_than_by_popularity(
    dataset: Path, checkpoint: Path
) -> None:
    # Each next track is one of four, of which the best ranking's first ten hold all; by chance, ten of ninety do.
    report = evaluate(dataset, checkpoint, most_positions=300)
    assert report.positions > 100
    assert report.rows[MODEL].hit10 > 0.8
    assert report.rows["decoder alone"].hit10 > 0.5
    assert report.rows[MODEL].hit10 > 2.0 * report.rows[POPULARITY].hit10


def test_a_listener_of_one_style_is_recommended_that_style(checkpoint: Path) -> None:
    played = tuple(SessionEvent(time, str(time), f"jazz-{10 + time:02}", 2) for time in range(4))
    (answer,) = Recommender.load(checkpoint).rank([Query(Session("l", played))])
    assert sum(track.track_id.startswith("jazz") for track in answer.tracks) >= 8


def test_a_dataset_with_nothing_to_learn_from_is_refused(tmp_path: Path) -> None:
    write_dataset(tmp_path / "empty", tiny_model.tracks())
    with pytest.raises(DatasetError, match="to learn from"):
        train(Dataset.open(tmp_path / "empty"), tmp_path / "out", TrainingRules(), Silence())
