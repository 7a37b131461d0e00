"""The decoder: causal, indifferent to padding and batch, and alike whether all positions are asked or the last."""

from __future__ import annotations

import numpy as np
import torch

from segue.model.decoder import Batch, Decoder
from segue.model.decoder_config import DecoderConfig

CONFIG = DecoderConfig(
    12, (3, 4, 2, 0, 5), width=32, layers=2, heads=4, key_value_heads=2, feed_forward=48, dropout=0.0
)
CODE_ROWS = np.array([[0, 1, 0, 0, 2], [2, 3, 1, 0, 4]], np.int64) + np.array(CONFIG.code_offsets)


def decoder() -> Decoder:
    torch.manual_seed(0)
    return Decoder(CONFIG).eval()


@torch.no_grad()
def hidden(*sequences: list[int]) -> torch.Tensor:
    states: torch.Tensor = decoder()(Batch.of(sequences, CODE_ROWS))
    return states


def test_later_positions_do_not_change_earlier_ones() -> None:
    torch.testing.assert_close(hidden([-1, 0, 1, -3])[0, :2], hidden([-1, 0, -7, 0])[0, :2])


def test_neighbours_in_a_batch_and_padding_change_nothing() -> None:
    alone, together = hidden([-1, 1])[0], hidden([-1, 1], [-1, 0, 1, 1, -4])[0, :2]
    torch.testing.assert_close(alone, together, rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_the_last_position_is_the_same_asked_alone() -> None:
    batch = Batch.of(([-1, 0, 1], [-1, -2]), CODE_ROWS)
    everywhere, last = decoder()(batch), decoder().last(batch)
    torch.testing.assert_close(last, torch.stack((everywhere[0, 2], everywhere[1, 1])), rtol=1e-5, atol=1e-6)


def test_order_matters() -> None:
    assert not torch.allclose(hidden([-1, 0, 1])[0, -1], hidden([-1, 1, 0])[0, -1])


@torch.no_grad()
def test_a_tracks_logit_is_the_sum_of_its_codes_logits() -> None:
    model = decoder()
    state = hidden([-1, 0])[0, -1]
    by_codes = model.code_logits(state)[torch.from_numpy(CODE_ROWS)].sum(-1)
    torch.testing.assert_close(by_codes, state @ model.track_vectors(torch.from_numpy(CODE_ROWS)).T)
