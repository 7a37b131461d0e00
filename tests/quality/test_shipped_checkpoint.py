"""The checkpoint that comes with the repository beats popularity on what the sample tells after its cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from segue.evaluation.next_track import MODEL, POPULARITY, Report, evaluate
from segue.model.recommender import Recommender
from segue.ranking import Query
from segue.session import Session

ROOT = Path(__file__).parents[2]
CHECKPOINT, SAMPLE = ROOT / "checkpoints" / "world", ROOT / "samples" / "world"


@pytest.fixture(scope="module")
def report() -> Report:
    return evaluate(SAMPLE, CHECKPOINT, most_positions=400)


def test_it_was_trained_on_what_came_before_only(report: Report) -> None:
    assert Recommender.load(CHECKPOINT).checkpoint.metrics["trained_until"]
    assert report.positions >= 200


def test_it_beats_popularity_by_a_clear_factor(report: Report) -> None:
    assert report.rows[MODEL].hit10 > 3.0 * report.rows[POPULARITY].hit10
    assert report.rows[MODEL].hit10 > 0.12


def test_the_blend_is_no_worse_than_its_terms(report: Report) -> None:
    for alone in ("decoder alone", "neighbours alone"):
        assert report.rows[MODEL].hit10 >= report.rows[alone].hit10 - 0.03


def test_what_is_said_alone_finds_tracks_that_carry_it() -> None:
    (answer,) = Recommender.load(CHECKPOINT).rank([Query(Session(""), utterance="some folk with a banjo")])
    assert len(answer.tracks) == 10
    assert all(any(reason.part == "words" for reason in track.reasons) for track in answer.tracks)


def test_it_fits_into_the_repository() -> None:
    assert sum(path.stat().st_size for path in CHECKPOINT.iterdir()) < 25_000_000
