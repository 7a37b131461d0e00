"""A decoder that hears: the vector of what was said enters at the end of the prompt, and reaches the codes directly.

A code's logit is the decoder's own plus how close what was said lies to the code's anchor, the mean text vector of
the tracks that have the code. So a code that training never predicted is still found by what its tracks are about,
and what training adds are corrections. Knows vectors and codes, neither texts nor tracks.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from segue.model.decoder import Batch, Decoder
from segue.model.decoder_config import DecoderConfig

# As sharp as the teacher (`segue/training/spoken.py`), so that only corrections are left to learn; they begin small.
_SHARPNESS = 20.0
_GAIN = 0.02


class SpokenDecoder(nn.Module):
    """A decoder and the anchors of its codes, [code rows, width of text vectors]; absent codes have zeros."""

    def __init__(self, config: DecoderConfig, anchors: Tensor) -> None:
        super().__init__()
        self.decoder = Decoder(config)
        self.anchors: Tensor
        self.register_buffer("anchors", anchors)
        self.hear = nn.Linear(anchors.shape[1], config.width, bias=False)
        self.sharpness = nn.Parameter(torch.tensor(_SHARPNESS))
        self.gain = nn.Parameter(torch.tensor(_GAIN))
        self._place_codes()

    def forward(self, batch: Batch, said: Tensor) -> Tensor:
        """Return the logits of all codes at the end of each prompt, [batch, code rows]; `said` is [batch, width]."""
        places = torch.arange(len(said))
        heard = torch.zeros(*batch.plain.shape, self.decoder.config.width)
        heard[places, batch.lengths - 1] = self.hear(said)
        vectors = self.decoder.embedded(batch) + heard
        hidden = self.decoder.read(vectors, lengths=batch.lengths).squeeze(1)
        return self.sharpness * (said @ self.anchors.T) + self.gain * self.decoder.code_logits(hidden)

    def _place_codes(self) -> None:
        """Let the codes' embeddings begin as their anchors, turned onto the axes in which those differ most."""
        width = self.decoder.config.width
        _, _, axes = torch.linalg.svd(self.anchors, full_matrices=False)
        placed = self.anchors @ axes[:width].T
        with torch.no_grad():
            self.decoder.codes.weight[:, : placed.shape[1]] = placed / placed.norm(dim=1).clamp(min=1e-6).mean()
