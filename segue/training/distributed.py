"""The other processes of one training run, as torchrun starts them: each takes its share of the batches.

Knows torch.distributed, nothing about what is trained. Without torchrun there is one process, and nothing to agree on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import distributed
from torch.nn import Parameter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Peers:
    """The number of one process among those that train together, and how many they are."""

    rank: int = 0
    count: int = 1

    @classmethod
    @contextmanager
    def joined(cls) -> Iterator[Peers]:
        """Be one of the processes that torchrun started, if it did: over NCCL with GPUs, over Gloo without."""
        if not distributed.is_available() or not distributed.is_torchelastic_launched():
            yield cls()
            return
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        try:
            yield cls(distributed.get_rank(), distributed.get_world_size())
        finally:
            distributed.destroy_process_group()

    @property
    def leads(self) -> bool:
        """Whether this process measures, decides and writes."""
        return self.rank == 0

    def share(self, items: Sequence[T]) -> Sequence[T]:
        """Return this process's part of the items, as many as each other one gets; a remainder is left out."""
        return items[self.rank : len(items) - len(items) % self.count : self.count]

    def average_gradients(self, parameters: Sequence[Parameter]) -> None:
        """Replace every gradient by its mean over the processes."""
        if self.count == 1:
            return
        gradients = [each.grad if each.grad is not None else torch.zeros_like(each) for each in parameters]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        flat /= self.count
        sizes = [gradient.numel() for gradient in gradients]
        for parameter, mean in zip(parameters, torch.split(flat, sizes), strict=True):
            parameter.grad = mean.view_as(parameter)

    def told(self, value: T | None) -> T:
        """Return what the leading process says; the others' own value does not matter."""
        box = [value]
        if self.count > 1:
            distributed.broadcast_object_list(box)
        assert box[0] is not None, "the leading process says something"
        return box[0]
