"""Rotary positions (Su et al., 2021): vectors turned by angles that grow with their position.

Halves of a vector are turned against each other, as Llama's published weights expect. Knows nothing about attention.
"""

from __future__ import annotations

from math import pi

import torch
from torch import Tensor

from segue.model.decoder_config import RotaryScaling


def rotary_table(
    width: int, positions: int, base: float = 10_000.0, scaling: RotaryScaling | None = None
) -> tuple[Tensor, Tensor]:
    """Return cosines and sines of the rotary angles, each [positions, width / 2]."""
    frequencies = 1.0 / base ** (torch.arange(0, width, 2) / width)
    if scaling is not None:
        frequencies = _stretched(frequencies, scaling)
    angles = torch.arange(positions)[:, None] * frequencies
    return angles.cos(), angles.sin()


def rotated(vectors: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Return vectors [..., positions, width] turned by their positions' angles, [..., positions, width / 2]."""
    first, second = vectors.float().chunk(2, dim=-1)
    turned = torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1)
    return turned.to(vectors.dtype)


def _stretched(frequencies: Tensor, scaling: RotaryScaling) -> Tensor:
    wavelengths = 2 * pi / frequencies
    # 0 for what is stretched fully, 1 for what stays.
    kept = (scaling.original_positions / wavelengths - scaling.low) / (scaling.high - scaling.low)
    kept = kept.clamp(0.0, 1.0)
    return (1 - kept) * frequencies / scaling.factor + kept * frequencies
