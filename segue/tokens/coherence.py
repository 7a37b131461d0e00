"""How much a code says about the company that its tracks keep: the measure by which codebooks are compared.

Half of the tracks show which codes stand beside which; on pairs among the other half, a code is worth the logarithm of
how much likelier it makes its neighbour's code than chance does. No track is in both halves, so nothing is gained by
remembering tracks. Knows codes and co-occurrence counts, not where either come from.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from segue.tokens.text import Integers

Doubles = npt.NDArray[np.float64]

_SPLITS = 4
# Weights of pairs that chance is given, of which the best counts: a code seen seldom says what all codes say.
_SHRINKAGES = (30.0, 100.0, 300.0, 1_000.0, 3_000.0, 10_000.0)


def coherence(codes: Integers, cooccurrence: csr_matrix, seed: int = 1) -> float:
    """Return the mean over splits, in nats a pair; 0 where codes tell nothing, or there are no pairs.

    `codes` has shape [tracks], `cooccurrence` is the symmetric [tracks, tracks] matrix of weighted counts.
    """
    random = np.random.default_rng(seed)
    return float(np.mean([_split(codes, cooccurrence, random.random(len(codes)) < 0.5) for _ in range(_SPLITS)]))


def _split(codes: Integers, cooccurrence: csr_matrix, shown: npt.NDArray[np.bool_]) -> float:
    seen, asked = _between(codes, cooccurrence, shown), _between(codes, cooccurrence, ~shown)
    if not seen.sum() or not asked.sum():
        return 0.0
    chance = (seen.sum(0) + 1.0) / (seen.sum() + len(seen))
    return max(0.0, *(_gain(seen, asked, chance, shrinkage) for shrinkage in _SHRINKAGES))


def _gain(seen: Doubles, asked: Doubles, chance: Doubles, shrinkage: float) -> float:
    expected = (seen + shrinkage * chance) / (seen.sum(1, keepdims=True) + shrinkage)
    return float((asked * np.log(expected / chance)).sum() / asked.sum())


def _between(codes: Integers, cooccurrence: csr_matrix, among: npt.NDArray[np.bool_]) -> Doubles:
    """Return the weight of pairs from code to code, among some of the tracks."""
    rows, size = np.flatnonzero(among), int(codes.max()) + 1
    member = csr_matrix((np.ones(len(rows)), (codes[rows], rows)), (size, len(codes)))
    return np.asarray((member @ cooccurrence @ member.T).todense(), np.float64)
