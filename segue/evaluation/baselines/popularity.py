"""Popularity: how often a track was added or played before the cut, of all time or fading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from segue.evaluation.positions import Position
from segue.evaluation.systems import Material, Ranker
from segue.evaluation.tuning import quality, reached
from segue.tokens.codebook import Floats
from segue.tokens.histories import History
from segue.training.cooccurrence import Recency, additions
from segue.training.watch import Watch

# Days in which a count fades by 1/e.
FADING_DAYS = (720.0, 360.0, 180.0, 90.0, 45.0, 20.0, 10.0, 5.0)


@dataclass(frozen=True, slots=True)
class Constant:
    """Scores that do not depend on the position."""

    name: str
    values: Floats
    settings: object = None

    def scores(self, positions: Sequence[Position]) -> Iterator[Floats]:
        """See Ranker."""
        for _ in positions:
            yield self.values


@dataclass(frozen=True, slots=True)
class Popularity:
    """Counts of all time, or fading at the pace that validation prefers."""

    fading: bool
    seeded: bool = False

    @property
    def name(self) -> str:
        """See System."""
        return "popularity fading" if self.fading else "popularity"

    def fit(self, material: Material, seed: int, watch: Watch) -> Ranker:  # noqa: ARG002 - nothing random, nothing slow
        """See System."""
        corpus, tracks = material.corpus, len(material.tracks)
        days = self._days(material) if self.fading else None
        values = additions(corpus.histories, tracks, Recency(corpus.now_ms, days))
        return Constant(self.name, values, {"days": days})

    def _days(self, material: Material) -> float | None:
        corpus, candidates = material.corpus, material.validation_candidates()

        def measure(days: float) -> float:
            values = counts(corpus.training, len(candidates), Recency(corpus.validation_ms, days))
            repeated = (values for _ in corpus.validation)
            return quality(reached(repeated, corpus.validation, candidates))

        return max(FADING_DAYS, key=measure)


def counts(histories: Sequence[History], tracks: int, recency: Recency) -> Floats:
    """Return how often each track was wanted, [tracks], fading."""
    return np.asarray(additions(histories, tracks, recency), np.float32)
