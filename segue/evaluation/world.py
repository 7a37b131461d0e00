"""An evaluation in an invented world, where the truth is known: the same task for every system, and the oracle's.

The oracle scores each track by the odds from which the simulator drew. Knows `segue/world`, tasks and the protocol of
systems; `world_report.py` says what came of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np

from segue.dataset import Dataset, write_dataset
from segue.errors import DatasetError
from segue.evaluation.positions import Position
from segue.evaluation.segue_system import Segue
from segue.evaluation.systems import Material, Ranker, System
from segue.evaluation.task import Task, TaskRules, make_task
from segue.model.checkpoint import Checkpoint
from segue.tokens.codebook import Floats, Integers
from segue.tokens.content import MODALITIES
from segue.tokens.histories import DIALOGUE, PLAYLIST
from segue.training.corpus import TrainingRules
from segue.training.watch import Watch
from segue.world.catalogue import START, track_row
from segue.world.draws import Draw
from segue.world.oracle import Oracle
from segue.world.simulate import World, WorldSize

ORACLE = "oracle"
WITHOUT = "segue without "
# Three times the sample's data, the sample's own, and one small enough for minutes.
SCALES: Mapping[str, WorldSize] = {
    "default": WorldSize(listeners=1_500, playlists=4_500, dialogues=1_500),
    "sample": WorldSize(),
    "small": WorldSize(tracks=1_000, listeners=200, playlists=600, dialogues=200, scenes=4),
}
# The sample's world has seed 1; figures come from one in which nothing was tried before.
SAMPLE_SEED, EVALUATION_SEED = 1, 8
# The last sixth of the watched days is tested.
TESTED_SHARE = 6
# Before a fifth track is told, playlists and sessions hardly say what they are after.
LEAST_TOLD = 5


@dataclass(frozen=True, slots=True)
class OracleSystem:
    """Nothing to learn: the odds are the world's own."""

    world: World
    name: str = ORACLE
    seeded: bool = False

    def fit(self, material: Material, seed: int, watch: Watch) -> Ranker:  # noqa: ARG002 - nothing random, nothing slow
        """See System."""
        rows = np.array([track_row(track.track_id) for track in material.tracks], np.int64)
        return OracleRanker(Oracle(self.world), rows)


class OracleRanker:
    """The true odds of each track to be the next wanted one; `rows` are the world's rows of the task's, [tracks]."""

    name = ORACLE

    def __init__(self, oracle: Oracle, rows: Integers) -> None:
        self._rows = rows
        # Positions of one history follow one another.
        self._wanted = lru_cache(maxsize=2)(oracle.wanted)

    def scores(self, positions: Sequence[Position]) -> Iterator[Floats]:
        """See Ranker. Raises ValueError for a position that the world has not drawn."""
        for position in positions:
            yield np.asarray(self._drawn(position).odds[self._rows], np.float32)

    def _drawn(self, position: Position) -> Draw:
        draws = self._wanted(position.sitting or position.history.removeprefix(f"{position.kind} "))
        track = int(self._rows[position.wanted])
        if position.kind == PLAYLIST:
            # A track may come back to a playlist; to a session or a dialogue it does not.
            draws = draws[position.place : position.place + 1]
        found = next((draw for draw in draws if draw.track == track), None)
        if found is None:
            raise ValueError(f"the world has drawn no {track} at place {position.place} of {position.history}")
        return found


def cut_of(size: WorldSize) -> datetime:
    """Return when testing begins in a world of this size."""
    return START + timedelta(days=size.days - size.days // TESTED_SHARE)


def trained_until(checkpoint: Path) -> datetime:
    """Return the cut of a checkpoint. Raises CheckpointError, and DatasetError where it was trained on everything."""
    until = Checkpoint.load(checkpoint).metrics.get("trained_until")
    if until is None:
        raise DatasetError(f"{checkpoint} was trained on all of its world; train it with --until")
    return datetime.fromisoformat(str(until))


def world_task(world: World, work: Path, checkpoint: Path | None = None) -> Task:
    """Write the world into `work` and cut it there, where a checkpoint was cut that is to be measured.

    What a checkpoint has learned from, such as all undated dialogues, is not tested.

    Positions count where something to go by is told: LEAST_TOLD wanted tracks, or an utterance. Raises DatasetError.
    """
    folder = work / "world"
    write_dataset(folder, world.tracks(), world.playlists(), world.sessions(), world.dialogues())
    until = cut_of(world.size) if checkpoint is None else trained_until(checkpoint)
    rules = TaskRules(until=until, most_positions=10**9, undated=checkpoint is None)
    task = make_task(Dataset.open(folder), work, rules)
    kept = [position for position in task.positions if _is_predictable(position)]
    if not kept:
        raise DatasetError(f"the world holds no predictable position after {rules.until}; make it larger")
    return replace(task, positions=kept)


def ablated(task: Task, folder: Path, minutes: float, base: TrainingRules) -> list[System]:
    """Return Segue once without each modality, which is then no evidence in training nor in serving."""
    return [
        Segue(
            task,
            folder / modality,
            minutes,
            base=replace(base, without=(modality,)),
            name=f"{WITHOUT}{modality}",
        )
        for modality in MODALITIES
    ]


def _is_predictable(position: Position) -> bool:
    told = sum(moment.wanted and moment.sitting == position.sitting for moment in position.moments)
    return position.kind == DIALOGUE or told >= LEAST_TOLD
