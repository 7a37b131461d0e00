"""One modality's codebook: a vector for a track's content, and the nearest of its named centroids.

Holds everything that coding a new track needs, as plain arrays. How codebooks are made is in `fitting.py`; which
feature means what is in `content.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segue.tokens.words import bucket

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TextTransform:
    """Hashed TF-IDF features, then a linear map: latent semantic analysis (Deerwester et al., 1990).

    `idf` has shape [buckets], `components` [buckets, dimensions].
    """

    idf: Floats
    components: Floats

    def vectors(self, featured: Sequence[Mapping[str, float]]) -> Floats:
        """Return unit vectors, [tracks, dimensions]; zero where a track has no feature."""
        return unit(np.stack([self._projected(features) for features in featured]))

    def _projected(self, features: Mapping[str, float]) -> Floats:
        if not features:
            return np.zeros(self.components.shape[1], np.float32)
        rows = np.fromiter((bucket(name, len(self.idf)) for name in features), np.int64, len(features))
        weights = np.fromiter(features.values(), np.float32, len(features)) * self.idf[rows]
        norm = float(np.sqrt(np.square(weights).sum())) or 1.0
        return np.asarray((weights / norm) @ self.components[rows], np.float32)


@dataclass(frozen=True, slots=True)
class AudioTransform:
    """Standardised features; one that a track lacks counts as average. `mean` and `deviation` have shape [features]."""

    names: tuple[str, ...]
    mean: Floats
    deviation: Floats

    def vectors(self, featured: Sequence[Mapping[str, float]]) -> Floats:
        """Return standard scores, [tracks, features], cut at four deviations."""
        raw = np.array(
            [[audio.get(name, mean) for name, mean in zip(self.names, self.mean, strict=True)] for audio in featured],
            np.float32,
        ).reshape(len(featured), len(self.names))
        return np.clip((raw - self.mean) / self.deviation, -4.0, 4.0)


@dataclass(frozen=True, slots=True)
class Codebook:
    """Named centroids, [codes, dimensions]; the number after the last code stands for an absent modality."""

    modality: str
    centroids: Floats
    names: tuple[str, ...]
    transform: TextTransform | AudioTransform | None = None

    @property
    def absent(self) -> int:
        """The number that stands for an absent modality."""
        return len(self.centroids)

    def name(self, code: int) -> str:
        """Return the code's human name; empty for the absent one."""
        return self.names[code] if 0 <= code < len(self.names) else ""

    def nearest(self, vectors: Floats) -> Integers:
        """Return the nearest centroid's number for each vector, [tracks]; absent for a zero vector."""
        if not len(self.centroids):
            return np.full(len(vectors), self.absent, np.int64)
        distances = np.square(self.centroids).sum(1) - 2.0 * vectors @ self.centroids.T
        return np.where(np.any(vectors, axis=1), np.argmin(distances, axis=1), self.absent)

    def codes(self, featured: Sequence[Mapping[str, float]]) -> Integers:
        """Return the code of each track's features, [tracks]; absent where there are none."""
        found = np.full(len(featured), self.absent, np.int64)
        present = [row for row, features in enumerate(featured) if features]
        if present and self.transform is not None and len(self.centroids):
            vectors = self.transform.vectors([featured[row] for row in present])
            found[present] = self.nearest(vectors)
        return found


def unit(vectors: Floats) -> Floats:
    """Return the vectors at length one; zero stays zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms == 0.0, 1.0, norms), np.float32)
