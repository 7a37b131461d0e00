"""Explanations: places found by ranking again, reasons that matter, and nothing for what does not exist."""

from __future__ import annotations

from functools import cache

import msgspec
import pytest

from segue.events import Filters
from segue.model.recommender import Recommender
from segue.ranking import Query
from segue.recommendations import Explanation
from segue.session import Session, SessionEvent, SessionTurn
from tests.unit import tiny_model

FINISHED, SKIPPED, LIKED = 2, 3, 4


@cache
def recommender() -> Recommender:
    return Recommender(tiny_model.checkpoint())


def query(*played: tuple[str, int], said: tuple[str, ...] = ()) -> Query:
    events = tuple(SessionEvent(time, f"e{time}", track_id, action) for time, (track_id, action) in enumerate(played))
    turns = tuple(SessionTurn(100 + time, f"turn-{time}", text) for time, text in enumerate(said))
    return Query(Session("l", events, turns), now_ms=200)


def explained(asked: Query, track_id: str) -> Explanation:
    (answer,) = recommender().rank([msgspec.structs.replace(asked, explain_track_id=track_id)])
    assert answer.explanation is not None
    return answer.explanation


def place(asked: Query, track_id: str) -> int:
    ranked = recommender().rank([msgspec.structs.replace(asked, count=100)])[0].tracks
    return 1 + [track.track_id for track in ranked].index(track_id)


def test_a_place_is_the_one_that_ranking_gives() -> None:
    asked = query(("folk-03", FINISHED), ("jazz-05", LIKED))
    for track_id in ("folk-05", "jazz-09", "techno-20"):
        found = explained(asked, track_id)
        assert found.rank == place(asked, track_id)
        assert found.ranked == len(tiny_model.tracks()) - 1  # all but the track that plays


def test_a_counterfactual_is_what_ranking_without_it_gives() -> None:
    asked = query(("folk-03", FINISHED), ("folk-04", FINISHED), ("jazz-05", LIKED))
    found = explained(asked, "jazz-07")
    without = next(each for each in found.counterfactuals if each.without_track_id == "jazz-05")
    assert without.rank == place(query(("folk-03", FINISHED), ("folk-04", FINISHED)), "jazz-07")
    assert without.text == f"Without your like of Jazz Tune 05 it would be at {without.rank}."


def test_a_turn_is_left_out_with_its_words_told() -> None:
    asked = query(("folk-03", FINISHED), said=("a saxophone please", "nothing explicit"))
    found = explained(query(("folk-03", FINISHED), said=("a saxophone please",)), "jazz-07")
    (without,) = [each for each in found.counterfactuals if each.without_turn_id]
    assert without.text.startswith("Without what you said (\u201csaxophone\u201d) it would be at ")
    assert without.rank == place(query(("folk-03", FINISHED)), "jazz-07") > found.rank
    limited = explained(asked, "jazz-10")
    assert limited.rank == 0
    assert any(each.without_turn_id == "turn-1" and each.rank for each in limited.counterfactuals)


def test_reasons_name_what_a_place_rests_on() -> None:
    asked = query(("techno-03", FINISHED), ("techno-13", FINISHED), ("folk-10", LIKED), ("techno-23", FINISHED))
    found = explained(asked, "folk-12")
    assert found.track is not None
    named = next(reason.because_track_id for reason in found.track.reasons if reason.because_track_id)
    assert named == found.counterfactuals[0].without_track_id == "folk-10"


def test_the_largest_change_comes_first_and_few_are_told() -> None:
    played = tuple((f"{style}-{number:02}", FINISHED) for number in range(1, 30, 4) for style in ("folk", "jazz"))
    found = explained(query(*played), "folk-07")
    changes = [
        max(found.rank, each.rank) / min(found.rank, each.rank) if each.rank else float("inf")
        for each in found.counterfactuals
    ]
    assert changes == sorted(changes, reverse=True)
    assert len(changes) <= 5


def test_alternatives_are_other_tracks_of_the_same_making() -> None:
    found = explained(query(("folk-03", FINISHED)), "folk-05")
    assert 1 <= len(found.alternatives) <= 3
    assert "folk-05" not in {track.track_id for track in found.alternatives}
    assert all(track.track_id.startswith("folk") for track in found.alternatives)


def test_what_filters_forbid_has_no_place_but_is_explained() -> None:
    asked = msgspec.structs.replace(query(("folk-03", FINISHED)), filters=Filters(exclude_track_ids=("folk-05",)))
    assert explained(asked, "folk-05").rank == 0


def test_a_track_that_does_not_exist_has_no_explanation() -> None:
    asked = msgspec.structs.replace(query(), explain_track_id="nobody")
    assert recommender().rank([asked])[0].explanation is None


@pytest.mark.parametrize("track_id", ["folk-05", "jazz-09"])
def test_a_session_of_nothing_is_explained_by_what_is_popular(track_id: str) -> None:
    found = explained(query(), track_id)
    assert found.counterfactuals == ()
    assert found.track is not None
    assert found.track.reasons
