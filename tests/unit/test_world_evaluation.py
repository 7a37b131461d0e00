from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from segue.catalog import Track
from segue.evaluation.baselines.popularity import Popularity
from segue.evaluation.comparison import Comparison, compare
from segue.evaluation.hushing import EVENTS, Hushed, hushed
from segue.evaluation.positions import Position
from segue.evaluation.segue_system import Segue, SegueRanker
from segue.evaluation.systems import Material, Ranker, System
from segue.evaluation.task import Task
from segue.evaluation.watching import SilentEvaluation
from segue.evaluation.world import ORACLE, OracleSystem, ablated, world_task
from segue.evaluation.world_report import gap_closed, interval, world_figures
from segue.tokens.codebook import Floats
from segue.tokens.content import MODALITIES
from segue.tokens.fitting import CodebookRules, fit_codebooks
from segue.tokens.histories import playlist_history
from segue.tokens.prompt import Moment
from segue.tokens.vocabulary import Control
from segue.training.ablation import bare, has_company
from segue.training.cooccurrence import Recency, Shares, cooccurrences
from segue.training.corpus import TrainingRules
from segue.training.loop import LoopRules
from segue.training.watch import Silence, Watch
from segue.world.simulate import World, WorldSize

ROWS = {f"trk-{row:06d}": row for row in range(300)}
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
    deaf = (
        SometimesTrue(oracle, f"segue untold of {name}", every) for name, every in (("said", 2), ("skipped", 10**9))
    )
    systems: list[System] = [SometimesTrue(oracle, "segue", 10**9), oracle, Popularity(fading=False), *blind, *deaf]
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


def test_an_event_matters_at_the_positions_before_which_it_happened(comparison: Comparison, task: Task) -> None:
    figures = world_figures(comparison)
    spoken = sum(bool(position.texts) for position in task.positions)

    assert figures["event_positions"]["said"] == spoken
    assert 0 < figures["event_positions"]["skipped"] < len(task.positions)
    assert figures["event_drop"]["said"] > 0.1
    assert figures["event_drop_interval"]["said"][0] > 0.0
    assert figures["event_drop"]["skipped"] == 0.0


def test_who_is_untold_of_an_event_hears_all_else() -> None:
    moments = (
        Moment(1, 1, sitting="a"),
        Moment(2, 2, Control.SKIPPED, sitting="a"),
        Moment(3, 3, Control.LIKED, sitting="a"),
        Moment(4, 4, Control.DISLIKED, sitting="a"),
        Moment(5, -1, said=(9,), sitting="a"),
    )
    position = Position("session", moments, ("calm",), 6, 7, ())

    def told(event: str) -> list[tuple[int, Control | None]]:
        return [(moment.row, moment.control) for moment in hushed(position, event).moments]

    everything = [(moment.row, moment.control) for moment in moments]
    assert told("finished") == everything[1:]
    assert told("skipped") == [everything[0], *everything[2:]]
    assert told("liked") == [*everything[:2], (3, None), *everything[3:]]
    assert told("disliked") == [*everything[:3], (4, Control.SKIPPED), everything[4]]
    assert told("said") == everything[:4]
    assert hushed(position, "said").texts == ()
    quiet = replace(position, moments=moments[:1])
    assert all(hushed(quiet, event) is quiet for event in EVENTS if event != "finished")


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
    histories = [playlist_history(each, ROWS) for each in world.playlists()]
    tracks = bare(list(world.tracks()), (modality,))

    counts = cooccurrences(histories, SIZE.tracks, Recency(0), Shares(playlists=has_company((modality,))))
    books, codes = fit_codebooks(tracks, counts, [[] for _ in tracks], CodebookRules(most_codes=8))

    absent = codes == np.array(books.sizes)
    for column, name in enumerate(MODALITIES):
        assert absent[:, column].all() == (name == modality)
    served = books.encode(Track(tags=("folk",), title="A", lyrics="sea", audio_features={"energy": 0.5}))
    assert getattr(served, modality) is None


@pytest.mark.parametrize(("modality", "gone"), [("tags", "folk"), ("metadata", "90s"), ("playlist", "")])
def test_a_modality_that_is_left_out_is_evidence_of_no_other_kind(
    task: Task, tmp_path: Path, modality: str, gone: str
) -> None:
    base = TrainingRules(
        width=64, layers=1, codebooks=CodebookRules(most_codes=8), loop=LoopRules(epochs=1), tuning=None
    )
    systems = {system.name: system for system in ablated(task, tmp_path, 1.0, base)}

    ranker = systems[f"segue without {modality}"].fit(task.material, 1, Silence())

    assert isinstance(ranker, SegueRanker)
    index = ranker.recommender.index
    assert len(index) == SIZE.tracks
    assert gone not in index.by_word
    assert bool(index.by_artist) == (modality != "metadata")
    assert any(len(rows) for rows, _ in index.neighbours) == (modality != "playlist")
    assert bool(index.related_artists) == (modality == "tags")


def test_the_same_checkpoint_answers_otherwise_when_it_is_told_less(task: Task, tmp_path: Path) -> None:
    base = TrainingRules(
        width=64, layers=1, codebooks=CodebookRules(most_codes=8), loop=LoopRules(epochs=1), tuning=None
    )
    segue = Segue(task, tmp_path, 1.0, base=base)
    told = segue.fit(task.material, 1, Silence())
    untold = Hushed(segue, "said").fit(task.material, 1, Silence())
    spoken = next(position for position in task.positions if position.texts)
    quiet = next(position for position in task.positions if not position.texts)

    (heard, same), (unheard, again) = told.scores([spoken, quiet]), untold.scores([spoken, quiet])

    assert np.any(heard != unheard)
    np.testing.assert_allclose(same, again, atol=1e-3)
