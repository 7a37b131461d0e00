from __future__ import annotations

from math import exp

import numpy as np
import pytest

from segue.evaluation.live.arms import FROZEN, LIVE, WEEKLY, AsOf
from segue.evaluation.live.history import History, Settings
from segue.evaluation.live.shelves import Question
from segue.tokens.prompt import Moment

PLAIN = Settings(days=10.0, exponent=0.0, place_power=0.0)


def asked(*context: int, known: int = 4) -> Question:
    return Question(20, "p", tuple(Moment(0, row) for row in context), context, known, ())


def test_neighbours_fade_with_the_days_since_they_met() -> None:
    history = History(4)
    history.put(0, [], [0, 1])
    history.put(10, [0], [2])
    found = history.neighbours(asked(0), 20, PLAIN)
    assert found.tolist() == pytest.approx([0.0, exp(-2.0), exp(-1.0), 0.0])


def test_what_is_later_than_the_day_is_not_looked_at() -> None:
    history = History(4)
    history.put(0, [], [0, 1])
    history.put(10, [0], [2])
    assert history.neighbours(asked(0), 10, PLAIN)[2] == 0.0
    assert history.popularity(4, 10, 5.0)[2] == 0.0
    assert history.occurrences(10).tolist() == [1, 1, 0, 0]


def test_tracks_further_apart_say_less_about_each_other() -> None:
    history = History(4)
    history.put(0, [], [0, 1, 2])
    found = history.neighbours(asked(0), 1, Settings(days=1e9, exponent=0.0, place_power=0.0))
    assert found.tolist() == pytest.approx([0.0, 1.0, 2**-0.5, 0.0])


def test_frequent_tracks_weigh_less_with_an_exponent() -> None:
    history = History(4)
    for day in range(4):
        history.put(day, [], [1])
    history.put(5, [], [0, 1, 2])
    found = history.neighbours(asked(0), 6, Settings(days=1e9, exponent=0.5, place_power=0.0))
    assert found[1] == pytest.approx(5**-0.5)
    assert found[2] == pytest.approx(2**-0.5)


def test_popularity_fades() -> None:
    history = History(3)
    history.put(0, [], [0])
    history.put(4, [], [1, 2])
    assert history.popularity(3, 6, 2.0).tolist() == pytest.approx([exp(-3.0), exp(-1.0), exp(-1.0)])


@pytest.mark.parametrize(("pace", "seen"), [(FROZEN, [10, 10, 10]), (WEEKLY, [10, 10, 17]), (LIVE, [10, 16, 18])])
def test_an_arm_has_seen_the_edits_up_to_its_pace(pace: str, seen: list[int]) -> None:
    assert [AsOf(pace, 10)(day) for day in (10, 16, 18)] == seen


def test_pairs_of_all_days_are_counted_for_new_codes() -> None:
    history = History(3)
    history.put(0, [], [0, 1])
    history.put(1, [0], [1])
    assert np.asarray(history.counts(1).todense()).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert history.counts(2)[0, 1] == 2.0
