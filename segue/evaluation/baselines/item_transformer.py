"""A transformer over item ids, causal or bidirectional: the body of SASRec and of BERT4Rec. Knows tensors only."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

PADDING, MASK, FIRST_ITEM = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Shape:
    """The transformer's shape; `items` are those that it was made for, numbered from FIRST_ITEM."""

    items: int
    length: int = 50
    width: int = 256
    layers: int = 2
    heads: int = 4
    dropout: float = 0.2
    causal: bool = True


class ItemTransformer(nn.Module):
    """Item numbers to states; one table of embeddings reads and predicts (Kang, McAuley 2018; Sun et al. 2019)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.items = nn.Embedding(shape.items + FIRST_ITEM, shape.width, padding_idx=PADDING)
        self.places = nn.Embedding(shape.length, shape.width)
        layer = nn.TransformerEncoderLayer(
            shape.width,
            shape.heads,
            4 * shape.width,
            shape.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.blocks = nn.TransformerEncoder(layer, shape.layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(shape.width)
        self.bias = nn.Parameter(torch.zeros(shape.items + FIRST_ITEM))
        self.dropout = nn.Dropout(shape.dropout)
        for embedding in (self.items, self.places):
            nn.init.normal_(embedding.weight, std=0.02)

    def forward(self, numbers: Tensor) -> Tensor:
        """Return every place's state: [batch, length] item numbers, padded in front, to [batch, length, width]."""
        length = numbers.shape[1]
        places = torch.arange(self.shape.length - length, self.shape.length)
        hidden = self.dropout(self.items(numbers) + self.places(places))
        states: Tensor = self.norm(self.blocks(hidden, mask=self._mask(numbers)))
        return states

    def logits(self, states: Tensor, candidates: Tensor | None = None) -> Tensor:
        """Return the closeness of states [..., width] to candidates' item numbers, all items where None."""
        if candidates is None:
            vectors, bias = self.items.weight[FIRST_ITEM:], self.bias[FIRST_ITEM:]
        else:
            vectors, bias = self.items(candidates), self.bias[candidates]
        closeness: Tensor = states @ vectors.T.to(states.dtype) + bias
        return closeness

    def _mask(self, numbers: Tensor) -> Tensor:
        """Return what may not be looked at, [batch * heads, length, length]; every place may look at itself."""
        length = numbers.shape[1]
        hidden = (numbers == PADDING)[:, None, :].expand(-1, length, -1)
        if self.shape.causal:
            hidden = hidden | torch.ones(length, length, dtype=torch.bool).triu(1)
        hidden = hidden & ~torch.eye(length, dtype=torch.bool)
        return hidden.repeat_interleave(self.shape.heads, dim=0)
