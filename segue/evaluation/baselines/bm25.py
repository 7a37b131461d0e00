"""BM25 over the tracks' text (Robertson, Zaragoza 2009; the `bm25s` library), asked with the session's text.

The question is what was said, the playlist's name, and the text of the newest tracks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import bm25s
import numpy as np

from segue.evaluation.baselines.item_knn import session_weights
from segue.evaluation.baselines.texts import said_text, track_text
from segue.evaluation.positions import Position
from segue.evaluation.systems import Material, Ranker
from segue.evaluation.tuning import quality, reached, search
from segue.tokens.codebook import Floats
from segue.tokens.words import content_words
from segue.training.watch import Watch

GRID: dict[str, tuple[float | int, ...]] = {
    "session_length": (0, 1, 3, 10, 20),
    "turns": (1, 3),
    "said_repeats": (0, 1, 3, 10),
    "k1": (0.6, 1.2, 2.0),
    "b": (0.3, 0.75, 1.0),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """BM25's own `k1` and `b`; how many tracks and turns are asked with, and how often what was said is repeated."""

    session_length: int = 10
    turns: int = 3
    said_repeats: int = 1
    k1: float = 1.2
    b: float = 0.75


@dataclass(frozen=True, slots=True)
class Bm25Ranker:
    """An inverted index of all tracks; `words` are the tracks' own."""

    name: str
    index: Any
    words: Sequence[Sequence[str]]
    settings: Settings

    def scores(self, positions: Sequence[Position]) -> Iterator[Floats]:
        """See Ranker."""
        nothing = np.zeros(len(self.words), np.float32)
        for position in positions:
            asked = self._asked(position)
            yield np.asarray(self.index.get_scores(asked), np.float32) if asked else nothing

    def _asked(self, position: Position) -> list[str]:
        rows, _ = session_weights(position, self.settings.session_length, 0.0)
        said = content_words(said_text(position, self.settings.turns)) * self.settings.said_repeats
        return [*said, *(word for row in rows for word in self.words[row])]


@dataclass(frozen=True, slots=True)
class Bm25:
    """BM25, tuned over GRID."""

    name: str = "bm25"
    seeded: bool = False

    def fit(self, material: Material, seed: int, watch: Watch) -> Ranker:  # noqa: ARG002 - nothing is random
        """See System."""
        words = [content_words(track_text(track)) for track in material.tracks]
        candidates, validation = material.validation_candidates(), material.corpus.validation
        indexes: dict[tuple[float, float], Any] = {}

        def fitted(settings: Settings) -> Bm25Ranker:
            key = settings.k1, settings.b
            if key not in indexes:
                indexes[key] = _index(words, settings)
            return Bm25Ranker(self.name, indexes[key], words, settings)

        def measure(settings: Settings) -> float:
            return quality(reached(fitted(settings).scores(validation), validation, candidates))

        watch.phase(f"{self.name}: tuning")
        best, _ = search(Settings(), GRID, measure, watch, sweeps=1)
        return fitted(best)


def _index(words: Sequence[Sequence[str]], settings: Settings) -> Any:
    index = bm25s.BM25(k1=settings.k1, b=settings.b)
    index.index([list(each) for each in words], show_progress=False)
    return index
