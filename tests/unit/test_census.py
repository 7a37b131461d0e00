"""Codes counted: tracks that share all codes are told apart, and the shares that need it are right."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segue.tokens.census import census, disambiguation
from segue.tokens.content import MODALITIES
from tests.unit import tiny_model

ROWS = st.lists(st.tuples(*[st.integers(0, 1)] * len(MODALITIES)), max_size=60)


@given(ROWS)
def test_codes_and_number_together_name_one_track(rows: list[tuple[int, ...]]) -> None:
    codes = np.array(rows, np.int64).reshape(len(rows), len(MODALITIES))
    numbers = disambiguation(codes)
    assert len({(*row, number) for row, number in zip(rows, numbers.tolist(), strict=True)}) == len(rows)


@given(ROWS)
def test_earlier_rows_have_lower_numbers_and_a_track_alone_has_none(rows: list[tuple[int, ...]]) -> None:
    codes = np.array(rows, np.int64).reshape(len(rows), len(MODALITIES))
    expected = [rows[:place].count(row) for place, row in enumerate(rows)]
    assert disambiguation(codes).tolist() == expected


def test_shares_count_every_track_of_a_group_and_those_that_need_a_number() -> None:
    codes = np.zeros((10, len(MODALITIES)), np.int64)
    codes[:6, 0] = np.arange(6) + 1
    counted = census(tiny_model.codebooks(), codes)
    assert (counted.collision_share, counted.disambiguated_share, counted.largest_collision) == (0.4, 0.3, 4)


def test_balance_is_one_where_all_codes_are_equally_large_and_absent_tracks_are_told() -> None:
    books = tiny_model.codebooks()
    size = books.books["tags"].absent
    codes = np.tile(np.array(books.sizes), (4 * size, 1))
    codes[: 2 * size, MODALITIES.index("tags")] = np.repeat(np.arange(size), 2)
    spread = census(books, codes).modalities["tags"]
    assert (spread.balance, spread.largest, spread.mean, spread.absent_share) == (1.0, 2, 2.0, 0.5)
    assert census(books, codes).modalities["audio"].absent_share == 1.0
