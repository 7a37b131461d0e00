"""Texts as vectors: the protocol, and what needs no neural network: lexical vectors, projections, concatenations.

A text is lines. A short line (a tag, an artist) counts as a whole beside its words. Knows neither tracks nor codes; the
fits are made in `text_fitting.py`, and the pretrained encoder is `segue/model/text_encoder.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log1p
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from segue.tokens.words import bucket, content_words

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

# A line of more words is prose: its words say what it says.
MAX_NAME_WORDS = 12
_WORD_WEIGHT = 0.5
# A line weighs 1 / (1 + damping * place), as measured for the features of lines; a mean wants all lines.
LINE_DAMPING = 0.5
_POOLED_DAMPING = 0.1
_BLOCK = 2_048

_bucket = lru_cache(maxsize=1 << 18)(bucket)


class TextEncoder(Protocol):
    """Whatever turns texts into vectors. The same text gives the same vector, whatever is encoded beside it."""

    @property
    def name(self) -> str:
        """What a checkpoint calls the encoder that its codes rest on."""

    @property
    def dimensions(self) -> int:
        """The length of a vector."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors, [texts, dimensions]; zero for a text that says nothing."""


@dataclass(frozen=True, slots=True)
class LexicalEncoder:
    """Hashed TF-IDF features, then a linear map, half of it latent semantic analysis (Deerwester et al., 1990).

    `idf` has shape [buckets], `components` [buckets, dimensions]; `line_damping` says how much less later lines weigh.
    """

    idf: Floats
    components: Floats
    line_damping: float = LINE_DAMPING

    @property
    def name(self) -> str:
        """Its kind."""
        return "lexical"

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return int(self.components.shape[1])

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors, [texts, dimensions]; zero for a text without content words."""
        blocks = [self._block(texts[start : start + _BLOCK]) for start in range(0, len(texts), _BLOCK)]
        return np.concatenate(blocks) if blocks else np.zeros((0, self.dimensions), np.float32)

    def _block(self, texts: Sequence[str]) -> Floats:
        counts = lexical_counts(texts, len(self.idf), self.line_damping)
        return unit(weighted(counts, self.idf) @ self.components)


@dataclass(frozen=True, slots=True)
class ProjectedEncoder:
    """Another encoder's vectors, centred and turned onto the axes in which a catalogue differs most.

    `mean` has shape [the other's dimensions], `components` [the other's dimensions, dimensions].
    """

    base: TextEncoder
    mean: Floats
    components: Floats

    @property
    def name(self) -> str:
        """The other encoder's name."""
        return self.base.name

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return int(self.components.shape[1])

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors, [texts, dimensions]; zero where the other encoder's is."""
        return self.turned(self.base.encode(texts))

    def turned(self, vectors: Floats) -> Floats:
        """Return the other encoder's vectors, [texts, its dimensions], as this one's."""
        said = np.any(vectors, axis=1, keepdims=True)
        # A row at a time: a product of many rows may round differently from the product of one.
        rows = [row @ self.components for row in vectors - self.mean]
        projected = np.stack(rows) if rows else np.zeros((0, self.dimensions), np.float32)
        return unit(np.where(said, projected, np.float32(0.0)))


@dataclass(frozen=True, slots=True)
class PooledEncoder:
    """The mean of another encoder's vectors of a text's lines, the first ones weighing most.

    Lines repeat where texts do not: a catalogue of a million tracks has a few thousand tags.
    """

    base: TextEncoder

    @property
    def name(self) -> str:
        """The other encoder's name."""
        return self.base.name

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return self.base.dimensions

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors, [texts, dimensions]; zero for a text without lines."""
        lines: dict[str, int] = {}
        for text in texts:
            for line in text.splitlines():
                lines.setdefault(line, len(lines))
        vectors = self.base.encode(list(lines))
        pooled = np.zeros((len(texts), self.dimensions), np.float32)
        for place, text in enumerate(texts):
            for number, line in enumerate(text.splitlines()):
                pooled[place] += vectors[lines[line]] / np.float32(1.0 + _POOLED_DAMPING * number)
        return unit(pooled)


@dataclass(frozen=True, slots=True)
class JoinedEncoder:
    """Two encoders side by side; `share` in 0 to 1 is the first one's part of the squared length."""

    first: TextEncoder
    second: TextEncoder
    share: float = 0.5

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self.first.name} & {self.second.name}"

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return self.first.dimensions + self.second.dimensions

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors, [texts, dimensions]; zero where both encoders' are."""
        return self.side_by_side(self.first.encode(texts), self.second.encode(texts))

    def side_by_side(self, first: Floats, second: Floats) -> Floats:
        """Return the vectors of both encoders, [texts, each one's dimensions], as this one's."""
        weights = (np.float32(np.sqrt(self.share)), np.float32(np.sqrt(1.0 - self.share)))
        return unit(np.concatenate((weights[0] * first, weights[1] * second), axis=1))


def lexical_features(text: str, line_damping: float = LINE_DAMPING) -> dict[str, float]:
    """Return the weighted features of a text: short lines as a whole, and words with damped counts."""
    found: dict[str, float] = {}
    words: dict[str, float] = {}
    for place, line in enumerate(text.splitlines()):
        weight = 1.0 / (1.0 + line_damping * place)
        said = content_words(line)
        if 0 < len(said) <= MAX_NAME_WORDS:
            whole = f"= {line.casefold()}"
            found[whole] = max(weight, found.get(whole, 0.0))
        for word in said:
            words[word] = words.get(word, 0.0) + weight
    return found | {word: _WORD_WEIGHT * log1p(count) for word, count in words.items()}


def lexical_counts(texts: Sequence[str], buckets: int, line_damping: float = LINE_DAMPING) -> csr_matrix:
    """Return the texts' features by hash bucket, [texts, buckets]."""
    columns: list[int] = []
    weights: list[float] = []
    ends = [0]
    for text in texts:
        features = lexical_features(text, line_damping)
        columns += [_bucket(name, buckets) for name in features]
        weights += features.values()
        ends.append(len(columns))
    return csr_matrix((np.array(weights, np.float32), columns, ends), (len(texts), buckets))


def weighted(counts: csr_matrix, idf: Floats) -> csr_matrix:
    """Return the counts times `idf`, each row at length one."""
    scaled = csr_matrix(counts.multiply(idf[None]), dtype=np.float32)
    norms = np.sqrt(np.asarray(scaled.multiply(scaled).sum(1)).ravel())
    return csr_matrix(scaled.multiply((1.0 / np.where(norms == 0.0, 1.0, norms))[:, None]), dtype=np.float32)


def unit(vectors: Floats) -> Floats:
    """Return the vectors at length one; zero stays zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms == 0.0, 1.0, norms), np.float32)
