"""What a ranker shows at all, right or wrong: coverage, novelty, inequality. Knows counts of what was listed."""

from __future__ import annotations

import numpy as np

from segue.tokens.codebook import Integers


def coverage(shown: Integers) -> float:
    """Return the share of tracks that were listed at least once; `shown` counts listings, [tracks]."""
    return float(np.mean(shown > 0))


def gini(shown: Integers) -> float:
    """Return the Gini coefficient of listings over tracks: 0 when all are listed alike, towards 1 when one alone is.

    From the ordered counts x_1 <= ... <= x_n: sum over i of (2 i - n - 1) x_i, divided by n times the sum of x.
    """
    ordered = np.sort(shown).astype(np.float64)
    count, total = len(ordered), ordered.sum()
    if not total:
        return 0.0
    return float((2.0 * np.arange(1, count + 1) - count - 1.0) @ ordered / (count * total))


def novelty(shown: Integers, counts: Integers) -> float:
    """Return the mean self-information of what was listed, in bits: -log2 of a track's share of the training counts.

    Each track counts once more than it occurred, so that what never occurred is finitely new (Zhou et al. 2010).
    """
    share = (counts + 1.0) / (counts.sum() + len(counts))
    return float(-(np.log2(share) @ shown) / max(1, shown.sum()))
