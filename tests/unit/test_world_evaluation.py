from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from segue.catalog import Track
from segue.evaluation.baselines.popularity import Popularity
from segue.evaluation.comparison import Comparison, compare
from segue.evaluation.positions import Position
from segue.evaluation.systems import Material, Ranker, System
from segue.evaluation.task import Task
from segue.evaluation.watching import SilentEvaluation
from segue.evaluation.world import ORACLE, OracleSystem, world_task
from segue.evaluation.world_report import gap_closed, interval, world_figures
from segue.tokens.codebook import Floats
from segue.tokens.content import MODALITIES
from segue.tokens.fitting import CodebookRules, fit_codebooks
from segue.training.ablation import without
from segue.training.watch import Watch
from segue.world.simulate import World, WorldSize

SIZE = WorldSize(tracks=300, listeners=30, playlists=60, dialogues=60, scenes=5, days=120, sessions_per_listener=6)


@dataclass(frozen=True, slots=True)
class SometimesTrue:
    """The oracle at some places, nothing at others, under a name of choice."""

    oracle: OracleSystem
    name: str
    every: int
    seeded: bool = False

    def fit(self, material: Material, seed: int, watch: Watch) -> Ranker:
        return _Blinking(self.oracle.fit(material, seed, watch), self.name, self.every)


@dataclass(frozen=True, slots=True)
class _Blinking:
    truth: Ranker
    name: str
    every: int

    def scores(self, positions: Sequence[Position]) -> Iterator[Floats]:
        for place, scores in enumerate(self.truth.scores(positions)):
            yield scores if place % self.every else np.zeros_like(scores)


@pytest.fixture(scope="module")
def world() -> World:
    return World(SIZE, seed=3)


@pytest.fixture(scope="module")
def task(world: World, tmp_path_factory: pytest.TempPathFactory) -> Task:
    return world_task(world, tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def comparison(world: World, task: Task) -> Comparison:
    oracle = OracleSystem(world)
    blind = (SometimesTrue(oracle, f"segue without {name}", every) for name, every in (("tags", 2), ("audio", 10**9)))
    systems: list[System] = [SometimesTrue(oracle, "segue", 10**9), oracle, Popularity(fading=False), *blind]
    return compare(task, systems, [1], SilentEvaluation())


def test_the_oracle_knows_every_position_of_the_task(comparison: Comparison, task: Task) -> None:
    hits = world_figures(comparison)["hit10_by_system"]

    assert {position.kind for position in task.positions} == {"playlist", "session", "dialogue"}
    assert hits[ORACLE] > 4 * hits["popularity"]


def test_positions_have_something_to_go_by(task: Task) -> None:
    for position in task.positions:
        told = sum(moment.wanted for moment in position.moments)
        assert told >= 5 or position.texts


def test_a_ranker_that_is_almost_the_oracle_closes_almost_the_gap(comparison: Comparison) -> None:
    figures = world_figures(comparison)

    assert 0.97 < figures["oracle_gap_closed"] <= 1.0
    low, high = figures["oracle_gap_closed_interval"]
    assert low <= figures["oracle_gap_closed"] <= high


def test_a_modality_matters_where_hits_are_lost_without_it(comparison: Comparison) -> None:
    figures = world_figures(comparison)

    assert figures["modality_drop"]["tags"] > 0.1
    assert figures["modality_drop_interval"]["tags"][0] > 0.0
    assert figures["modality_drop"]["audio"] == 0.0
    assert figures["modalities_that_matter"] == 1


def test_the_gap_is_closed_by_half_halfway() -> None:
    assert gap_closed(np.array([0.3]), np.array([0.1]), np.array([0.5])) == pytest.approx(0.5)
    assert gap_closed(np.array([0.3]), np.array([0.5]), np.array([0.5])) == 0.0


def test_intervals_are_wider_where_positions_of_a_history_go_together() -> None:
    values = np.tile([0.0, 1.0], 100)

    apart = interval(lambda value: float(value.mean()), [values], [str(place) for place in range(200)])
    together = interval(
        lambda value: float(value.mean()), [np.sort(values)], [str(place // 20) for place in range(200)]
    )

    assert together[1] - together[0] > 2 * (apart[1] - apart[0])


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_modality_that_is_left_out_has_absent_codes_alone(world: World, modality: str) -> None:
    tracks = list(world.tracks())
    company = csr_matrix(np.random.default_rng(1).integers(1, 9, (len(tracks), len(tracks))).astype(np.float32))

    bare, counts = without(tracks, csr_matrix(company + company.T), (modality,))
    books, codes = fit_codebooks(bare, counts, [[] for _ in tracks], CodebookRules(most_codes=8))

    absent = codes == np.array(books.sizes)
    for column, name in enumerate(MODALITIES):
        assert absent[:, column].all() == (name == modality)
    served = books.encode(Track(tags=("folk",), title="A", lyrics="sea", audio_features={"energy": 0.5}))
    assert getattr(served, modality) is None
