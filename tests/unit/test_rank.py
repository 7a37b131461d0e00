"""Ranking: parts that sum, filters that hold, reasons and replies that name only what exists."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue import ranking
from segue.catalog import Track, TrackTokens
from segue.events import Filters
from segue.model.recommender import Recommender
from segue.model.scoring import PARTS, BlendWeights
from segue.ranking import Query, Ranking
from segue.session import Session, SessionEvent, SessionTurn
from tests.unit import tiny_model

FINISHED, LIKED, DISLIKED = 2, 4, 5
TITLES = {track.track_id: track for track in tiny_model.tracks()}
known_ids = st.sampled_from([*TITLES, "unknown"])


@cache
def recommender() -> Recommender:
    return Recommender(tiny_model.checkpoint())


def session(*played: tuple[str, int], said: tuple[str, ...] = ()) -> Session:
    events = tuple(SessionEvent(time, f"e{time}", track_id, action) for time, (track_id, action) in enumerate(played))
    return Session("l", events, tuple(SessionTurn(99 + time, f"t{time}", text) for time, text in enumerate(said)))


def rank(query: Query) -> Ranking:
    return recommender().rank([query])[0]


queries = st.builds(
    Query,
    session=st.builds(
        session,
        st.tuples(known_ids, st.integers(-1, 7)),
        st.tuples(known_ids, st.integers(0, 5)),
        said=st.tuples(st.text(max_size=50)),
    ),
    count=st.integers(0, 120),
    filters=st.builds(
        Filters,
        exclude_track_ids=st.tuples(known_ids),
        exclude_artists=st.tuples(st.sampled_from(("Folk Band 1", "Nobody"))),
        exclude_explicit=st.booleans(),
        exclude_heard=st.booleans(),
        max_per_artist=st.integers(0, 3),
    ),
    seed_track_ids=st.tuples(known_ids),
    utterance=st.text(max_size=50),
)


@settings(max_examples=60, deadline=None)
@given(queries)
def test_an_answer_holds_to_the_filters_whatever_the_query(query: Query) -> None:
    answer, filters = rank(query), query.filters
    found = [TITLES[track.track_id] for track in answer.tracks]
    names = [track.track_id for track in found]
    artists = [artist for track in found for artist in track.artists]
    assert len(set(names)) == len(names) <= min(query.count or 10, 100)
    assert not set(names) & {*filters.exclude_track_ids, *query.seed_track_ids}
    assert not set(artists) & set(filters.exclude_artists)
    assert not (filters.exclude_explicit and any(track.explicit for track in found))
    assert not (filters.exclude_heard and {event.track_id for event in query.session.events} & set(names))
    assert not filters.max_per_artist or all(artists.count(name) <= filters.max_per_artist for name in artists)


@settings(max_examples=30, deadline=None)
@given(queries)
def test_parts_sum_to_the_score_and_scores_fall(query: Query) -> None:
    scores = []
    for track in rank(query).tracks:
        assert tuple(part.name for part in track.parts)[: len(PARTS)] == PARTS
        assert sum(part.value for part in track.parts) == pytest.approx(track.score, rel=1e-6, abs=1e-12)
        scores.append(track.score)
    assert scores == sorted(scores, reverse=True)


def test_as_many_as_asked_for_while_enough_are_allowed() -> None:
    assert len(rank(Query(session(), count=60)).tracks) == 60
    assert len(rank(Query(session(), count=100)).tracks) == len(TITLES)
    assert len(rank(Query(session(), count=100, filters=Filters(max_per_artist=1))).tracks) == 18


def test_a_disliked_track_never_comes_unless_it_was_liked_since() -> None:
    def names(query_session: Session) -> set[str]:
        return {track.track_id for track in rank(Query(query_session, count=100)).tracks}

    assert "folk-03" not in names(session(("folk-03", DISLIKED), ("folk-04", FINISHED)))
    assert "folk-03" in names(session(("folk-03", DISLIKED), ("folk-03", LIKED), ("folk-04", FINISHED)))


def test_neighbours_of_what_was_played_come_first_with_the_track_that_called_for_them() -> None:
    answer = rank(Query(session(("folk-10", FINISHED))))
    assert all(track.track_id.startswith("folk") for track in answer.tracks[:3])
    reason = next(reason for reason in answer.tracks[0].reasons if reason.part == "neighbours")
    assert reason.because_track_id == "folk-10"
    assert reason.text == "Often in playlists with Folk Tune 10"


def test_what_a_sitting_has_held_is_left_for_others_where_people_tire_of_it() -> None:
    played = session(*((name, FINISHED) for name in ("folk-10", "folk-11", "folk-12")))
    tired = replace(tiny_model.checkpoint(), weights=BlendWeights(again=-20.0))

    (answer,) = Recommender(tired).rank([Query(played, count=100)])

    assert {track.track_id for track in answer.tracks[-2:]} == {"folk-10", "folk-11"}
    values = [track.parts[PARTS.index("again")].value for track in answer.tracks]
    assert values == [0.0] * (len(values) - 2) + [-20.0] * 2


def test_what_was_said_decides_and_is_quoted() -> None:
    answer = rank(Query(session(), utterance="I want a saxophone"))
    assert all(track.track_id.startswith("jazz") for track in answer.tracks)
    assert answer.tracks[0].reasons[0].text == "You said \u201csaxophone\u201d"
    assert answer.reply_text.startswith("For \u201csaxophone\u201d: ")


def test_a_reply_names_only_tracks_of_the_list_and_no_markup_of_the_listener() -> None:
    answer = rank(Query(session(), utterance="<script>alert('saxophone')</script> [link](http://x) nonsense"))
    assert not set("<>[]()/") & set(answer.reply_text)
    assert answer.tracks[0].title in answer.reply_text


def test_every_track_has_reasons_and_each_names_a_part() -> None:
    for track in rank(Query(session(("techno-05", LIKED)), utterance="loud")).tracks:
        assert 1 <= len(track.reasons) <= 3
        assert {reason.part for reason in track.reasons} <= set(PARTS)


def test_an_answer_does_not_depend_on_the_others_in_its_batch() -> None:
    asked = [Query(session((name, FINISHED))) for name in ("folk-01", "techno-02", "jazz-03")]
    alone = [rank(query) for query in asked]
    together = recommender().rank(asked)
    for one, other in zip(alone, together, strict=True):
        assert {track.track_id for track in one.tracks[:5]} == {track.track_id for track in other.tracks[:5]}


def test_a_swapped_index_answers_from_the_next_batch_on() -> None:
    swapped = Recommender(tiny_model.checkpoint())
    swapped.swap(swapped.index.updated([], tiny_model.codebooks(), removed=["folk-09"]))
    named = {track.track_id for track in swapped.rank([Query(session(), count=100)])[0].tracks}
    assert named == set(TITLES) - {"folk-09"}


def test_tracks_that_nobody_knows_do_not_crowd_the_list_of_somebody_who_wants_nothing_yet() -> None:
    given = tiny_model.checkpoint()
    fond = Recommender(replace(given, weights=replace(given.weights, new=20.0)))
    unknown = [TrackTokens(f"new-{number}", track=Track(f"new-{number}", "New")) for number in range(12)]
    fond.update(unknown)
    nobody, somebody = fond.rank([Query(session()), Query(session(("folk-03", FINISHED)))])
    new = {token.track_id for token in unknown}
    assert not new.intersection(track.track_id for track in nobody.tracks)
    assert new.intersection(track.track_id for track in somebody.tracks)


def test_an_empty_catalogue_gives_an_empty_answer_that_says_so() -> None:
    emptied = Recommender(tiny_model.checkpoint())
    emptied.swap(emptied.index.updated([], tiny_model.codebooks(), removed=TITLES))
    answer = emptied.rank([Query(session(("folk-01", FINISHED)), utterance="folk")])[0]
    assert answer.tracks == ()
    assert answer.reply_text == "Nothing is left that your filters allow."


def test_an_answer_survives_its_encoding() -> None:
    answer = rank(Query(session(("folk-01", FINISHED))))
    assert ranking.decode(ranking.encode(answer), Ranking) == answer
