"""The highest of many values, in order, without sorting the rest. Knows numbers, not what they mean."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from segue.tokens.codebook import Integers

# Values whose maximum is taken together; a block without a high value is never looked into.
BLOCK = 256


def highest(values: Tensor, count: int) -> Integers:
    """Return the places of the `count` highest values, falling, equal ones by place; those of minus infinity never.

    `values` has shape [places]. The count-th highest of the blocks' maxima bounds the count-th highest value from
    below, so only blocks that reach it are looked into.
    """
    rows = _candidates(values, count)
    found = values.numpy()[rows]
    rows, found = rows[found > -np.inf], found[found > -np.inf]
    if len(rows) > count:
        edge = np.partition(found, len(found) - count)[len(found) - count]
        above = np.flatnonzero(found > edge)
        at_edge = np.flatnonzero(found == edge)[: count - len(above)]
        chosen = np.sort(np.concatenate([above, at_edge]))
        rows, found = rows[chosen], found[chosen]
    ordered: Integers = rows[np.argsort(-found, kind="stable")]
    return ordered


def _candidates(values: Tensor, count: int) -> Integers:
    """Return places among which the highest are, ascending."""
    blocks = len(values) // BLOCK
    if count >= blocks:
        return np.arange(len(values))
    blocked = values[: blocks * BLOCK].view(blocks, BLOCK)
    maxima = blocked.amax(dim=1)
    bound = torch.topk(maxima, count).values[-1]
    within = torch.nonzero(maxima >= bound)[:, 0]
    inside = torch.nonzero(blocked[within] >= bound)
    rest = blocks * BLOCK + torch.nonzero(values[blocks * BLOCK :] >= bound)[:, 0]
    return torch.cat([within[inside[:, 0]] * BLOCK + inside[:, 1], rest]).numpy()
