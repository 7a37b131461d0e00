"""The code sequences of tracks that exist, as a trie in arrays: which code may follow which. Knows no model.

Nodes of a depth are numbered in the order of their codes, so the children of a node are consecutive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segue.tokens.codebook import Integers

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Trie:
    """All distinct rows of codes, [tracks, modalities]; a leaf holds every track that has its codes.

    For each depth d, `first[d]` [nodes of d + 1] is where each node's children begin among those of depth d + 1, and
    `codes[d]` their codes. `order` lists tracks leaf by leaf, `leaf_first` [leaves + 1] where each leaf's begin.
    """

    first: tuple[Integers, ...]
    codes: tuple[Integers, ...]
    order: Integers
    leaf_first: Integers

    @classmethod
    def of(cls, codes: Integers, rows: Integers) -> Trie:
        """Build from the codes of these rows, [rows, modalities]; `rows` are the tracks' numbers, ascending."""
        order = np.lexsort(codes.T[::-1])
        ordered = codes[order]
        begins = np.ones(len(ordered), bool)
        parents = np.zeros(len(ordered), np.int64)
        first, children = [], []
        differs = np.zeros(len(ordered), bool)
        for column in ordered.T:
            differs[1:] |= column[1:] != column[:-1]
            begins = differs.copy()
            begins[:1] = True
            children.append(column[begins])
            first.append(np.searchsorted(parents[begins], np.arange(parents[-1] + 2 if len(parents) else 2)))
            parents = np.cumsum(begins) - 1
        return cls(tuple(first), tuple(children), rows[order], np.append(np.flatnonzero(begins), len(ordered)))

    @property
    def leaves(self) -> int:
        """How many distinct rows of codes there are."""
        return len(self.leaf_first) - 1

    def tracks(self, leaf: int) -> Integers:
        """Return the tracks that have a leaf's codes, ascending."""
        return self.order[self.leaf_first[leaf] : self.leaf_first[leaf + 1]]

    def children(self, depth: int, node: int) -> slice:
        """Return where a node's children stand among the nodes of the next depth."""
        return slice(int(self.first[depth][node]), int(self.first[depth][node + 1]))

    def reaching(self, allowed: Mask) -> tuple[Mask, ...]:
        """Return for each depth from 1 on which nodes lead to an allowed track; `allowed` has shape [all tracks]."""
        leaves = np.logical_or.reduceat(allowed[self.order], self.leaf_first[:-1]) if self.leaves else allowed[:0]
        found = [leaves]
        for first in reversed(self.first[1:]):
            found.append(np.logical_or.reduceat(found[-1], first[:-1]) if len(found[-1]) else found[-1])
        return tuple(reversed(found))
