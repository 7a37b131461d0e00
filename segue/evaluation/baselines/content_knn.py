"""Content-kNN on MiniLM vectors: tracks whose text is like that of the session's tracks and of what was said.

`MiniLmDense` is tuned for known tracks as every system is; `ContentKnn` for tracks that nothing before them holds,
hit@100 on the validation time's own new tracks: what a cold track is compared by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import numpy as np

from segue.evaluation.baselines.item_knn import session_weights
from segue.evaluation.baselines.minilm import WIDTH, MiniLm
from segue.evaluation.baselines.texts import said_text, track_text
from segue.evaluation.metrics import RankingMetrics
from segue.evaluation.positions import Position
from segue.evaluation.systems import Material, Ranker
from segue.evaluation.tuning import quality, reached, search
from segue.tokens.codebook import Floats, Integers
from segue.training.watch import Watch

GRID: dict[str, tuple[float | int, ...]] = {
    "session_length": (1, 5, 20),
    "session_power": (0.0, 1.0),
    "sharpness": (0.0, 10.0, 30.0),
    "said": (0.0, 0.3, 1.0),
}

_CHUNK = 32


@dataclass(frozen=True, slots=True)
class Settings:
    """How the session is read. With `sharpness` s above 0, closeness c counts as exp(s c): near tracks decide."""

    session_length: int = 20
    session_power: float = 0.0
    sharpness: float = 10.0
    said: float = 0.3
    turns: int = 3


@dataclass
class TextVectors:
    """Vectors of all tracks, made once for all systems of a run, and of what is said, made when it is asked for.

    With a `folder` the tracks' are kept there, under a name made from the texts, for the next run.
    """

    folder: Path | None = None
    tracks: Floats = field(default_factory=lambda: np.zeros((0, WIDTH), np.float32))
    _texts: tuple[str, ...] = ()
    _said: dict[str, Floats] = field(default_factory=dict)

    def of(self, material: Material, watch: Watch) -> Floats:
        """Return the tracks' vectors, [tracks, WIDTH]."""
        texts = tuple(map(track_text, material.tracks))
        if texts != self._texts:
            self.tracks = self._kept(texts, watch)
            self._texts = texts
        return self.tracks

    def _kept(self, texts: Sequence[str], watch: Watch) -> Floats:
        watch.phase("MiniLM: encoding tracks")
        digest = blake2b("\0".join(texts).encode(), digest_size=8).hexdigest()
        file = None if self.folder is None else self.folder / f"minilm-{digest}.npy"
        if file is not None and file.is_file():
            kept: Floats = np.load(file)
            return kept
        vectors = self._encoder.encode(texts, lambda done, of: watch.step(done, of, 0.0, 0.0))
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            np.save(file, vectors)
        return vectors

    @cached_property
    def _encoder(self) -> MiniLm:
        """The encoder, read when the first text is to be encoded."""
        return MiniLm()

    def said(self, text: str) -> Floats:
        """Return the vector of what was said, [WIDTH]."""
        if text not in self._said:
            self._said[text] = self._encoder.encode([text])[0]
        return self._said[text]


@dataclass(frozen=True, slots=True)
class ContentRanker:
    """Closeness to the session's tracks, weighed by how new they are in it, plus closeness to what was said."""

    name: str
    vectors: TextVectors
    settings: Settings

    def scores(self, positions: Sequence[Position]) -> Iterator[Floats]:
        """See Ranker. Neighbouring positions share most of their tracks, whose closeness is computed once."""
        settings = self.settings
        for start in range(0, len(positions), _CHUNK):
            chunk = positions[start : start + _CHUNK]
            told = [session_weights(each, settings.session_length, settings.session_power) for each in chunk]
            distinct, places = np.unique(np.concatenate([rows for rows, _ in told]), return_inverse=True)
            near = self._closeness(distinct)
            ends = np.cumsum([len(rows) for rows, _ in told])[:-1]
            for position, (_, weights), at in zip(chunk, told, np.split(places, ends), strict=True):
                yield self._tracks(near, at, weights) + self._said(position)

    def _closeness(self, rows: Integers) -> Floats:
        """Return what each of these tracks says of every track, [rows, tracks]."""
        vectors, sharpness = self.vectors.tracks, np.float32(self.settings.sharpness)
        near = vectors[rows] @ vectors.T
        return np.exp(sharpness * (near - 1.0), out=near) if sharpness else near

    def _tracks(self, near: Floats, places: Integers, weights: Floats) -> Floats:
        if not len(places):
            return np.zeros(near.shape[1], np.float32)
        mean = (weights / weights.sum()) @ near[places]
        if not self.settings.sharpness:
            return np.asarray(mean, np.float32)
        return np.asarray(1.0 + np.log(np.maximum(mean, 1e-30)) / self.settings.sharpness, np.float32)

    def _said(self, position: Position) -> Floats:
        text = said_text(position, self.settings.turns) if self.settings.said else ""
        if not text:
            return np.zeros(len(self.vectors.tracks), np.float32)
        return np.asarray(self.settings.said * (self.vectors.tracks @ self.vectors.said(text)), np.float32)


@dataclass(frozen=True, slots=True)
class MiniLmDense:
    """Content-kNN, tuned over GRID: for known tracks, or with `cold` for tracks that are new."""

    vectors: TextVectors
    cold: bool = False
    seeded: bool = False

    @property
    def name(self) -> str:
        """See System."""
        return "content-knn" if self.cold else "minilm"

    def fit(self, material: Material, seed: int, watch: Watch) -> Ranker:  # noqa: ARG002 - nothing is random
        """See System."""
        self.vectors.of(material, watch)
        validation = material.cold_validation if self.cold else material.corpus.validation
        candidates = material.validation_candidates(cold=self.cold)

        def measure(settings: Settings) -> float:
            ranker = ContentRanker(self.name, self.vectors, settings)
            metrics = reached(ranker.scores(validation), validation, candidates)
            return cold_quality(metrics) if self.cold else quality(metrics)

        watch.phase(f"{self.name}: tuning")
        best, _ = search(Settings(), GRID, measure, watch, sweeps=1)
        return ContentRanker(self.name, self.vectors, best)


def cold_quality(metrics: RankingMetrics) -> float:
    """Return what tuning for cold tracks makes large: hit@100, and hit@10 where that is alike."""
    return metrics.hit100 + 0.1 * metrics.hit10
