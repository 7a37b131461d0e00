"""Each baseline learns: on a small simulated world it finds the next track more often than popularity does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from segue.dataset import Dataset, write_dataset
from segue.evaluation.baselines import als, item_knn
from segue.evaluation.baselines.als import Als
from segue.evaluation.baselines.bm25 import Bm25
from segue.evaluation.baselines.content_knn import MiniLmDense, TextVectors
from segue.evaluation.baselines.item_knn import ItemKnn
from segue.evaluation.baselines.item_transformer import FIRST_ITEM, MASK, PADDING, ItemTransformer, Shape
from segue.evaluation.baselines.popularity import Popularity
from segue.evaluation.baselines.sequences import SequenceRules
from segue.evaluation.baselines.session_knn import SessionKnn
from segue.evaluation.baselines.trained import bert4rec, masked_items, next_items, sasrec
from segue.evaluation.run import run
from segue.evaluation.systems import System
from segue.evaluation.task import Task, TaskRules, make_task
from segue.training.watch import Silence
from tests.unit import tiny_model

SMALL = SequenceRules(width=64, layers=1, length=20, batch=32, learning_rate=3e-3)


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("styles")
    write_dataset(folder, tiny_model.tracks(), tiny_model.playlists(90))
    rules = TaskRules(most_positions=300, most_validation_positions=150)
    return make_task(Dataset.open(folder), folder / "work", rules)


@pytest.fixture(scope="module")
def vectors() -> TextVectors:
    return TextVectors()


def hits(task: Task, system: System) -> float:
    ranker = system.fit(task.material, 1, Silence())
    return float(np.mean(run(ranker, task.positions, len(task.material.tracks)).ranks <= 10))


@pytest.fixture(scope="module")
def popularity(task: Task) -> float:
    return max(hits(task, Popularity(fading=fading)) for fading in (False, True))


def test_item_knn_learns(task: Task, popularity: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_knn, "GRID", {"days": (None, 60.0), "session_power": (0.5, 1.0)})
    assert hits(task, ItemKnn()) > 1.3 * popularity


def test_session_knn_learns(task: Task, popularity: float) -> None:
    assert hits(task, SessionKnn()) > 1.2 * popularity


def test_als_learns(task: Task, popularity: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(als, "GRID", {"factors": (16, 32), "alpha": (1.0, 10.0)})
    assert hits(task, Als()) > 1.2 * popularity


def test_bm25_learns(task: Task, popularity: float) -> None:
    assert hits(task, Bm25()) > 1.1 * popularity


def test_minilm_learns(task: Task, popularity: float, vectors: TextVectors) -> None:
    assert hits(task, MiniLmDense(vectors)) > 1.1 * popularity


def test_sasrec_learns(task: Task, popularity: float) -> None:
    assert hits(task, replace(sasrec(0.03, SMALL), grid={})) > 1.2 * popularity


def test_bert4rec_learns(task: Task, popularity: float) -> None:
    assert hits(task, replace(bert4rec(0.04, SMALL), grid={})) > 1.1 * popularity


def test_a_causal_model_sees_nothing_of_what_follows_and_a_bidirectional_one_does() -> None:
    first = torch.tensor([[PADDING, 4, 5, 6]])
    second = torch.tensor([[PADDING, 4, 5, 7]])
    for causal in (True, False):
        torch.manual_seed(1)
        model = ItemTransformer(Shape(items=9, length=4, width=64, layers=2, heads=1, causal=causal)).eval()
        same = torch.allclose(model(first)[:, 1:3], model(second)[:, 1:3], atol=1e-5)
        assert same is causal


def test_training_and_ranking_read_a_sequence_alike() -> None:
    torch.manual_seed(1)
    model = ItemTransformer(Shape(items=9, length=4, width=64, layers=2, heads=1, dropout=0.0))
    numbers = torch.tensor([[PADDING, PADDING, 4, 5]])
    trained = model.train()(numbers)
    with torch.inference_mode():
        assert torch.allclose(model.eval()(numbers), trained, atol=1e-5)


def test_what_precedes_a_short_history_is_never_predicted() -> None:
    windows = np.array([[PADDING, PADDING, 5, 6], [5, 6, 7, 8]])
    read, wanted = next_items(windows, np.random.default_rng(1))
    assert read.tolist() == [[PADDING, PADDING, 5], [5, 6, 7]]
    assert wanted.tolist() == [[PADDING, PADDING, 6], [6, 7, 8]]


def test_every_window_hides_something_and_says_what() -> None:
    random = np.random.default_rng(1)
    windows = random.integers(FIRST_ITEM, 50, (200, 8))
    windows[:, :3] = PADDING
    read, wanted = masked_items(windows, random)
    assert np.all((wanted != PADDING).any(axis=1))
    assert np.array_equal(np.where(read == MASK, wanted, read), windows)


def test_no_baseline_says_anything_of_what_it_cannot_know(task: Task) -> None:
    ranker = ItemKnn().fitted(task.material.corpus.histories, len(task.material.tracks), 0, item_knn.Settings())
    scores = next(iter(ranker.scores(task.positions)))
    assert scores.shape == (len(task.material.tracks),)
    assert scores.dtype == np.float32
    assert not scores[task.is_cold].any()
