from __future__ import annotations

from math import exp, expm1, log1p

import numpy as np
import pytest

from segue.model.freshness import DAY_MS, Freshness
from segue.model.neighbour_lists import merged

CUT = 100 * DAY_MS


def test_evidence_weighs_less_the_longer_ago_beside_the_newest() -> None:
    fresh = Freshness(days=10.0, as_of_ms=CUT).updated({1: (CUT + 10 * DAY_MS, 1.0), 2: (CUT + 20 * DAY_MS, 2.0)}, 3)
    assert fresh.of(np.array([0, 1, 2])).tolist() == pytest.approx([exp(-2.0), exp(-1.0), 1.0])


def test_nothing_fades_where_the_checkpoint_says_so() -> None:
    fresh = Freshness(as_of_ms=CUT).updated({1: (CUT + 10 * DAY_MS, 1.0)}, 2)
    assert fresh.of(np.array([0, 1])).tolist() == [1.0, 1.0]
    assert fresh.stored_share(CUT + 10 * DAY_MS) is None


def test_an_older_edit_does_not_turn_time_back() -> None:
    fresh = Freshness(days=10.0, as_of_ms=CUT).updated({0: (CUT + 20 * DAY_MS, 1.0)}, 1).updated({0: (CUT, 1.0)}, 1)
    assert fresh.newest_ms == CUT + 20 * DAY_MS


def test_popularity_adds_faded_additions_up() -> None:
    fresh = Freshness(days=10.0, as_of_ms=CUT).updated({1: (CUT + 10 * DAY_MS, 3.0)}, 2)
    stored = np.log1p(np.array([2.0, 4.0], np.float32))
    expected = [log1p(2 * exp(-1.0)), log1p(4 * exp(-1.0) + 3.0)]
    assert fresh.popularity(stored).tolist() == pytest.approx(expected, rel=1e-5)
    assert expm1(expected[0]) < 2.0


def test_a_stored_list_that_still_weighs_a_share_is_added_to_the_live_one() -> None:
    stored = (np.array([1, 2]), np.array([0.8, 0.4], np.float32))
    live = (np.array([2, 3]), np.array([2.0, 1.0], np.float32))
    rows, weights = merged(stored, live, share=0.5)
    assert dict(zip(rows.tolist(), weights.tolist(), strict=True)) == pytest.approx({2: 2.2, 3: 1.0, 1: 0.4})


def test_without_a_share_both_lists_largest_weigh_alike() -> None:
    rows, weights = merged((np.array([1]), np.array([0.8], np.float32)), (np.array([2]), np.array([4.0], np.float32)))
    assert sorted(rows.tolist()) == [1, 2]
    assert weights.tolist() == pytest.approx([0.8, 0.8])
