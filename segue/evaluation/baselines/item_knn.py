"""Item-based nearest neighbours with recency: tracks that stood near those of the session, lately.

Similarity is the time-decayed, distance-weighted co-occurrence within a window over the tracks' occurrences to a power
(cosine at 1/2; Sarwar et al. 2001, Deshpande and Karypis 2004); the session's own tracks count less the longer ago
(Ludewig and Jannach 2018, where such neighbourhoods were hard to beat). A little fading popularity breaks ties.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix

from segue.evaluation.positions import Position
from segue.evaluation.systems import Material, Ranker
from segue.evaluation.tuning import quality, reached, search
from segue.tokens.codebook import Floats, Integers
from segue.tokens.histories import History
from segue.training.cooccurrence import Recency, additions
from segue.training.watch import Watch

GRID: dict[str, tuple[float | int | None, ...]] = {
    "days": (None, 360.0, 180.0, 60.0, 20.0, 7.0),
    "reach": (3, 10, 30),
    "distance_power": (0.0, 0.5, 1.0),
    "exponent": (0.0, 0.25, 0.5, 0.75),
    "neighbours": (100, 400, 2_000),
    "session_power": (0.0, 0.5, 1.0, 2.0),
    "session_length": (10, 20, 64),
    "popularity": (0.0, 0.001, 0.01, 0.1, 0.5),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What item-kNN depends on; `days` is the time in which a co-occurrence fades by 1/e, None: never."""

    days: float | None = 20.0
    reach: int = 10
    distance_power: float = 0.5
    exponent: float = 0.5
    neighbours: int = 400
    session_power: float = 0.5
    session_length: int = 64
    popularity: float = 0.001


@dataclass(frozen=True, slots=True)
class ItemKnnRanker:
    """Neighbours of the session's tracks, summed."""

    name: str
    similarity: csr_matrix
    popularity: Floats
    settings: Settings

    def scores(self, positions: Sequence[Position]) -> Iterator[Floats]:
        """See Ranker."""
        for position in positions:
            rows, weights = session_weights(position, self.settings.session_length, self.settings.session_power)
            total = self.settings.popularity * self.popularity
            if len(rows):
                near = self.similarity[rows]
                total = total + near.T @ weights
            yield np.asarray(total, np.float32)


@dataclass(frozen=True, slots=True)
class ItemKnn:
    """Item-kNN with recency, tuned over GRID."""

    name: str = "item-knn"
    seeded: bool = False

    def fit(self, material: Material, seed: int, watch: Watch) -> Ranker:  # noqa: ARG002 - nothing is random
        """See System."""
        corpus, tracks = material.corpus, len(material.tracks)
        candidates = material.validation_candidates()

        def measure(settings: Settings) -> float:
            ranker = self.fitted(corpus.training, tracks, corpus.validation_ms, settings)
            return quality(reached(ranker.scores(corpus.validation), corpus.validation, candidates))

        watch.phase(f"{self.name}: tuning")
        best, _ = search(Settings(), GRID, measure, watch)
        return self.fitted(corpus.histories, tracks, corpus.now_ms, best)

    def fitted(self, histories: Sequence[History], tracks: int, now_ms: int, settings: Settings) -> ItemKnnRanker:
        """Return the ranker of these histories with fixed settings."""
        counts = cooccurrences(histories, tracks, Recency(now_ms, settings.days), settings)
        occurrences = np.maximum(additions(histories, tracks, Recency(now_ms)), 1.0)
        similarity = normalised(counts, occurrences, settings.exponent)
        fading = additions(histories, tracks, Recency(now_ms, settings.days))
        scale = float(similarity.data.max()) if similarity.nnz else 1.0
        popularity = scale * fading / max(float(fading.max()), 1e-9)
        return ItemKnnRanker(
            self.name, pruned(similarity, settings.neighbours), popularity.astype(np.float32), settings
        )


def session_weights(position: Position, length: int, power: float) -> tuple[Integers, Floats]:
    """Return the session's newest wanted tracks, each once, newest first, and 1 / place ** power for each."""
    newest = dict.fromkeys(moment.row for moment in reversed(position.moments) if moment.wanted)
    rows = np.array(list(newest)[:length], np.int64)
    return rows, (np.arange(1, len(rows) + 1) ** -power).astype(np.float32)


def cooccurrences(histories: Sequence[History], tracks: int, recency: Recency, settings: Settings) -> csr_matrix:
    """Return the symmetric [tracks, tracks] counts of wanted tracks within reach of each other in one history."""
    first, second, weights = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    for history in histories:
        wanted = [moment for moment in history.moments if moment.wanted]
        rows = np.array([moment.row for moment in wanted], np.int64)
        fading = recency.weights(np.array([moment.time_ms for moment in wanted], np.int64))
        for distance in range(1, min(settings.reach, len(rows) - 1) + 1):
            first.append(rows[:-distance])
            second.append(rows[distance:])
            weights.append(fading[distance:] * np.float32(distance**-settings.distance_power))
    one, other, weight = np.concatenate(first), np.concatenate(second), np.concatenate(weights)
    apart = one != other
    half = coo_matrix((weight[apart], (one[apart], other[apart])), (tracks, tracks))
    return csr_matrix(half + half.T)


def normalised(counts: csr_matrix, occurrences: Floats, exponent: float) -> csr_matrix:
    """Return counts over both tracks' occurrences to the power of `exponent`."""
    scale = occurrences ** -np.float32(exponent)
    result = counts.copy()
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    result.data = counts.data * scale[rows] * scale[counts.indices]
    return result


def pruned(similarity: csr_matrix, most: int) -> csr_matrix:
    """Return the matrix with at most `most` entries a row, the largest."""
    lengths = np.diff(similarity.indptr)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    order = np.lexsort((similarity.indices, -similarity.data, rows))
    place = np.arange(len(order)) - similarity.indptr[rows]
    kept = order[place < most]
    entries = (similarity.data[kept], (rows[kept], similarity.indices[kept]))
    return csr_matrix(entries, similarity.shape)
