"""Which encoder a text modality's codes rest on: lexical vectors, a pretrained encoder's, or both side by side.

Lexical vectors are plain, or keep rare features apart. Each is clustered alike, and the one whose codes say most about
the company that tracks keep is taken (`coherence.py`). Plain lexical vectors cost a hundredth, so that the others must
be clearly better. Knows texts and company, not modalities.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isqrt

import numpy as np
from scipy.sparse import csr_matrix

from segue.tokens.clustering import cluster
from segue.tokens.codebook import Clusters
from segue.tokens.coherence import coherence
from segue.tokens.text import Floats, Integers, JoinedEncoder, PooledEncoder, TextEncoder
from segue.tokens.text_fitting import fit_lexical, fit_projection

# A costlier encoder must say so much more, relative and in nats a pair: splits differ by less (docs/lab-log.md).
_CLEARLY = 1.05
_AT_LEAST = 0.003


@dataclass(frozen=True, slots=True)
class TextRules:
    """How large a text modality's codebook may get. A code stands for `tracks_per_code` distinct texts or more.

    `dimensions` bounds a vector, of each of two encoders where they are joined, as does the root of their number;
    `feature_buckets` bounds the hashed features. Where there are more than `most_encoded` distinct texts, and distinct
    lines of them, the pretrained encoder is not asked.
    """

    most_codes: int = 1_024
    tracks_per_code: int = 8
    dimensions: int = 128
    feature_buckets: int = 65_536
    most_encoded: int = 200_000
    seed: int = 1


@dataclass(frozen=True, slots=True)
class TextChoice:
    """An encoder with the texts' vectors, [texts, dimensions], their clusters and codes, [texts], and coherence.

    The number after the last code stands for a text that says nothing.
    """

    encoder: TextEncoder
    vectors: Floats
    clusters: Clusters
    codes: Integers
    coherence: float


def choose_encoder(
    texts: Sequence[str], company: csr_matrix, rules: TextRules, pretrained: TextEncoder | None = None
) -> TextChoice:
    """Return the best choice for two texts or more; `company` are the co-occurrence counts, [texts, texts]."""
    choices = [
        _choice(encoder, vectors, company, rules) for encoder, vectors in _candidates(texts, company, rules, pretrained)
    ]
    lexical, others = choices[0], choices[1:]
    best = max(others, key=lambda choice: choice.coherence, default=lexical)
    return best if best.coherence > max(_CLEARLY * lexical.coherence, lexical.coherence + _AT_LEAST) else lexical


def _candidates(
    texts: Sequence[str], company: csr_matrix, rules: TextRules, pretrained: TextEncoder | None
) -> Iterator[tuple[TextEncoder, Floats]]:
    dimensions = max(1, min(rules.dimensions, isqrt(len(set(texts)))))
    lexical = fit_lexical(texts, rules.feature_buckets, dimensions, rules.seed)
    said = lexical.encode(texts)
    yield lexical, said
    if not company.nnz:
        return  # nothing tells which is better
    rare = fit_lexical(texts, rules.feature_buckets, dimensions, rules.seed, rare=True)
    yield rare, rare.encode(texts)
    if pretrained is not None and (base := _affordable(texts, pretrained, rules.most_encoded)) is not None:
        meant = base.encode(texts)
        projected = fit_projection(base, meant, dimensions, rules.seed)
        turned = projected.turned(meant)
        yield projected, turned
        joined = JoinedEncoder(lexical, projected)
        yield joined, joined.side_by_side(said, turned)


def _affordable(texts: Sequence[str], pretrained: TextEncoder, most: int) -> TextEncoder | None:
    """Return the encoder of whole texts, of lines where those alone are few enough to be encoded, or none."""
    if len(set(texts)) <= most:
        return pretrained
    lines = {line for text in texts for line in text.splitlines()}
    return PooledEncoder(pretrained) if len(lines) <= most else None


def _choice(encoder: TextEncoder, vectors: Floats, company: csr_matrix, rules: TextRules) -> TextChoice:
    said = np.any(vectors, axis=1)
    clusters = cluster(vectors[said] if said.any() else vectors, rules.most_codes, rules.tracks_per_code, rules.seed)
    codes = np.where(said, clusters.nearest(vectors), len(clusters.centroids))
    return TextChoice(encoder, vectors, clusters, codes, coherence(codes, company))
