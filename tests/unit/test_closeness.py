"""Closeness: what was said is compared with every track's own text, once; where nothing was said there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from segue.catalog import Track, TrackTokens
from segue.dataset import Dialogue, DialogueTurn
from segue.evaluation.positions import positions
from segue.model.checkpoint import Checkpoint
from segue.model.closeness import Closeness, question
from segue.model.recommender import Recommender
from segue.model.scoring import PARTS
from segue.model.text_encoder import PackagedEncoder
from segue.model.track_vectors import TrackVectors
from segue.ranking import Query, Ranking
from segue.recommendations import RecommendedTrack
from segue.session import Session, SessionEvent, SessionTurn
from segue.tokens.asking import described
from segue.tokens.codebook import Floats
from segue.tokens.histories import dialogue_history
from segue.tokens.prompt import query_moments
from tests.unit import tiny_model

FINISHED, LIKED = 2, 4
TRACKS = tiny_model.tracks()
ROWS = {track.track_id: row for row, track in enumerate(TRACKS)}
# Shares no word with any track.
NIGHTCLUB = "something to dance to in a nightclub"


class CountingEncoder(PackagedEncoder):
    """Remembers what it was asked to read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def encode(self, texts: Sequence[str]) -> Floats:
        self.read += texts
        return super().encode(texts)


@cache
def vectors() -> TrackVectors:
    return TrackVectors.of(PackagedEncoder().encode([described(track) for track in TRACKS]))


@cache
def listening() -> Checkpoint:
    made = tiny_model.checkpoint()
    return replace(made, weights=replace(made.weights, closeness=2.0), text_vectors=vectors())


def session(*played: tuple[str, int], said: tuple[str, ...] = ()) -> Session:
    events = tuple(SessionEvent(time, f"e{time}", track_id, action) for time, (track_id, action) in enumerate(played))
    return Session("l", events, tuple(SessionTurn(50 + time, f"t{time}", text) for time, text in enumerate(said)))


def answered(recommender: Recommender, text: str, count: int = 10) -> Ranking:
    return recommender.rank([Query(session(said=(text,)), now_ms=99, count=count, utterance=text)])[0]


def part(track: RecommendedTrack) -> float:
    return next(each.value for each in track.parts if each.name == "closeness")


def parts_by_id(recommender: Recommender, text: str) -> dict[str, float]:
    return {track.track_id: part(track) for track in answered(recommender, text, count=100).tracks}


def test_a_phrase_that_no_track_carries_finds_what_is_near_it_in_meaning() -> None:
    deaf = answered(Recommender(tiny_model.checkpoint()), NIGHTCLUB, count=90)
    heard = answered(Recommender(listening()), NIGHTCLUB, count=90)

    def mean_place(answer: Ranking) -> float:
        return float(np.mean([place for place, track in enumerate(answer.tracks) if "techno" in track.track_id]))

    assert mean_place(heard) < mean_place(deaf) - 10
    assert sum("techno" in track.track_id for track in heard.tracks[:10]) >= 8


def test_parts_sum_to_the_score_and_the_reason_names_the_turn() -> None:
    answer = answered(Recommender(listening()), NIGHTCLUB)
    for track in answer.tracks:
        assert tuple(each.name for each in track.parts)[: len(PARTS)] == PARTS
        assert sum(each.value for each in track.parts) == pytest.approx(track.score)
    reason = next(reason for reason in answer.tracks[0].reasons if reason.part == "closeness")
    assert (reason.text, reason.because_turn_id) == ("Close to what you described", "t0")
    assert answer.reply_text.startswith("These come closest to what you described")


def test_closeness_is_centred_over_the_catalogue() -> None:
    found = parts_by_id(Recommender(listening()), NIGHTCLUB)
    assert len(found) == len(TRACKS)
    assert np.mean([*found.values()]) == pytest.approx(0.0, abs=0.05)
    assert max(found.values()) > 0.5


def test_nothing_said_is_compared_with_nothing() -> None:
    played = session(("folk-03", FINISHED), ("folk-04", LIKED))
    silent = Query(played, now_ms=99)
    (heard,), (deaf,) = (Recommender(made).rank([silent]) for made in (listening(), tiny_model.checkpoint()))
    assert heard.tracks == deaf.tracks
    assert all(part(track) == 0.0 for track in heard.tracks)
    assert all(reason.part != "closeness" for track in heard.tracks for reason in track.reasons)


def test_a_checkpoint_without_vectors_ranks_as_before() -> None:
    weighed = replace(tiny_model.checkpoint(), weights=replace(tiny_model.checkpoint().weights, closeness=2.0))
    assert answered(Recommender(weighed), NIGHTCLUB) == answered(Recommender(tiny_model.checkpoint()), NIGHTCLUB)


def test_what_was_said_is_read_once_for_the_turn_and_the_plays_after_it() -> None:
    encoder = CountingEncoder()
    recommender = Recommender(listening())
    recommender._closeness = Closeness(encoder, vectors(), TRACKS)
    for plays in range(3):
        played = tuple((f"folk-{number:02}", FINISHED) for number in range(plays))
        recommender.rank([Query(session(*played, said=(NIGHTCLUB,)), now_ms=99)])
    assert encoder.read == [NIGHTCLUB]


