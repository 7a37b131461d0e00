"""The highest of many values: the same as sorting all of them would give."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.model.top import BLOCK, highest


def sorted_whole(values: npt.NDArray[np.float32], count: int) -> list[int]:
    order = np.argsort(-values, kind="stable")
    return [int(place) for place in order if values[place] > -np.inf][:count]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 5_000), st.integers(1, 120), st.sampled_from((0, 1, 3)))
def test_as_sorting_would_have_it_with_ties_by_place(seed: int, length: int, count: int, decimals: int) -> None:
    random = np.random.default_rng(seed)
    values = random.standard_normal(length).round(decimals).astype(np.float32)
    values[random.random(length) < 0.2] = -np.inf
    assert highest(torch.from_numpy(values), count).tolist() == sorted_whole(values, count)


@pytest.mark.parametrize("length", [BLOCK - 1, BLOCK, 50 * BLOCK, 50 * BLOCK + 7])
@pytest.mark.parametrize("value", [0.0, -np.inf])
def test_when_all_are_alike(length: int, value: float) -> None:
    values = np.full(length, value, np.float32)
    assert highest(torch.from_numpy(values), 10).tolist() == sorted_whole(values, 10)


def test_all_of_them_in_one_block() -> None:
    values = np.zeros(100 * BLOCK, np.float32)
    values[3 * BLOCK : 3 * BLOCK + 20] = np.arange(20)
    assert highest(torch.from_numpy(values), 12).tolist() == list(range(3 * BLOCK + 19, 3 * BLOCK + 7, -1))
