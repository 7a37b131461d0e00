"""The decoder: positions in, hidden states out; causal, plain torch.

RMSNorm before each part (Zhang and Sennrich, 2019), rotary positions (Su et al., 2021), SwiGLU (Shazeer, 2020),
grouped queries (Ainslie et al., 2023), as in Llama. A track's position is embedded as the sum of its codes'
embeddings, and the same table reads the prediction out. Knows nothing about tracks that exist: `scoring.py` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from segue.model.decoder_config import DecoderConfig
from segue.tokens.codebook import Integers
from segue.tokens.prompt import MAX_POSITIONS


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded sequences: plain tokens [batch, positions], code rows [batch, positions, modalities], lengths."""

    plain: Tensor
    codes: Tensor
    is_track: Tensor
    lengths: Tensor

    @classmethod
    def of(cls, sequences: Sequence[Sequence[int]], code_rows: Integers, device: torch.device | str = "cpu") -> Batch:
        """Pad sequences at their end; `code_rows` [tracks, modalities] are the tracks' rows in the table of codes."""
        lengths = [len(sequence) for sequence in sequences]
        padded = np.full((len(sequences), max(lengths)), -1, np.int64)
        for place, sequence in enumerate(sequences):
            padded[place, : lengths[place]] = sequence
        is_track = padded >= 0
        codes = code_rows[np.where(is_track, padded, 0)]
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
        self.norm = nn.RMSNorm(config.width)
        cosine, sine = rotary_table(config.width // config.heads, MAX_POSITIONS)
        self.cosine: Tensor
        self.sine: Tensor
        self.register_buffer("cosine", cosine, persistent=False)
        self.register_buffer("sine", sine, persistent=False)
        for embedding in (self.plain, self.codes):
            nn.init.normal_(embedding.weight, std=0.02)

    def forward(self, batch: Batch) -> Tensor:
        """Return the hidden state at every position, [batch, positions, width]."""
        return self._run(batch, last_only=False)

    def last(self, batch: Batch) -> Tensor:
        """Return the hidden state at the end of each sequence, [batch, width]."""
        return self._run(batch, last_only=True).squeeze(1)

    def code_logits(self, hidden: Tensor) -> Tensor:
        """Return the closeness of hidden states to every code, in float32: [..., width] to [..., code rows]."""
        return hidden.float() @ self.codes.weight.float().T

    def track_vectors(self, code_rows: Tensor) -> Tensor:
        """Return tracks as the sums of their codes' embeddings: [..., modalities] to [..., width]."""
        vectors: Tensor = self.codes(code_rows).sum(dim=-2)
        return vectors

    def _run(self, batch: Batch, *, last_only: bool) -> Tensor:
        composed = self.track_vectors(batch.codes)
        hidden = self.dropout(torch.where(batch.is_track[..., None], composed, self.plain(batch.plain)))
        length = hidden.shape[1]
        rotation = self.cosine[:length], self.sine[:length]
        for place, block in enumerate(self.blocks):
            at = batch.lengths - 1 if last_only and place == len(self.blocks) - 1 else None
            hidden = block(hidden, rotation, at)
        normed: Tensor = self.norm(hidden)
        return normed


class Block(nn.Module):
    """Attention, then a gated feed-forward, each added to its input."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        head = config.width // config.heads
        self.heads, self.key_value_heads = config.heads, config.key_value_heads
        self.attention_norm = nn.RMSNorm(config.width)
        self.query = nn.Linear(config.width, config.heads * head, bias=False)
        self.key_value = nn.Linear(config.width, 2 * config.key_value_heads * head, bias=False)
        self.attended = nn.Linear(config.heads * head, config.width, bias=False)
        self.feed_norm = nn.RMSNorm(config.width)
        self.gate_up = nn.Linear(config.width, 2 * config.feed_forward, bias=False)
        self.down = nn.Linear(config.feed_forward, config.width, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, hidden: Tensor, rotation: tuple[Tensor, Tensor], at: Tensor | None) -> Tensor:
        """Return [batch, positions, width]; with `at` [batch], only those positions: [batch, 1, width]."""
        hidden = self._residual(hidden, at) + self.dropout(self._attend(self.attention_norm(hidden), rotation, at))
        gate, up = self.gate_up(self.feed_norm(hidden)).chunk(2, dim=-1)
        fed: Tensor = hidden + self.dropout(self.down(functional.silu(gate) * up))
        return fed

    @staticmethod
    def _residual(hidden: Tensor, at: Tensor | None) -> Tensor:
        return hidden if at is None else hidden[torch.arange(len(at), device=at.device), at][:, None]

    def _attend(self, normed: Tensor, rotation: tuple[Tensor, Tensor], at: Tensor | None) -> Tensor:
        cosine, sine = rotation
        keys, values = self._split(self.key_value(normed), 2 * self.key_value_heads).chunk(2, dim=1)
        keys = rotated(keys, cosine, sine)
        queries = self._split(self.query(self._residual(normed, at)), self.heads)
        if at is None:
            mixed = functional.scaled_dot_product_attention(
                rotated(queries, cosine, sine),
                keys,
                values,
                is_causal=True,
                enable_gqa=True,
            )
        else:
            queries = rotated(queries, cosine[at][:, None, None], sine[at][:, None, None])
            seen = torch.arange(normed.shape[1], device=at.device)[None] <= at[:, None]
            mixed = functional.scaled_dot_product_attention(
                queries, keys, values, attn_mask=seen[:, None, None], enable_gqa=True
            )
        projected: Tensor = self.attended(mixed.transpose(1, 2).flatten(2))
        return projected

    @staticmethod
    def _split(projected: Tensor, heads: int) -> Tensor:
        """[batch, positions, heads * width] to [batch, heads, positions, width]."""
        return projected.view(*projected.shape[:-1], heads, -1).transpose(1, 2)


def rotary_table(width: int, positions: int, base: float = 10_000.0) -> tuple[Tensor, Tensor]:
    """Return cosines and sines of the rotary angles, each [positions, width / 2]."""
    frequencies = base ** (-torch.arange(0, width, 2) / width)
    angles = torch.arange(positions)[:, None] * frequencies
    return angles.cos(), angles.sin()


def rotated(vectors: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Return vectors [..., positions, width] turned by their positions' angles."""
    first, second = vectors.float().chunk(2, dim=-1)
    turned = torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1)
    return turned.to(vectors.dtype)
