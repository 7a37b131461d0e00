"""How parameters move: AdamW (Loshchilov and Hutter, 2019), a cosine schedule, and a running mean of the parameters.

Knows parameters and steps, nothing about what is learned.
"""

from __future__ import annotations

from math import cos, pi

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

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


def running_mean(model: nn.Module, decay: float) -> AveragedModel:
    """Return the exponential moving average of a model's parameters; `update_parameters` after each step.

    A new mean follows closely at first, then at `decay`: a mean of random beginnings helps nobody.
    """
    follow = get_ema_multi_avg_fn(decay)

    def update(means: list[torch.Tensor], values: list[torch.Tensor], steps: torch.Tensor | int) -> None:
        warm = min(decay, (1.0 + float(steps)) / (10.0 + float(steps)))
        (follow if warm == decay else get_ema_multi_avg_fn(warm))(means, values, steps)

    return AveragedModel(model, multi_avg_fn=update)
