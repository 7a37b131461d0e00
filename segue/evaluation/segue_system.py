"""Segue's own model as a system: trained as `segue train` does, or read from a checkpoint; new tracks by their content.

Knows the recommender through loading, swapping its index and scoring; knows nothing about what it is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from segue.catalog import Track, TrackTokens
from segue.errors import CheckpointError
from segue.evaluation.kept import Notes
from segue.evaluation.positions import Position
from segue.evaluation.systems import NOTHING, Material
from segue.evaluation.task import Task
from segue.model.recommender import Recommender
from segue.model.scoring import Scores
from segue.tokens.codebook import Floats, Integers
from segue.tokens.prompt import Moment
from segue.training.ablation import bare
from segue.training.corpus import TrainingRules
from segue.training.train import train
from segue.training.watch import Watch

SEGUE = "segue"
_BATCH = 32


@dataclass(frozen=True, slots=True)
class SegueRanker:
    """A recommender over the task's tracks; `rows` are the index's rows of the task's, [tracks].

    `told` gives the positions with their utterances in the checkpoint's words.
    """

    recommender: Recommender
    rows: Integers
    told: Callable[[Sequence[Position]], Sequence[Position]]
    name: str = SEGUE

    @classmethod
    def of(cls, recommender: Recommender, task: Task, without: Collection[str] = ()) -> SegueRanker:
        """Tell the recommender the content of the tracks that it does not know, but for these modalities."""
        known = recommender.index.rows
        tracks = task.material.tracks
        missing = bare([track for track in tracks if track.track_id not in known], without)
        recommender.swap(
            recommender.index.updated(content_tokens(recommender, missing), recommender.checkpoint.codebooks)
        )
        rows = np.array([recommender.index.rows[track.track_id] for track in tracks], np.int64)
        worded = task.positions_in(recommender.checkpoint.vocabulary)
        again = {_key(position): position for position in worded}
        return cls(recommender, rows, lambda positions: [again.get(_key(each), each) for each in positions])

    def scores(self, positions: Sequence[Position]) -> Iterator[Floats]:
        """See Ranker."""
        for scores in self.scored(positions):
            yield self.of_tracks(scores.totals)

    def scored(self, positions: Sequence[Position]) -> Iterator[Scores]:
        """Yield the recommender's own scores at each position, by its rows."""
        for start in range(0, len(positions), _BATCH):
            chunk = self.told(positions[start : start + _BATCH])
            yield from self.recommender.scores(
                [self._moments(position) for position in chunk],
                [position.texts for position in chunk],
                [position.now_ms for position in chunk],
            )

    def of_tracks(self, values: Floats) -> Floats:
        """Return values by the index's rows as values by the task's; of what may not be recommended, nothing."""
        allowed = np.where(self.recommender.index.recommendable, values, NOTHING)
        return np.asarray(allowed[self.rows], np.float32)

    def _moments(self, position: Position) -> list[Moment]:
        return [
            moment._replace(row=int(self.rows[moment.row])) if moment.is_track else moment
            for moment in position.moments
        ]


@dataclass(frozen=True, slots=True)
class Segue:
    """Segue, trained for each seed into `folder`, or as `checkpoint` holds it, which has one seed.

    A checkpoint in `folder` of which the notes say that this run made it is not made again.
    """

    task: Task
    folder: Path
    minutes: float
    checkpoint: Path | None = None
    base: TrainingRules | None = None
    name: str = SEGUE
    notes: Notes = field(default_factory=Notes)

    @property
    def seeded(self) -> bool:
        """See System."""
        return self.checkpoint is None

    def fitted(self, seed: int) -> Path:
        """Return where the checkpoint of this seed is, once it has been fitted."""
        return self.checkpoint or self.folder / f"seed-{seed}"

    def fit(self, material: Material, seed: int, watch: Watch) -> SegueRanker:  # noqa: ARG002 - it reads the folder
        """See System."""
        if self.checkpoint is not None:
            return SegueRanker.of(Recommender.load(self.checkpoint), self.task)
        out = self.fitted(seed)
        if (made := self._made(out)) is None:
            self.notes.write(self.name, str(out), train(self.task.learnable, out, self._rules(seed), watch).version)
            made = Recommender.load(out)
        return SegueRanker.of(made, self.task, self._rules(seed).without)

    def _rules(self, seed: int) -> TrainingRules:
        base = self.base or TrainingRules()
        return replace(
            base,
            until=self.task.rules.until,
            codebooks=replace(base.codebooks, seed=seed),
            loop=replace(base.loop, seed=seed, minutes=self.minutes),
        )

    def _made(self, out: Path) -> Recommender | None:
        """Return the recommender that a run before this one has trained; None where there is none, or another's."""
        noted = self.notes.read(self.name, str(out))
        if noted is None:
            return None
        try:
            made = Recommender.load(out)
        except CheckpointError:
            return None
        return made if made.checkpoint.version == noted else None


def content_tokens(recommender: Recommender, tracks: Sequence[Track]) -> list[TrackTokens]:
    """Return what the stream would tell of new tracks: their content and its codes."""
    codebooks = recommender.checkpoint.codebooks
    if not tracks:
        return []
    codes = codebooks.content_codes(tracks)
    return [
        TrackTokens(track_id=track.track_id, codes=codebooks.as_message(row), version=1, track=track)
        for track, row in zip(tracks, codes, strict=True)
    ]


def _key(position: Position) -> tuple[str, int]:
    return position.history, position.place
