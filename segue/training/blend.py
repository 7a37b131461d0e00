"""What each term of a score should weigh: a small coordinate search on validation positions.

Knows the terms as matrices, [positions, tracks], one for each position and track; knows nothing about how they are
made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt

from segue.evaluation.metrics import RankingMetrics, rank_of
from segue.evaluation.positions import Position
from segue.model.scoring import BlendWeights
from segue.tokens.codebook import Floats

GRID: dict[str, tuple[float, ...]] = {
    "neighbours": (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0),
    "neighbours_scale": (0.003, 0.01, 0.03, 0.1),
    "popularity": (0.0, 0.1, 0.2, 0.4, 0.7, 1.0),
    "words": (0.0, 2.0, 4.0, 6.0, 9.0),
    "decoder": (0.0, 0.4, 0.7, 1.0),
}
_SWEEPS = 2


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of every track's score before they are weighed, at each validation position."""

    decoder: Floats
    words: Floats
    evidence: Floats
    popularity: Floats
    recommendable: npt.NDArray[np.bool_]

    def ranks(self, weights: BlendWeights, positions: Sequence[Position]) -> list[int]:
        """Return the wanted track's rank at each position."""
        return [
            rank_of(self._total(weights, place), position.wanted, position.excluded)
            for place, position in enumerate(positions)
        ]

    def _total(self, weights: BlendWeights, place: int) -> Floats:
        total = np.float32(weights.decoder) * self.decoder[place]
        total += np.float32(weights.words) * self.words[place]
        if weights.neighbours:
            scaled = self.evidence[place] / np.float32(weights.neighbours_scale)
            total += np.float32(weights.neighbours) * np.log1p(scaled)
        total += np.float32(weights.popularity) * self.popularity
        return np.asarray(np.where(self.recommendable, total, -np.inf), np.float32)


def choose(terms: Terms, positions: Sequence[Position], start: BlendWeights) -> tuple[BlendWeights, RankingMetrics]:
    """Return the weights that reach the highest MRR, one after the other over its grid, and what they reach."""

    def quality(weights: BlendWeights) -> float:
        return RankingMetrics.of(terms.ranks(weights, positions)).mrr

    best = start
    for _ in range(_SWEEPS):
        for name, values in GRID.items():
            if name == "words" and not terms.words.any():
                continue
            best = _best_of(best, name, values, quality)
    return best, RankingMetrics.of(terms.ranks(best, positions))


def alone(name: str, terms: Terms, positions: Sequence[Position]) -> RankingMetrics:
    """Return what one term reaches without the others."""
    nothing = BlendWeights(words=0.0, neighbours=0.0, popularity=0.0, decoder=0.0)
    return RankingMetrics.of(terms.ranks(replace(nothing, **{name: 1.0}), positions))


def _best_of(
    weights: BlendWeights, name: str, values: Sequence[float], quality: Callable[[BlendWeights], float]
) -> BlendWeights:
    current = asdict(weights)[name]
    # The value in use wins ties, so that a term nothing depends on keeps its default.
    candidates = [current, *(value for value in values if value != current)]
    return max((replace(weights, **{name: value}) for value in candidates), key=quality)
