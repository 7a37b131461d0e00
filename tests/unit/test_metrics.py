"""Ranking metrics: pessimistic ties, exclusions, known values."""

from __future__ import annotations

import numpy as np
import pytest

from segue.evaluation.metrics import MISSED, RankingMetrics, rank_of


def test_equal_scores_rank_behind_all_their_equals() -> None:
    assert rank_of(np.ones(50, np.float32), 3, ()) == 50


def test_excluded_tracks_do_not_stand_before_the_wanted_one() -> None:
    scores = np.array([3.0, 2.0, 1.0], np.float32)
    assert rank_of(scores, 2, ()) == 3
    assert rank_of(scores, 2, (0,)) == 2


def test_an_excluded_wanted_track_is_missed() -> None:
    assert rank_of(np.ones(3, np.float32), 1, (1,)) == MISSED


def test_means_over_positions() -> None:
    metrics = RankingMetrics.of([1, 10, 11, int(MISSED)])
    assert (metrics.hit10, metrics.hit100) == (0.5, 0.75)
    assert metrics.mrr == pytest.approx((1 + 0.1 + 1 / 11) / 4)
    assert metrics.ndcg10 == pytest.approx((1 + 1 / np.log2(11)) / 4)


def test_no_positions_give_zeros() -> None:
    assert RankingMetrics.of([]).hit10 == 0.0
