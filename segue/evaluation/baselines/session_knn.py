"""Session-based nearest neighbours, as VS-kNN (Ludewig, Jannach 2018; its settings: Ludewig et al. 2021).

Stretches of histories that hold tracks of the session are its neighbours, the more of them and the newer, the nearer,
the newest tracks of the session counting most; their tracks score the sum of their nearness, rare ones more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix

from segue.evaluation.baselines.item_knn import session_weights
from segue.evaluation.positions import Position
from segue.evaluation.systems import Material, Ranker
from segue.evaluation.tuning import quality, reached, search
from segue.tokens.codebook import Floats
from segue.tokens.histories import History
from segue.training.cooccurrence import Recency
from segue.training.watch import Watch

GRID: dict[str, tuple[float | int | None, ...]] = {
    "stretch": (10, 20, 50),
    "neighbours": (50, 100, 500),
    "days": (None, 180.0, 60.0, 20.0, 7.0),
    "session_length": (5, 20, 64),
    "session_power": (0.5, 1.0, 2.0),
    "rarity": (0.0, 1.0, 2.0),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What session-kNN depends on; `rarity` is the power of a track's inverse frequency among stretches."""

    stretch: int = 20
    neighbours: int = 100
    days: float | None = 60.0
    session_length: int = 20
    session_power: float = 1.0
    rarity: float = 1.0


@dataclass(frozen=True, slots=True)
class SessionKnnRanker:
    """Stretches as rows, tracks as columns: `holds` by columns to find neighbours, `told` by rows to read them."""

    name: str
    holds: csc_matrix
    told: csr_matrix
    recency: Floats
    settings: Settings

    def scores(self, positions: Sequence[Position]) -> Iterator[Floats]:
        """See Ranker."""
        for position in positions:
            rows, weights = session_weights(position, self.settings.session_length, self.settings.session_power)
            near = (self.holds[:, rows] @ weights) * self.recency
            best = np.argpartition(-near, min(self.settings.neighbours, len(near) - 1))[: self.settings.neighbours]
            yield np.asarray(self.told[best].T @ near[best], np.float32)


@dataclass(frozen=True, slots=True)
class SessionKnn:
    """Session-kNN, tuned over GRID."""

    name: str = "session-knn"
    seeded: bool = False

    def fit(self, material: Material, seed: int, watch: Watch) -> Ranker:  # noqa: ARG002 - nothing is random
        """See System."""
        corpus, tracks = material.corpus, len(material.tracks)
        candidates = material.validation_candidates()

        def measure(settings: Settings) -> float:
            ranker = self.fitted(corpus.training, tracks, corpus.validation_ms, settings)
            return quality(reached(ranker.scores(corpus.validation), corpus.validation, candidates))

        watch.phase(f"{self.name}: tuning")
        best, _ = search(Settings(), GRID, measure, watch, sweeps=1)
        return self.fitted(corpus.histories, tracks, corpus.now_ms, best)

    def fitted(self, histories: Sequence[History], tracks: int, now_ms: int, settings: Settings) -> SessionKnnRanker:
        """Return the ranker of these histories with fixed settings."""
        stretches, newest = [], []
        for history in histories:
            wanted = [moment for moment in history.moments if moment.wanted]
            for start in range(0, len(wanted), settings.stretch):
                part = wanted[start : start + settings.stretch]
                stretches.append(np.unique([moment.row for moment in part]))
                newest.append(part[-1].time_ms)
        ends = np.cumsum([0, *map(len, stretches)])
        columns = np.concatenate(stretches)
        holds = csr_matrix((np.ones(len(columns), np.float32), columns, ends), (len(stretches), tracks))
        frequency = np.bincount(columns, minlength=tracks)
        rarity = np.log1p(len(stretches) / np.maximum(frequency, 1)) ** settings.rarity
        told = csr_matrix((rarity[columns].astype(np.float32), columns, ends), holds.shape)
        recency = Recency(now_ms, settings.days).weights(np.array(newest, np.int64))
        return SessionKnnRanker(self.name, csc_matrix(holds), told, recency, settings)
