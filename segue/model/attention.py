"""Attention over what is read now and what was read before: causal, grouped queries, rotary positions.

`Past` holds the keys and values of positions that were read before, for a whole batch. Knows no parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from segue.model.rotary import rotated


@dataclass(slots=True)
class Past:
    """Keys and values that were read before: [layers, 2, batch, key-value heads, room, head width].

    `lengths` [batch] tells how many positions of the room each sequence has used; what lies beyond is never seen.
    """

    tensor: Tensor
    lengths: Tensor
    longest: int = 0

    @classmethod
    def empty(cls, shape: tuple[int, ...], kind: torch.dtype, device: torch.device) -> Past:
        """Return room in which nothing has been read yet; `shape` as the class describes it."""
        # Zeros and not whatever lies in memory: a masked position's weight is 0, and 0 times NaN would be NaN.
        return cls(
            torch.zeros(shape, dtype=kind, device=device), torch.zeros(shape[2], dtype=torch.long, device=device)
        )

    @property
    def is_even(self) -> bool:
        """Whether all sequences have the same length, so that they can be written as one slice."""
        return self.tensor.shape[2] == 1 or bool((self.lengths == self.longest).all())

    def put(self, place: int, prefix: Tensor) -> None:
        """Let sequence `place` begin with what was kept of it, [layers, 2, key-value heads, positions, head width]."""
        length = prefix.shape[3]
        self.tensor[:, :, place, :, :length] = prefix
        self.lengths[place] = length
        self.longest = max(self.longest, length)

    def kept(self, place: int, length: int) -> Tensor:
        """Return a copy of the first `length` positions of a sequence, in the shape that `put` takes."""
        return self.tensor[:, :, place, :, :length].clone(memory_format=torch.contiguous_format)

    def write(self, layer: int, keys: Tensor, values: Tensor, reading: Reading) -> tuple[Tensor, Tensor]:
        """Add a layer's new keys and values, each [batch, heads, new, width], and return all of them so far.

        The room must hold the longest sequence's positions and `new` more.
        """
        until = self.longest + keys.shape[2]
        for kind, new in enumerate((keys, values)):
            if reading.is_even:
                self.tensor[layer, kind, :, :, self.longest : until] = new
            else:
                batch = torch.arange(len(new), device=new.device)[:, None]
                self.tensor[layer, kind][batch, :, reading.places] = new.transpose(1, 2)
        return self.tensor[layer, 0, :, :, :until], self.tensor[layer, 1, :, :, :until]

    def grow(self, by: Tensor | int) -> None:
        """Count the positions that were read now."""
        self.lengths = self.lengths + by
        self.longest = int(self.lengths.max())


@dataclass(frozen=True, slots=True)
class Reading:
    """What attention needs to know of the positions that are read now.

    `cosine` and `sine` are [batch or 1, 1, new, head width / 2]; `places` [batch or 1, new] are the positions'
    numbers; with `is_even` all sequences are equally long before them.
    """

    cosine: Tensor
    sine: Tensor
    places: Tensor
    past: Past | None = None
    is_even: bool = True

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor, layer: int, at: Tensor | None) -> Tensor:
        """Return what each query sees, [batch, heads, queries, head width]; with `at` [batch] the queries' positions.

        Keys and values are those of all positions that are read now, [batch, key-value heads, new, head width].
        """
        keys = rotated(keys, self.cosine, self.sine)
        queries = rotated(queries, *self._angles(at))
        new = keys.shape[2]
        if self.past is not None:
            keys, values = self.past.write(layer, keys, values, self)
        begins = keys.shape[2] == new
        sees_all = self.is_even and new == 1
        causal = begins and at is None and self.is_even
        mask = None if causal or sees_all else self._mask(keys.shape[2], at)
        return functional.scaled_dot_product_attention(
            queries, keys, values, attn_mask=mask, is_causal=causal and new > 1, enable_gqa=True
        )

    def _angles(self, at: Tensor | None) -> tuple[Tensor, Tensor]:
        return (self.cosine, self.sine) if at is None else (_picked(self.cosine, at), _picked(self.sine, at))

    def _mask(self, seen: int, at: Tensor | None) -> Tensor:
        places = self.places if at is None else self.places.expand(len(at), -1).gather(1, at[:, None])
        return (torch.arange(seen, device=places.device) <= places[..., None])[:, None]


def only(hidden: Tensor, at: Tensor | None) -> Tensor:
    """Return [batch, positions, width] at one position of each sequence, [batch, 1, width]; all where `at` is None."""
    return hidden if at is None else hidden[torch.arange(len(at), device=at.device), at][:, None]


def _picked(angles: Tensor, at: Tensor) -> Tensor:
    places = at[:, None, None, None].expand(-1, 1, 1, angles.shape[-1])
    return angles.expand(len(at), -1, -1, -1).gather(2, places)