def test_a_new_track_is_read_when_the_stream_tells_of_it_and_as_if_it_had_always_been_there() -> None:
    *known, last = TRACKS
    fewer = Closeness(PackagedEncoder(), TrackVectors.of(PackagedEncoder().encode([*map(described, known)])), known)
    before = fewer.of(NIGHTCLUB, len(TRACKS))
    fewer.learn([len(known)], TRACKS)
    after, whole = (
        each.of(NIGHTCLUB, len(TRACKS)) for each in (fewer, Closeness(PackagedEncoder(), vectors(), TRACKS))
    )
    assert before[-1] == 0.0
    np.testing.assert_array_equal(before[:-1], after[:-1])
    np.testing.assert_allclose(after, whole, atol=0.15)
    assert last.track_id.startswith("jazz")


def test_the_order_and_the_batches_in_which_tracks_are_told_change_nothing() -> None:
    news = [
        TrackTokens(f"new-{number}", version=1, track=Track(track_id=f"new-{number}", title=title))
        for number, title in enumerate(("Rave until dawn", "Lullaby", "Discotheque"))
    ]
    together, apart = Recommender(listening()), Recommender(listening())
    together.update(news)
    for token in reversed(news):
        apart.update([token])
    assert parts_by_id(together, NIGHTCLUB) == pytest.approx(parts_by_id(apart, NIGHTCLUB), abs=1e-5)
    found = parts_by_id(together, NIGHTCLUB)
    assert found["new-0"] > found["new-1"] < found["new-2"]


def test_a_track_that_is_described_anew_is_read_anew_and_one_that_is_gone_does_not_come() -> None:
    recommender = Recommender(listening())
    before = parts_by_id(recommender, NIGHTCLUB)
    changed = Track(track_id="folk-03", title="Dance floor anthem", tags=("nightclub", "dance"))
    recommender.update([TrackTokens("folk-03", version=1, track=changed)], removed=["folk-04"])
    after = parts_by_id(recommender, NIGHTCLUB)
    assert after["folk-03"] > before["folk-03"] + 1.0
    assert "folk-04" not in after
    assert {name: after[name] for name in after if name != "folk-03"} == pytest.approx(
        {name: before[name] for name in after if name != "folk-03"}, abs=1e-5
    )


def test_tracks_whose_text_stays_are_not_read_again() -> None:
    encoder = CountingEncoder()
    closeness = Closeness(encoder, vectors(), TRACKS)
    closeness.learn(range(len(TRACKS)), TRACKS)
    assert encoder.read == []


def test_only_so_many_texts_are_kept() -> None:
    closeness = Closeness(PackagedEncoder(), vectors(), TRACKS, most_bytes=2 * 4 * len(TRACKS))
    for text in ("one", "two", "three", "two"):
        closeness.of(text, len(TRACKS))
    assert list(closeness._kept) == ["three", "two"]


def test_a_query_asks_as_the_dialogue_did_that_it_was_learned_from() -> None:
    turns = (DialogueTurn("some folk", liked_track_ids=("folk-03", "folk-05")), DialogueTurn("and now with a banjo"))
    dialogue = Dialogue("d", turns=(*turns, DialogueTurn("thanks", liked_track_ids=("folk-07",))))
    vocabulary = tiny_model.checkpoint().vocabulary
    asked = next(each for each in positions(dialogue_history(dialogue, ROWS, vocabulary), 0) if each.wanted == 7)
    learned = question(asked.moments[:-1], asked.texts[:-1], TRACKS)

    events = tuple(SessionEvent(1 + time, f"e{time}", f"folk-0{number}", LIKED) for time, number in enumerate((3, 5)))
    said = tuple(SessionTurn(10 * time, f"t{time}", turn.text) for time, turn in enumerate(turns))
    query = Query(Session("l", events, said), now_ms=20, utterance=said[-1].text)
    served = question(query_moments(query, ROWS, vocabulary), [turn.text for turn in said], TRACKS)
    assert learned == served
    assert served.startswith("and now with a banjo | liked: Folk Band 5 - Folk Tune 05; Folk Band 3 - Folk Tune 03")


def test_likes_of_an_earlier_sitting_are_not_what_is_asked_for_now() -> None:
    events = (SessionEvent(1, "a", "folk-03", LIKED, "old"), SessionEvent(10**9, "b", "jazz-05", LIKED, "new"))
    moments = query_moments(Query(Session("l", events)), ROWS, tiny_model.checkpoint().vocabulary)
    assert question(moments, ["more"], TRACKS) == "more | liked: Jazz Band 5 - Jazz Tune 05"


def test_an_explanation_leaves_out_what_was_said() -> None:
    query = Query(session(("jazz-05", FINISHED), said=(NIGHTCLUB,)), now_ms=99, explain_track_id="techno-07")
    (answer,) = Recommender(listening()).rank([query])
    assert answer.explanation is not None
    turn = next(each for each in answer.explanation.counterfactuals if each.without_turn_id == "t0")
    assert turn.rank > answer.explanation.rank
