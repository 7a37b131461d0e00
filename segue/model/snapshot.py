"""One index and what is derived from it: read together, swapped together. Knows nothing about queries."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

from segue.model.conversing import Conversing
from segue.model.index import Index
from segue.model.scorer import Scorer
from segue.model.scoring import BlendWeights
from segue.model.selection import Selector
from segue.model.turns import Turn


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a batch sees."""

    index: Index
    scorer: Scorer
    selector: Selector
    conversing: Conversing

    @classmethod
    def of(
        cls, index: Index, weights: BlendWeights, turn: Turn = nullcontext, before: Conversing | None = None
    ) -> Snapshot:
        """Derive everything from an index; what conversations need is taken on from `before`."""
        return cls(index, Scorer(index, weights, turn), Selector(index), Conversing(index, before))
