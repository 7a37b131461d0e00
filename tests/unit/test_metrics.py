"""Ranking metrics: pessimistic ties, exclusions, known values, and agreement with trec_eval."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import pytrec_eval

from segue.evaluation.bootstrap import ratio
from segue.evaluation.exposure import coverage, gini, novelty
from segue.evaluation.metrics import MISSED, RankingMetrics, gain, hit, rank_of, reciprocal
from segue.evaluation.positions import Position
from segue.evaluation.run import run, top


class Fixed:
    """A ranker that was told what to say."""

    name = "fixed"

    def __init__(self, scores: npt.NDArray[np.float32]) -> None:
        self._scores = scores

    def scores(self, positions: object) -> object:  # noqa: ARG002
        return iter(self._scores)


def position(wanted: int, history: str = "h", excluded: tuple[int, ...] = ()) -> Position:
    return Position("playlist", (), (), 0, wanted, excluded, history)


def test_equal_scores_rank_behind_all_their_equals() -> None:
    assert rank_of(np.ones(50, np.float32), 3, ()) == 50


def test_excluded_tracks_do_not_stand_before_the_wanted_one() -> None:
    scores = np.array([3.0, 2.0, 1.0], np.float32)
    assert rank_of(scores, 2, ()) == 3
    assert rank_of(scores, 2, (0,)) == 2


def test_an_excluded_wanted_track_is_missed() -> None:
    assert rank_of(np.ones(3, np.float32), 1, (1,)) == MISSED


def test_a_track_of_which_nothing_is_known_ranks_last() -> None:
    assert rank_of(np.array([-np.inf, 0.0, -np.inf], np.float32), 0, ()) == 3


def test_means_over_positions() -> None:
    metrics = RankingMetrics.of([1, 10, 11, int(MISSED)])
    assert (metrics.hit1, metrics.hit10, metrics.hit100) == (0.25, 0.5, 0.75)
    assert metrics.mrr == pytest.approx((1 + 0.1 + 1 / 11) / 4)
    assert metrics.ndcg10 == pytest.approx((1 + 1 / np.log2(11)) / 4)


def test_no_positions_give_zeros() -> None:
    assert RankingMetrics.of([]).hit10 == 0.0


def test_they_agree_with_trec_eval() -> None:
    random = np.random.default_rng(1)
    # Distinct scores, exact in single precision: trec_eval breaks ties by name, Segue pessimistically.
    scores = np.stack([random.permutation(200) for _ in range(30)]).astype(np.float32)
    wanted = random.integers(0, 200, 30)
    ranks = np.array([rank_of(row, int(track), ()) for row, track in zip(scores, wanted, strict=True)])
    theirs = trec([[int(track)] for track in wanted], scores)
    for place, each in enumerate(theirs):
        one = ranks[place : place + 1]
        assert hit(one, 1)[0] == each["success_1"]
        assert hit(one, 10)[0] == each["success_10"]
        assert hit(one, 100)[0] == each["recall_100"]
        assert reciprocal(one)[0] == pytest.approx(each["recip_rank"])
        assert gain(one)[0] == pytest.approx(each["ndcg_cut_10"])


def test_recall_of_all_that_follows_agrees_with_trec_eval() -> None:
    random = np.random.default_rng(2)
    scores = np.stack([random.permutation(200) for _ in range(10)]).astype(np.float32)
    wanted = [random.choice(200, 8, replace=False).tolist() for _ in range(10)]
    asked = [position(row, str(history)) for history, rows in enumerate(wanted) for row in rows]
    found = run(Fixed(np.repeat(scores, 8, axis=0)), asked, 200)  # type: ignore[arg-type]
    theirs = trec(wanted, scores)
    for most in (10, 100):
        assert found.recalls[most].tolist() == pytest.approx([each[f"recall_{most}"] for each in theirs])


def trec(wanted: list[list[int]], scores: npt.NDArray[np.float32]) -> list[dict[str, float]]:
    relevant = {str(query): {str(row): 1 for row in rows} for query, rows in enumerate(wanted)}
    said = {str(query): {str(row): float(score) for row, score in enumerate(each)} for query, each in enumerate(scores)}
    measures = {"success.1,10", "recall.10,100", "recip_rank", "ndcg_cut.10"}
    measured = pytrec_eval.RelevanceEvaluator(relevant, measures).evaluate(said)
    return [measured[str(query)] for query in range(len(wanted))]


def test_lists_hold_the_best_that_are_allowed_and_nothing_of_which_the_ranker_says_nothing() -> None:
    scores = np.array([5.0, 4.0, -np.inf, 3.0], np.float32)
    assert top(scores, (0,), 10).tolist() == [1, 3]
    assert top(scores, (), 1).tolist() == [0]


def test_exposure_of_even_and_of_one_sided_lists() -> None:
    even, one_sided = np.array([2, 2, 2, 2]), np.array([0, 0, 0, 8])
    assert (coverage(even), gini(even)) == (1.0, 0.0)
    assert (coverage(one_sided), gini(one_sided)) == (0.25, 0.75)
    counts = np.array([0, 1, 3, 11])
    assert novelty(one_sided, counts) == pytest.approx(-np.log2(12 / 19))
    assert novelty(even, counts) > novelty(one_sided, counts)


def test_a_ratio_lies_within_its_interval_and_histories_are_drawn_whole() -> None:
    random = np.random.default_rng(3)
    below = (random.random(400) < 0.2).astype(float)
    above = np.maximum(below, (random.random(400) < 0.1).astype(float))
    alone = ratio(above, below, [str(place) for place in range(400)])
    together = ratio(above, below, [str(place // 40) for place in range(400)])
    assert alone.value == together.value == pytest.approx(above.sum() / below.sum())
    for each in (alone, together):
        assert each.low is not None
        assert each.high is not None
        assert each.low < each.value < each.high  # type: ignore[operator]
    assert alone.low is not None
    assert alone.low > 1.0


def test_a_ratio_to_nothing_is_none() -> None:
    assert ratio(np.ones(3), np.zeros(3), ["a", "b", "c"]).value is None
