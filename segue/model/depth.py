"""A second opinion on a track's codes taken together: one block that reads them one after another.

The sum of codes scores each code by itself. This scores code after code, each given those before it (Lee et al., 2022,
*Autoregressive Image Generation using Residual Quantization*: the depth transformer), and re-scores the highest tracks
only. Trained on the decoder's states, with the decoder or after it. Knows no catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from segue.model.attention import Reading
from segue.model.decoder import Block
from segue.model.decoder_config import DecoderConfig
from segue.model.rotary import rotary_table
from segue.tokens.codebook import Floats, Integers

# How many of the highest tracks are re-scored, and the share of the depth decoder in the mixture (docs/model.md).
RESCORED = 200
MIXED = 0.25


class DepthDecoder(nn.Module):
    """Gives the probability of each of a track's codes, given the decoder's state and the codes before it."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.state = nn.Linear(config.width, config.width, bias=False)
        self.block = Block(config)
        self.norm = nn.RMSNorm(config.width, config.norm_epsilon)
        self._starts = config.code_offsets
        self._ends = (*config.code_offsets[1:], config.code_rows)
        cosine, sine = rotary_table(config.width_of_head, len(self._starts), config.rotary_base)
        self.cosine: Tensor
        self.sine: Tensor
        self.register_buffer("cosine", cosine, persistent=False)
        self.register_buffer("sine", sine, persistent=False)

    @classmethod
    def of(cls, config: DecoderConfig, parameters: Mapping[str, Floats]) -> DepthDecoder:
        """Return a depth decoder with these parameters, for serving. Raises RuntimeError where their shapes differ."""
        depth = cls(config)
        depth.load_state_dict({name: torch.from_numpy(values) for name, values in parameters.items()})
        return depth.eval()

    def forward(self, states: Tensor, code_rows: Tensor, table: Tensor) -> Tensor:
        """Return the logarithm of each code's probability, [tracks, modalities].

        `states` [tracks, width] are the decoder's, `code_rows` [tracks, modalities] rows of its table of codes,
        `table` [code rows, width].
        """
        before = functional.embedding(code_rows[:, :-1], table)
        read = torch.cat([self.state(states)[:, None], before.to(states.dtype)], dim=1)
        places = torch.arange(read.shape[1], device=read.device)[None]
        hidden = self.norm(self.block(read, Reading(self.cosine[None, None], self.sine[None, None], places), 0, None))
        said = [
            torch.log_softmax((hidden[:, place] @ table[start:end].T.to(hidden.dtype)).float(), dim=-1)
            .gather(1, code_rows[:, place, None] - start)
            .squeeze(1)
            for place, (start, end) in enumerate(zip(self._starts, self._ends, strict=True))
        ]
        return torch.stack(said, dim=1)

    def loss(self, states: Tensor, code_rows: Tensor, table: Tensor) -> Tensor:
        """Return the mean cross-entropy of the codes of the tracks that came; shapes as in `forward`."""
        codes: Tensor = self(states, code_rows, table)
        return -codes.mean()

    @torch.inference_mode()
    def second_opinion(self, state: Tensor, code_rows: Integers, table: Tensor, mixed: float = MIXED) -> Floats:
        """Return what to add to the scores of the highest tracks, [tracks], none of it negative.

        `state` is [width], `code_rows` [tracks, modalities]. The sum orders the tracks as a mixture of score and depth
        with weights 1 - `mixed` and `mixed` would; counted from the least likely, so that they stay the highest.
        """
        if not len(code_rows):
            return np.zeros(0, np.float32)
        rows = torch.from_numpy(code_rows).to(state.device)
        likely = self(state[None].expand(len(rows), -1), rows, table).sum(dim=1)
        added: Floats = (mixed / (1.0 - mixed) * (likely - likely.min())).cpu().numpy().astype(np.float32)
        return added
