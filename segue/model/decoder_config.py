"""The decoder's shape, without torch, so that a checkpoint can be read and checked by whatever needs no decoder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segue.tokens.prompt import MAX_POSITIONS


@dataclass(frozen=True, slots=True)
class RotaryScaling:
    """How rotary wavelengths longer than the original context are stretched, as in Llama 3.1 (its model card).

    Wavelengths beyond `original_positions / low` grow by `factor`, those below `original_positions / high` stay, and
    between the two the change is gradual.
    """

    factor: float
    low: float
    high: float
    original_positions: int


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """The decoder's shape. `code_sizes` counts the codes of each modality, the absent one not included.

    `positions` is the longest sequence it can read; `head_width` 0 means `width / heads`. With `tied_head` words are
    read out by their own embeddings, else by a table of its own.
    """

    plain_tokens: int
    code_sizes: tuple[int, ...]
    width: int = 256
    layers: int = 4
    heads: int = 4
    key_value_heads: int = 2
    feed_forward: int = 704
    dropout: float = 0.2
    positions: int = MAX_POSITIONS
    head_width: int = 0
    # What torch takes for float32 when nothing is given.
    norm_epsilon: float = 2.0**-23
    rotary_base: float = 10_000.0
    rotary_scaling: RotaryScaling | None = None
    tied_head: bool = True

    @property
    def width_of_head(self) -> int:
        """The width of one attention head."""
        return self.head_width or self.width // self.heads

    @property
    def code_offsets(self) -> tuple[int, ...]:
        """Where each modality's codes begin in the one table; every modality has one more row, for absent."""
        return tuple(int(total) for total in np.cumsum([0, *(size + 1 for size in self.code_sizes)])[:-1])

    @property
    def code_rows(self) -> int:
        """The rows of the table of code embeddings."""
        return sum(self.code_sizes) + len(self.code_sizes)
