"""One modality's codebook: a vector for a track's content, and the nearest of its named centroids.

Holds everything that coding a new track needs, as plain arrays. How codebooks are made is in `fitting.py`; what content
a track has in a modality is in `content.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segue.tokens.text import Floats, Integers, TextEncoder, unit

__all__ = ["AudioTransform", "Clusters", "CodeFacts", "Codebook", "Floats", "Integers", "unit"]

_BLOCK = 16_384


@dataclass(frozen=True, slots=True)
class Clusters:
    """Centroids, [clusters, dimensions], and what is added to a vector's squared distance to each, [clusters].

    Both hold values that half precision keeps.
    """

    centroids: Floats
    offsets: Floats

    def nearest(self, vectors: Floats) -> Integers:
        """Return the number of the nearest centroid, offset included, for each vector, [vectors]."""
        fixed = np.square(self.centroids).sum(1) + self.offsets
        found = np.empty(len(vectors), np.int64)
        for start in range(0, len(vectors), _BLOCK):
            block = vectors[start : start + _BLOCK]
            found[start : start + _BLOCK] = np.argmin(fixed - 2.0 * (block @ self.centroids.T), axis=1)
        return found


@dataclass(frozen=True, slots=True)
class AudioTransform:
    """Standardised features; one that a track lacks counts as average. `mean` and `deviation` have shape [features]."""

    names: tuple[str, ...]
    mean: Floats
    deviation: Floats

    def encode(self, featured: Sequence[Mapping[str, float]]) -> Floats:
        """Return standard scores, [tracks, features], cut at four deviations."""
        raw = np.array(
            [[audio.get(name, mean) for name, mean in zip(self.names, self.mean, strict=True)] for audio in featured],
            np.float32,
        ).reshape(len(featured), len(self.names))
        return np.clip((raw - self.mean) / self.deviation, -4.0, 4.0)


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What is told of a code: its human name, how many tracks had it, their mean cosine to the centroid, -1 to 1."""

    name: str = ""
    size: int = 0
    cohesion: float = 0.0


@dataclass(frozen=True, slots=True)
class Codebook:
    """Centroids with their facts; the number after the last code stands for an absent modality."""

    modality: str
    clusters: Clusters
    facts: tuple[CodeFacts, ...] = ()
    transform: TextEncoder | AudioTransform | None = None

    @property
    def centroids(self) -> Floats:
        """The centroids, [codes, dimensions]."""
        return self.clusters.centroids

    @property
    def absent(self) -> int:
        """The number that stands for an absent modality."""
        return len(self.centroids)

    @property
    def names(self) -> tuple[str, ...]:
        """The codes' human names."""
        return tuple(fact.name for fact in self.facts)

    def name(self, code: int) -> str:
        """Return the code's human name; empty for the absent one."""
        return self.facts[code].name if 0 <= code < len(self.facts) else ""

    def nearest(self, vectors: Floats) -> Integers:
        """Return the nearest centroid's number for each vector, [tracks]; absent for a zero vector."""
        if not self.absent:
            return np.full(len(vectors), self.absent, np.int64)
        return np.where(np.any(vectors, axis=1), self.clusters.nearest(vectors), self.absent)

    def codes(self, contents: Sequence[Any]) -> Integers:
        """Return the code of each track's content, [tracks]: texts, or audio features; absent where there is none."""
        found = np.full(len(contents), self.absent, np.int64)
        present = [row for row, content in enumerate(contents) if content]
        if present and self.transform is not None and self.absent:
            found[present] = self.nearest(self.transform.encode([contents[row] for row in present]))
        return found

    @classmethod
    def empty(cls, modality: str) -> Codebook:
        """Return a book without codes: the modality is absent everywhere."""
        return cls(modality, Clusters(np.zeros((0, 1), np.float32), np.zeros(0, np.float32)))
