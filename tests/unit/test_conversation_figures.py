"""The figures of conversations: what they count, and that they see what is wrong."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import islice

import msgspec

from segue.catalog import Track
from segue.dataset import Dialogue, DialogueTurn
from segue.evaluation import conversation_figures as figures
from segue.evaluation.conversation_cases import Constraint, asked, constraints, state
from segue.model.recommender import Recommender
from segue.ranking import Query, Ranking
from segue.recommendations import RecommendedTrack
from segue.session import Session, SessionEvent
from segue.wishes.names import key_of
from segue.world.dice import Dice
from tests.unit import tiny_model

TRACKS = {track.track_id: track for track in tiny_model.tracks()}


@cache
def recommender() -> Recommender:
    return Recommender(tiny_model.checkpoint())


def talk(style: str) -> Dialogue:
    shown = tuple(f"{style}-{number:02}" for number in range(1, 6))
    turns = (
        DialogueTurn(
            f"some {style}", liked_track_ids=shown[:3], disliked_track_ids=shown[4:], recommended_track_ids=shown
        ),
        DialogueTurn("more of that", liked_track_ids=(f"{style}-09", f"{style}-12"), recommended_track_ids=()),
        DialogueTurn("thanks"),
    )
    return Dialogue(f"dialogue-{style}", "l", (), turns)


TALKS = [talk(style) for style in tiny_model.STYLES]


def test_a_state_is_what_sessions_would_know() -> None:
    query = state(TALKS[0], 1)
    assert [turn.text for turn in query.session.turns] == ["some folk"]
    assert [event.track_id for event in query.session.events] == ["folk-01", "folk-02", "folk-03", "folk-05"]
    assert query.offered[0].track_ids == TALKS[0].turns[0].recommended_track_ids
    spoken = asked(query, "go on", "slower")
    assert spoken.utterance == "slower"
    assert [turn.text for turn in spoken.session.turns][-2:] == ["go on", "slower"]


def test_drawn_constraints_leave_tracks_that_hold_to_them() -> None:
    long = [replace_length(track, 100.0 + place * 5) for place, track in enumerate(tiny_model.tracks())]
    for number in range(30):
        drawn = constraints(Dice(1, "test", number), long, long[:3])
        assert sum(all(each.holds(track) for each in drawn) for track in long) >= 12


def replace_length(track: Track, seconds: float) -> Track:
    return msgspec.structs.replace(track, duration_seconds=seconds)


def test_a_list_that_breaks_a_constraint_or_is_empty_does_not_hold() -> None:
    only_folk = [Constraint("", lambda track: "folk" in track.tags)]
    folk, jazz = (RecommendedTrack(track_id) for track_id in ("folk-01", "jazz-01"))
    assert figures._holds(Ranking((folk,)), only_folk, TRACKS)
    assert not figures._holds(Ranking((folk, jazz)), only_folk, TRACKS)
    assert not figures._holds(Ranking(), only_folk, TRACKS)
    two = [replace(only_folk[0], count=2)]
    assert not figures._holds(Ranking((folk,)), two, TRACKS)


def test_a_reply_that_names_another_track_is_found() -> None:
    titles = {key_of(track.title) for track in TRACKS.values()}
    listed = RecommendedTrack("folk-01", "Folk Tune 01", ("Folk Band 1",))
    assert not figures._names_another(Ranking((listed,), ("For \u201ctune\u201d: ", 0, ".")), titles)
    assert figures._names_another(Ranking((listed,), (0, " is like Jazz Tune 04.")), titles)


def test_no_reply_names_another_track() -> None:
    assert figures.ungrounded(recommender(), islice(figures._spoken(TALKS, 1), 60)) == 0


def test_what_a_reason_names_costs_more_than_anything_else() -> None:
    liked = ["folk-03", "jazz-05", "techno-07", "folk-21", "jazz-25", "techno-27"]
    events = tuple(SessionEvent(place, f"e{place}", track_id, 4) for place, track_id in enumerate(liked))
    losses = figures.faithfulness(recommender(), [Query(Session("l", events), now_ms=10)], 1)
    assert len(losses.named) >= 5
    assert sum(losses.named) / len(losses.named) > 2 * sum(losses.random) / len(losses.random)


def test_every_figure_is_reported() -> None:
    found = figures.conversation_figures(recommender(), TALKS, replies=20, cases=12)
    assert {"constraints_held", "ungrounded", "reason_faithfulness", "steered", "novelty_surprise"} <= found.keys()
    assert 0.0 <= found["constraints_held"] <= 1.0
