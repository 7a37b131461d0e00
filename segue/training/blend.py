"""What each term of a score should weigh: those under which what people took surprises least.

A softmax over the terms' weighted sum, fitted on validation positions (maximum likelihood: McFadden's conditional
logit, 1974), then moved a little where that puts more of them on top. Knows the terms as a matrix, not how they are
made.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from segue.model.scoring import BlendWeights
from segue.tokens.codebook import Floats, Integers
from segue.training.terms import TERMS, Terms

_START: Mapping[str, float] = {"decoder": 1.0, "words": 4.0, "neighbours": 1.0}
# What speaks for a track may count for nothing, never against it; being there again, popular or new may.
_FLOORS = {"again": -np.inf, "popularity": -np.inf, "new": -np.inf}
_STEPS = 200
_BATCH = 64
_RATE = 0.1
# A little of the start is kept, so that a term that validation says nothing about keeps its weight.
_PULL = 1e-4
# Steps of the refinement: small and few, because hits among some hundred positions are noisy. What being new is worth,
# and words and closeness, of which few positions speak, stay as likely as they were found to be.
_FACTORS = (0.67, 1.5)
_SWEEPS = 2
_SETTLED = ("new", "words", "closeness")
# Positions of this kind want a track that was known, for which neighbours alone are a rival that the blend should not
# lose to for the sake of new tracks: their weight is raised so often at most.
_KNOWN = 0
_MOST_RAISES = 4


def choose(terms: Terms, place_power: float, seed: int, without: str = "", *, live: bool = False) -> BlendWeights:
    """Return the weights for these terms, the start's where there is no position. The same seed gives the same ones.

    The term named `without` weighs nothing. Validation sees neighbours as of its beginning, weeks old; served ones are
    seconds old, so they weigh no less than at the start, unless the terms are `live`, too.
    """
    if not len(terms.wanted):
        return BlendWeights(place_power=place_power)
    floors = _FLOORS if live else {**_FLOORS, "neighbours": _START["neighbours"]}
    least = np.array([floors.get(name, 0.0) for name in TERMS], np.float32)
    weights = _fair(terms, _refined(terms, _fitted(terms, least, seed, without), least))
    by_name = dict(zip(TERMS, weights.tolist(), strict=True))
    return BlendWeights(**by_name, place_power=place_power)


def _fair(terms: Terms, weights: Floats) -> Floats:
    """Raise the neighbours' weight until known tracks are found as well as by neighbours alone, or it is in vain."""
    known = terms.of_kind(_KNOWN)
    if not len(known.wanted):
        return weights
    aim, best = quality(known, alone("neighbours")), weights
    for _ in range(_MOST_RAISES):
        reached = quality(known, best)
        raised = best.copy()
        raised[TERMS.index("neighbours")] *= _FACTORS[1]
        if reached >= aim or quality(known, raised) <= reached:
            break
        best = raised
    return best


def alone(name: str) -> Floats:
    """Return the weights with which one term decides alone."""
    return np.array([float(term == name) for term in TERMS], np.float32)


def quality(terms: Terms, weights: Floats) -> float:
    """Return how good the ranks are with these weights.

    Over kinds of positions it is their weighted geometric mean: a sum would give up one kind for the other.
    """
    good = found_at(terms.ranks(weights))
    kinds = [terms.kinds == kind for kind in np.unique(terms.kinds)]
    shares = [float(terms.weights[kind].sum() / terms.weights.sum()) for kind in kinds]
    return float(np.prod([good[kind].mean() ** share for kind, share in zip(kinds, shares, strict=True)]))


def found_at(ranks: Integers) -> Floats:
    """Return how good these ranks are, from 0 to 1: the mean of hit@10 and reciprocal rank."""
    return np.asarray(((ranks <= 10) + 1.0 / ranks) / 2.0, np.float32)


def _fitted(terms: Terms, least: Floats, seed: int, without: str) -> Floats:
    most = torch.tensor([0.0 if name == without else np.inf for name in TERMS])
    random = np.random.default_rng(seed)
    start = torch.tensor([_START.get(name, 0.0) for name in TERMS])
    weights = start.clone().requires_grad_(True)
    optimiser = torch.optim.Adam([weights], _RATE)
    pace = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _STEPS)
    chance = terms.weights / terms.weights.sum()
    for _ in range(_STEPS):
        drawn = random.choice(len(terms.wanted), min(_BATCH, len(terms.wanted)), p=chance)
        totals = torch.einsum("ptn,t->pn", torch.from_numpy(terms.values[drawn]), weights)
        totals = totals.masked_fill(~torch.from_numpy(terms.allowed[drawn]), -torch.inf)
        surprise = torch.nn.functional.cross_entropy(totals, torch.from_numpy(terms.wanted[drawn]))
        loss = surprise + _PULL * (weights - start).square().sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        pace.step()
        with torch.no_grad():
            weights.clamp_(min=torch.from_numpy(least), max=most)
    return weights.detach().numpy()


def _refined(terms: Terms, weights: Floats, least: Floats) -> Floats:
    """Move the weights one after the other where that puts more of what people took on top."""
    best, reached = weights, quality(terms, weights)
    for _ in range(_SWEEPS):
        for place in (place for place, name in enumerate(TERMS) if name not in _SETTLED):
            for factor in _FACTORS:
                moved = best.copy()
                moved[place] = max(moved[place] * factor, least[place])
                if (value := quality(terms, moved)) > reached:
                    best, reached = moved, value
    return best
