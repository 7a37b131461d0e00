"""Playlist company as vectors: positive PMI of weighted counts, then a truncated SVD.

Counts come with their weights, the decay of old evidence included (`segue/training/cooccurrence.py`). Knows matrices,
not tracks. Sources: Levy, Goldberg and Dagan, 2015 (factorised positive PMI, context smoothing); Pantel and Lin, 2002
(shrinkage of rare pairs); Halko, Martinsson and Tropp, 2011 (randomised SVD).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.utils.extmath import randomized_svd

from segue.tokens.text import Floats, unit

# Measured on real playlists (docs/lab-log.md): smoothing helps a little, shrinkage does not.
SMOOTHING = 0.75
SHRINKAGE = 0.0
_ITERATIONS = 4


def positive_pmi(counts: csr_matrix, smoothing: float = SMOOTHING, shrinkage: float = SHRINKAGE) -> csr_matrix:
    """Return the positive PMI of a symmetric [tracks, tracks] matrix of weighted counts, float32.

    max(0, log(p(a, b) / (p(a) p_s(b)))), where p_s is the contexts' share with its weight raised to `smoothing`, times
    n / (n + shrinkage) for the pair's weight n and the same for the rarer track's: what is rare is believed less.
    """
    marginal = np.asarray(counts.sum(1), np.float64).ravel()
    lengths = np.diff(counts.indptr)
    rows = np.repeat(np.arange(counts.shape[0]), lengths)
    values = pair_information(counts.data, marginal[rows], marginal[counts.indices], marginal, smoothing, shrinkage)
    information = csr_matrix((values, counts.indices, counts.indptr), counts.shape)
    information.eliminate_zeros()
    return information


def pair_information(
    weights: npt.NDArray[np.float32],
    own: npt.NDArray[np.float64],
    other: npt.NDArray[np.float64],
    marginal: npt.NDArray[np.float64],
    smoothing: float = SMOOTHING,
    shrinkage: float = SHRINKAGE,
) -> Floats:
    """Return the positive PMI of pairs: their weights, both tracks' marginals, [pairs], and all marginals, [tracks]."""
    contexts = float(np.power(marginal, smoothing).sum())
    expected = own * np.power(other, smoothing) / contexts
    rarer = np.minimum(own, other)
    belief = weights / (weights + shrinkage) * rarer / (rarer + shrinkage)
    return np.asarray(belief * np.maximum(np.log(weights / expected), 0.0), np.float32)


def factorised(information: csr_matrix, dimensions: int, seed: int) -> Floats:
    """Return a unit vector for each row, [tracks, dimensions]: left singular vectors times root singular values."""
    kept = max(1, min(dimensions, min(information.shape) - 1))
    left, strengths, _ = randomized_svd(information, kept, n_iter=_ITERATIONS, random_state=seed)
    return unit(np.asarray(left * np.sqrt(strengths), np.float32))
