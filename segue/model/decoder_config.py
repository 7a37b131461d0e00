"""The decoder's shape, without torch, so that a checkpoint can be read and checked by whatever needs no decoder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """The decoder's shape. `code_sizes` counts the codes of each modality, the absent one not included."""

    plain_tokens: int
    code_sizes: tuple[int, ...]
    width: int = 256
    layers: int = 4
    heads: int = 4
    key_value_heads: int = 2
    feed_forward: int = 704
    dropout: float = 0.2

    @property
    def code_offsets(self) -> tuple[int, ...]:
        """Where each modality's codes begin in the one table; every modality has one more row, for absent."""
        return tuple(int(total) for total in np.cumsum([0, *(size + 1 for size in self.code_sizes)])[:-1])

    @property
    def code_rows(self) -> int:
        """The rows of the table of code embeddings."""
        return sum(self.code_sizes) + len(self.code_sizes)
