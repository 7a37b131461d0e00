"""Implicit matrix factorisation by alternating least squares (Hu, Koren, Volinsky 2008; the `implicit` library).

A user is a stretch of a history; newer ones weigh more. A session is folded in: its tracks, the newest weighing most,
give a user's vector by one least-squares step, and tracks are scored by their vectors' products with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from segue.evaluation.baselines.item_knn import session_weights
from segue.evaluation.kept import Notes
from segue.evaluation.positions import Position
from segue.evaluation.systems import NOTHING, Material, Ranker
from segue.evaluation.tuning import quality, reached, search
from segue.tokens.codebook import Floats, Integers
from segue.tokens.histories import History
from segue.training.cooccurrence import Recency
from segue.training.watch import Watch

GRID: dict[str, tuple[float | int | None, ...]] = {
    "factors": (64, 128, 256),
    "regularization": (0.01, 0.1, 1.0, 10.0),
    "alpha": (1.0, 10.0, 40.0),
    "stretch": (20, 50, 200),
    "days": (None, 180.0, 60.0, 20.0),
    "session_length": (10, 20, 64),
    "session_power": (0.0, 0.5, 1.0),
}
ITERATIONS = 15
_CHUNK = 256


@dataclass(frozen=True, slots=True)
class Settings:
    """What the factorisation depends on; `stretch` is how many tracks of a history make a user."""

    factors: int = 128
    regularization: float = 0.1
    alpha: float = 10.0
    stretch: int = 50
    days: float | None = 60.0
    session_length: int = 20
    session_power: float = 0.5


@dataclass(frozen=True, slots=True)
class AlsRanker:
    """Factors of the tracks that were seen; of the others it says nothing. `rows` are the seen tracks', in order."""

    name: str
    model: Any
    rows: Integers
    tracks: int
    settings: Settings

    def scores(self, positions: Sequence[Position]) -> Iterator[Floats]:
        """See Ranker."""
        for start in range(0, len(positions), _CHUNK):
            chunk = positions[start : start + _CHUNK]
            products = self._users(chunk) @ self.model.item_factors.T
            for known in products:
                values = np.full(self.tracks, NOTHING, np.float32)
                values[self.rows] = known
                yield values

    def _users(self, positions: Sequence[Position]) -> Floats:
        told = [_session(self, position) for position in positions]
        lengths = np.cumsum([0, *(len(columns) for columns, _ in told)])
        columns = np.concatenate([columns for columns, _ in told])
        weights = np.concatenate([weights for _, weights in told])
        sessions = csr_matrix((weights, columns, lengths), (len(told), len(self.rows)))
        return np.asarray(self.model.recalculate_user(np.arange(len(told)), sessions), np.float32)


@dataclass(slots=True)
class Als:
    """Implicit ALS, tuned once over GRID, then fitted for each seed, which draws its first factors."""

    name: str = "als"
    seeded: bool = True
    notes: Notes = field(default_factory=Notes, repr=False)
    choice: Settings | None = None

    def fit(self, material: Material, seed: int, watch: Watch) -> Ranker:
        """See System."""
        corpus = material.corpus
        if self.choice is None:
            self.choice = self._tuned(material, seed, watch)
        return self.fitted(corpus.histories, len(material.tracks), corpus.now_ms, self.choice, seed)

    def _tuned(self, material: Material, seed: int, watch: Watch) -> Settings:
        corpus, tracks = material.corpus, len(material.tracks)
        candidates = material.validation_candidates()

        def measure(settings: Settings) -> float:
            ranker = self.fitted(corpus.training, tracks, corpus.validation_ms, settings, seed)
            return quality(reached(ranker.scores(corpus.validation), corpus.validation, candidates))

        def noted(settings: Settings) -> float:
            return float(self.notes.once(f"{self.name} tuning", str(settings), lambda: measure(settings)))

        watch.phase(f"{self.name}: tuning")
        best, _ = search(Settings(), GRID, noted, watch, sweeps=1)
        return best

    def fitted(
        self, histories: Sequence[History], tracks: int, now_ms: int, settings: Settings, seed: int
    ) -> AlsRanker:
        """Return the ranker of these histories with fixed settings."""
        users, columns, weights = _users(histories, settings.stretch, Recency(now_ms, settings.days))
        rows, seen = np.unique(columns, return_inverse=True)
        matrix = csr_matrix((weights, (users, seen)), (int(users[-1]) + 1, len(rows)))
        with threadpool_limits(limits=1, user_api="blas"):
            model = AlternatingLeastSquares(
                factors=settings.factors,
                regularization=settings.regularization,
                alpha=settings.alpha,
                iterations=ITERATIONS,
                num_threads=1,
                random_state=seed,
            )
            model.fit(matrix, show_progress=False)
        return AlsRanker(self.name, model, rows, tracks, settings)


def _users(histories: Sequence[History], stretch: int, recency: Recency) -> tuple[Integers, Integers, Floats]:
    users, columns, weights = [], [], []
    user = 0
    for history in histories:
        wanted = [moment for moment in history.moments if moment.wanted]
        for start in range(0, len(wanted), stretch):
            part = wanted[start : start + stretch]
            users.append(np.full(len(part), user))
            columns.append(np.array([moment.row for moment in part], np.int64))
            weights.append(recency.weights(np.array([moment.time_ms for moment in part], np.int64)))
            user += 1
    return np.concatenate(users), np.concatenate(columns), np.concatenate(weights)


def _session(ranker: AlsRanker, position: Position) -> tuple[Integers, Floats]:
    """Return the columns of the session's tracks that are known, and their weights."""
    rows, weights = session_weights(position, ranker.settings.session_length, ranker.settings.session_power)
    columns = np.minimum(np.searchsorted(ranker.rows, rows), len(ranker.rows) - 1)
    known = ranker.rows[columns] == rows
    return columns[known], weights[known]
