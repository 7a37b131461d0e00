"""How parameters move: AdamW (Loshchilov and Hutter, 2019), a cosine schedule, and a running mean of the parameters.

Knows parameters and steps, nothing about what is learned.
"""

from __future__ import annotations

import copy
from math import cos, pi

import torch
from torch import nn

from segue.model.decoder import Decoder

WARM_UP_STEPS = 50
_LAST = 0.05


def adamw(model: nn.Module, learning_rate: float, weight_decay: float) -> torch.optim.AdamW:
    """Return an optimiser that lets matrices decay and leaves the norms' scales alone."""
    matrices = [each for each in model.parameters() if each.ndim > 1]
    scales = [each for each in model.parameters() if each.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": scales, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, learning_rate, betas=(0.9, 0.98))


def schedule(done: int, steps: int) -> float:
    """Return the learning rate's factor: a short linear rise, then half a cosine down to a twentieth."""
    if done < WARM_UP_STEPS:
        return (done + 1) / WARM_UP_STEPS
    return _LAST + (1.0 - _LAST) * 0.5 * (1.0 + cos(pi * min(1.0, done / max(1, steps))))


class RunningMean:
    """The exponential moving average of a model's parameters: smoother than the newest, and usually better.

    It follows closely at first and then at `decay`, so that the random beginning is soon forgotten.
    """

    def __init__(self, model: Decoder, decay: float) -> None:
        self.model = copy.deepcopy(model).requires_grad_(False).eval()
        self.steps = 0
        self._decay = decay

    @torch.no_grad()
    def follow(self, model: Decoder) -> None:
        """Move a little towards the model's parameters, after each of its steps."""
        decay = min(self._decay, (1.0 + self.steps) / (10.0 + self.steps))
        for mean, value in zip(self.model.parameters(), model.parameters(), strict=True):
            mean.lerp_(value, 1.0 - decay)
        self.steps += 1
