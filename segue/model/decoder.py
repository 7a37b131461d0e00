"""The decoder: positions in, hidden states out; causal, plain torch.

RMSNorm before each part (Zhang and Sennrich, 2019), rotary positions, SwiGLU (Shazeer, 2020), grouped queries (Ainslie
et al., 2023), as in Llama. A track's position is embedded as the sum of its codes' embeddings, and the same table
reads the prediction out. What was read before can be kept (`Past`), so that one more position costs one position.
Knows nothing about tracks that exist: `scorer.py` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from segue.model.attention import Past, Reading, only
from segue.model.decoder_config import DecoderConfig
from segue.model.rotary import rotary_table
from segue.tokens.codebook import Integers


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded sequences: plain tokens [batch, positions], code rows [batch, positions, modalities], lengths."""

    plain: Tensor
    codes: Tensor
    is_track: Tensor
    lengths: Tensor

    @classmethod
    def of(
        cls,
        sequences: Sequence[Sequence[int]],
        code_rows: Integers,
        device: torch.device | str = "cpu",
        offsets: Integers | int = 0,
        at_least: int = 0,
    ) -> Batch:
        """Pad sequences at their end; `code_rows` [tracks, modalities] are the tracks' rows in the table of codes.

        With `offsets` [modalities] they are the tracks' codes, and the offsets say where each modality's rows begin.
        The batch has room for `at_least` so many positions.
        """
        lengths = [len(sequence) for sequence in sequences]
        padded = np.full((len(sequences), max(at_least, *lengths)), -1, np.int64)
        for place, sequence in enumerate(sequences):
            padded[place, : lengths[place]] = sequence
        is_track = padded >= 0
        codes = code_rows[np.where(is_track, padded, 0)] + offsets
        return cls(
            torch.from_numpy(np.where(is_track, 0, -padded - 1)).to(device),
            torch.from_numpy(codes).to(device),
            torch.from_numpy(is_track).to(device),
            torch.tensor(lengths, device=device),
        )


class Decoder(nn.Module):
    """Token sequences to hidden states, [batch, positions, width]."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.plain = nn.Embedding(config.plain_tokens, config.width)
        self.codes = nn.Embedding(config.code_rows, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.RMSNorm(config.width, config.norm_epsilon)
        self.head = None if config.tied_head else nn.Linear(config.width, config.plain_tokens, bias=False)
        cosine, sine = rotary_table(config.width_of_head, config.positions, config.rotary_base, config.rotary_scaling)
        self.cosine: Tensor
        self.sine: Tensor
        self.register_buffer("cosine", cosine, persistent=False)
        self.register_buffer("sine", sine, persistent=False)
        for embedding in (self.plain, self.codes):
            nn.init.normal_(embedding.weight, std=0.02)

    def forward(self, batch: Batch) -> Tensor:
        """Return the hidden state at every position, [batch, positions, width]."""
        return self.read(self.embedded(batch))

    def last(self, batch: Batch, past: Past | None = None) -> Tensor:
        """Return the hidden state at the end of each sequence, [batch, width].

        With a `past` the batch holds what comes after it, and `past` then holds both.
        """
        return self.read(self.embedded(batch), past, batch.lengths).squeeze(1)

    def embedded(self, batch: Batch) -> Tensor:
        """Return what the first block reads, [batch, positions, width]."""
        composed = self.track_vectors(batch.codes)
        vectors: Tensor = self.dropout(torch.where(batch.is_track[..., None], composed, self.plain(batch.plain)))
        return vectors

    def read(self, vectors: Tensor, past: Past | None = None, lengths: Tensor | None = None) -> Tensor:
        """Return the hidden state at every position of `vectors`, [batch, positions, width].

        With `lengths` [batch] only at the last of so many positions, [batch, 1, width]. Keys and values are added to
        `past`.
        """
        reading = self._reading(vectors, past)
        hidden = vectors
        for place, block in enumerate(self.blocks):
            is_last = place == len(self.blocks) - 1
            hidden = block(hidden, reading, place, lengths - 1 if lengths is not None and is_last else None)
        if past is not None:
            past.grow(lengths if lengths is not None else vectors.shape[1])
        normed: Tensor = self.norm(hidden)
        return normed

    def code_logits(self, hidden: Tensor) -> Tensor:
        """Return the closeness of hidden states to every code, in float32: [..., width] to [..., code rows]."""
        return hidden.float() @ self.codes.weight.float().T

    def plain_logits(self, hidden: Tensor) -> Tensor:
        """Return the logits of the plain tokens, in float32: [..., width] to [..., plain tokens]."""
        table = self.plain.weight if self.head is None else self.head.weight
        return hidden.float() @ table.float().T

    def track_vectors(self, code_rows: Tensor) -> Tensor:
        """Return tracks as the sums of their codes' embeddings: [..., modalities] to [..., width]."""
        vectors: Tensor = self.codes(code_rows).sum(dim=-2)
        return vectors

    def past(self, batch: int, positions: int) -> Past:
        """Return room for the keys and values of so many positions."""
        weight = self.plain.weight
        shape = (self.config.key_value_heads, positions, self.config.width_of_head)
        return Past.empty((self.config.layers, 2, batch, *shape), weight.dtype, weight.device)

    def _reading(self, vectors: Tensor, past: Past | None) -> Reading:
        places = torch.arange(vectors.shape[1], device=vectors.device)[None]
        if past is None:
            return Reading(self.cosine[places][:, None], self.sine[places][:, None], places)
        places = past.lengths[:, None] + places
        # What pads a shorter sequence of the batch may lie beyond the table, and is never seen.
        angles = places.clamp(max=self.config.positions - 1)
        return Reading(self.cosine[angles][:, None], self.sine[angles][:, None], places, past, past.is_even)


class Block(nn.Module):
    """Attention, then a gated feed-forward, each added to its input."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        head = config.width_of_head
        self.heads, self.key_value_heads = config.heads, config.key_value_heads
        self.attention_norm = nn.RMSNorm(config.width, config.norm_epsilon)
        self.query = nn.Linear(config.width, config.heads * head, bias=False)
        self.key_value = nn.Linear(config.width, 2 * config.key_value_heads * head, bias=False)
        self.attended = nn.Linear(config.heads * head, config.width, bias=False)
        self.feed_norm = nn.RMSNorm(config.width, config.norm_epsilon)
        self.gate_up = nn.Linear(config.width, 2 * config.feed_forward, bias=False)
        self.down = nn.Linear(config.feed_forward, config.width, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, hidden: Tensor, reading: Reading, layer: int, at: Tensor | None) -> Tensor:
        """Return [batch, positions, width]; with `at` [batch], only those positions: [batch, 1, width]."""
        hidden = only(hidden, at) + self.dropout(self._attend(self.attention_norm(hidden), reading, layer, at))
        gate, up = self.gate_up(self.feed_norm(hidden)).chunk(2, dim=-1)
        fed: Tensor = hidden + self.dropout(self.down(functional.silu(gate) * up))
        return fed

    def _attend(self, normed: Tensor, reading: Reading, layer: int, at: Tensor | None) -> Tensor:
        keys, values = _split(self.key_value(normed), 2 * self.key_value_heads).chunk(2, dim=1)
        queries = _split(self.query(only(normed, at)), self.heads)
        mixed = reading.attend(queries, keys, values, layer, at)
        projected: Tensor = self.attended(mixed.transpose(1, 2).flatten(2))
        return projected


def _split(projected: Tensor, heads: int) -> Tensor:
    """[batch, positions, heads * width] to [batch, heads, positions, width]."""
    return projected.view(*projected.shape[:-1], heads, -1).transpose(1, 2)
