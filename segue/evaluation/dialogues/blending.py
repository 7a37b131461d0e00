"""What each term of the evidence weighs: a softmax regression over named terms, on dialogues that nothing else saw.

McFadden's conditional logit (1974) with several right answers: each wanted track competes with the unwanted ones alone.
Convex, so there is one answer. Knows matrices and rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import logsumexp

from segue.tokens.codebook import Floats

Weights = npt.NDArray[np.float64]

# On the squared weights: little beside the surprise of a few hundred questions, it keeps twins from opposing each
# other.
_PULL = 3e-3


@dataclass(frozen=True, slots=True)
class Choice:
    """One question's terms, [terms, tracks], the rows that were wanted, and the rows that do not compete."""

    terms: Floats
    wanted: Sequence[int]
    ruled_out: Sequence[int]


def fit_weights(choices: Sequence[Choice]) -> Weights:
    """Return the weights under which what was wanted surprises least, [terms]."""
    scale = np.maximum(np.std([choice.terms for choice in choices], axis=(0, 2)), 1e-6)

    def surprise(weights: Weights) -> tuple[float, Weights]:
        each = [_surprise(choice, weights / scale) for choice in choices]
        value = float(np.mean([one for one, _ in each])) + _PULL * float(weights @ weights)
        return value, np.mean([slope for _, slope in each], axis=0) / scale + 2 * _PULL * weights

    found = minimize(surprise, np.zeros(len(scale)), jac=True, method="L-BFGS-B", options={"maxiter": 100})
    return np.asarray(found.x / scale, np.float64)


def _surprise(choice: Choice, weights: Weights) -> tuple[float, Weights]:
    totals = (weights.astype(np.float32) @ choice.terms).astype(np.float64)
    wanted = np.array(choice.wanted)
    unwanted = totals.copy()
    unwanted[[*choice.ruled_out, *choice.wanted]] = -np.inf
    others = float(logsumexp(unwanted))
    ahead = 1.0 / (1.0 + np.exp(np.clip(totals[wanted] - others, -50.0, 50.0)))
    value = float(np.mean(np.logaddexp(totals[wanted], others) - totals[wanted]))
    chance = np.exp(unwanted - others)
    slope = (choice.terms @ chance.astype(np.float32)) * ahead.mean() - (choice.terms[:, wanted] * ahead).mean(axis=1)
    return value, np.asarray(slope, np.float64)
