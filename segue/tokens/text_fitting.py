"""How the linear maps of `text.py` are fitted to a catalogue's texts. Needs scikit-learn; what comes out does not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.decomposition import PCA, TruncatedSVD

from segue.tokens.text import (
    Floats,
    LexicalEncoder,
    ProjectedEncoder,
    TextEncoder,
    lexical_counts,
    lexical_features,
    weighted,
)

_SVD_ITERATIONS = 4


def fit_lexical(
    texts: Sequence[str], most_buckets: int, dimensions: int, seed: int, *, rare: bool = False
) -> LexicalEncoder:
    """Fit hashed TF-IDF to two texts or more, with a bucket for each feature if there is room, and a linear map of it.

    The map is a truncated SVD: what many texts share. With `rare`, half of the dimensions are a random projection of
    what that leaves (Johnson and Lindenstrauss, 1984): a feature of few texts, such as an artist, has one of its own.
    """
    distinct = len({feature for text in texts for feature in lexical_features(text)})
    buckets = min(most_buckets, 1 << distinct.bit_length())
    counts = lexical_counts(texts, buckets)
    occurrences = np.bincount(counts.indices, minlength=buckets)
    idf = _half(np.log((1.0 + len(texts)) / (1.0 + occurrences)) + 1.0)
    matrix = weighted(counts, idf)
    kept = max(1, min((dimensions + 1) // 2 if rare else dimensions, min(matrix.shape) - 1))
    svd = TruncatedSVD(kept, random_state=seed, n_iter=_SVD_ITERATIONS).fit(matrix)
    axes = np.asarray(svd.components_.T, np.float32)
    if not rare:
        return LexicalEncoder(idf, _half(axes))
    left = max(1, dimensions - kept)
    directions = np.random.default_rng(seed).normal(size=(buckets, left)).astype(np.float32) / np.sqrt(left)
    directions -= axes @ (axes.T @ directions)
    return LexicalEncoder(idf, _half(np.concatenate([axes, directions], axis=1)))


def fit_projection(base: TextEncoder, vectors: Floats, dimensions: int, seed: int) -> ProjectedEncoder:
    """Fit the centre and the main axes of an encoder's vectors, [texts, base.dimensions], none of them zero."""
    kept = max(1, min(dimensions, *vectors.shape))
    pca = PCA(kept, svd_solver="randomized", random_state=seed).fit(vectors)
    return ProjectedEncoder(base, _half(pca.mean_), _half(pca.components_.T))


def _half(values: Floats) -> Floats:
    """Return what half precision keeps: a checkpoint is half as large, and codes are the same after it was loaded."""
    return np.asarray(values, np.float16).astype(np.float32)
