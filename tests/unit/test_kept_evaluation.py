"""An evaluation that is cut off goes on with what is missing; what is kept of another is not taken over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from segue.dataset import Dataset, write_dataset
from segue.errors import DatasetError
from segue.evaluation.baselines import als, trained
from segue.evaluation.baselines.als import Als
from segue.evaluation.baselines.sequences import SequenceRules
from segue.evaluation.baselines.trained import sasrec
from segue.evaluation.comparison import compare
from segue.evaluation.kept import Notes, digest
from segue.evaluation.positions import Position
from segue.evaluation.segue_system import Segue
from segue.evaluation.systems import Material, Ranker
from segue.evaluation.task import Task, TaskRules, make_task
from segue.evaluation.watching import SilentEvaluation
from segue.tokens.codebook import Floats
from segue.training.corpus import TrainingRules
from segue.training.watch import Silence, Watch
from tests.unit import tiny_model


@dataclass
class Drawn:
    """A system that scores by its seed, counts how often it is fitted, and breaks down at one seed."""

    breaks_at: int = 0
    name: str = "drawn by lot"
    seeded: bool = True
    settings: str = "even odds"
    fitted: list[int] = field(default_factory=list)
    tracks: int = 0
    seed: int = 0

    def fit(self, material: Material, seed: int, watch: Watch) -> Ranker:  # noqa: ARG002
        if seed == self.breaks_at:
            raise KeyboardInterrupt
        self.fitted.append(seed)
        self.tracks, self.seed = len(material.tracks), seed
        return self

    def scores(self, positions: Sequence[Position]) -> Iterator[Floats]:
        random = np.random.default_rng(self.seed)
        yield from (random.random(self.tracks, np.float32) for _ in positions)


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    folder = tmp_path_factory.mktemp("dataset")
    write_dataset(folder, tiny_model.tracks(), tiny_model.playlists(60))
    return make_task(Dataset.open(folder), folder / "work", TaskRules(most_positions=40, most_validation_positions=20))


def test_what_is_measured_is_not_measured_again(task: Task, tmp_path: Path) -> None:
    first = Drawn(breaks_at=3)
    with pytest.raises(KeyboardInterrupt):
        compare(task, [first], [1, 2, 3], SilentEvaluation(), notes=Notes(tmp_path))
    again = Drawn()
    resumed = compare(task, [again], [1, 2, 3], SilentEvaluation(), notes=Notes(tmp_path)).outcomes[again.name]
    assert (first.fitted, again.fitted) == ([1, 2], [3])
    straight = compare(task, [Drawn()], [1, 2, 3], SilentEvaluation()).outcomes[again.name]
    for kept, new in zip(resumed.runs, straight.runs, strict=True):
        assert np.array_equal(kept.ranks, new.ranks)
        assert np.array_equal(kept.shown, new.shown)
        assert all(np.array_equal(kept.recalls[most], new.recalls[most]) for most in new.recalls)
    assert resumed.settings == straight.settings == ["even odds"]


def test_a_trained_checkpoint_is_taken_up_and_another_in_its_place_is_not(task: Task, tmp_path: Path) -> None:
    base = TrainingRules(width=64, layers=1)

    def fitted(notes: Notes) -> float:
        system = Segue(task, tmp_path / "checkpoints", 0.01, base=base, notes=notes)
        system.fit(task.material, 1, Silence())
        return (tmp_path / "checkpoints" / "seed-1" / "manifest.json").stat().st_mtime_ns

    made = fitted(Notes(tmp_path / "kept"))
    assert fitted(Notes(tmp_path / "kept")) == made
    assert fitted(Notes(tmp_path / "other")) > made


def test_tuning_goes_on_from_the_trials_that_are_noted(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(als, "GRID", {"factors": (8, 16), "alpha": (1.0, 10.0)})
    tuned = Als(notes=Notes(tmp_path))
    tuned.fit(task.material, 1, Silence())
    monkeypatch.setattr(als, "reached", None)  # another trial would fail
    continued = Als(notes=Notes(tmp_path))
    continued.fit(task.material, 2, Silence())
    assert continued.choice == tuned.choice


def test_a_transformer_goes_on_from_the_trials_that_are_noted(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = SequenceRules(width=64, layers=1, length=10)
    tuned = replace(sasrec(0.01, base, Notes(tmp_path)), grid={"dropout": (0.2, 0.5)})
    tuned.fit(task.material, 1, Silence())
    monkeypatch.setattr(trained, "reached", None)
    continued = replace(sasrec(0.01, base, Notes(tmp_path)), grid={"dropout": (0.2, 0.5)})
    continued.fit(task.material, 2, Silence())
    assert continued.choice == tuned.choice


def test_a_changed_task_option_or_program_has_a_name_of_its_own(task: Task) -> None:
    assert digest((task.identity, 3.0)) == digest((task.identity, 3.0))
    assert digest((task.identity, 3.0)) != digest((task.identity, 4.0))


def test_damaged_results_count_as_none(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    notes.write_arrays("als seed 1", {"ranks": np.arange(3)})
    notes.write("als tuning", "a", 1.0)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:-9])
    assert Notes(tmp_path).read_arrays("als seed 1") is None
    assert Notes(tmp_path).read("als tuning", "a") is None


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="cannot keep results"):
        Notes(tmp_path / "file").write("topic", "key", 1)
