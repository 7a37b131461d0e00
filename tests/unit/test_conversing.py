"""Turns change what is recommended: limits hold, comparisons move the list, replies say what was understood."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from segue.catalog import Track, TrackTokens
from segue.model.recommender import Recommender
from segue.model.steering import WISH_PARTS
from segue.ranking import Offer, Query, Ranking
from segue.session import Session, SessionEvent, SessionTurn
from tests.unit import tiny_model

FINISHED = 2
MINUTE = 60_000
CATALOGUE = tuple(
    Track(
        track_id=track.track_id,
        title=track.title,
        artists=track.artists,
        album=track.album,
        release_date=track.release_date,
        duration_seconds=120.0 + 10.0 * (number % 20),
        explicit=track.explicit,
        tags=track.tags,
        audio_features=track.audio_features | {"instrumentalness": 0.9 if number % 3 == 0 else 0.1},
    )
    for number, track in enumerate(tiny_model.tracks())
)
BY_ID = {track.track_id: track for track in CATALOGUE}


@cache
def recommender() -> Recommender:
    made = Recommender(tiny_model.checkpoint())
    made.swap(
        made.index.updated([TrackTokens(each.track_id, track=each) for each in CATALOGUE], tiny_model.codebooks())
    )
    return made


class Talk:
    """A conversation as the sessions service keeps it."""

    def __init__(self, *played: str) -> None:
        self.now_ms = 10**12
        self.events = tuple(SessionEvent(self.now_ms, f"e{place}", each, FINISHED) for place, each in enumerate(played))
        self.turns: tuple[SessionTurn, ...] = ()
        self.offered: tuple[Offer, ...] = ()

    def say(self, text: str, count: int = 5) -> Ranking:
        self.now_ms += MINUTE
        self.turns = (*self.turns, SessionTurn(self.now_ms, f"turn-{len(self.turns)}", text, "s"))
        answer = recommender().rank([self.query(text, count)])[0]
        if answer.is_offer and answer.tracks:
            self.offered = (*self.offered, Offer(self.now_ms, tuple(each.track_id for each in answer.tracks), "s"))
        return answer

    def query(self, text: str = "", count: int = 5) -> Query:
        session = Session("ada", self.events, self.turns)
        return Query(session, self.now_ms, count, offered=self.offered, utterance=text)


def tracks(answer: Ranking) -> list[Track]:
    return [BY_ID[each.track_id] for each in answer.tracks]


def test_a_listener_says_what_they_want_and_the_count_is_theirs() -> None:
    assert len(Talk().say("three folk songs").tracks) == 3
    assert len(Talk().say("give me twelve techno tracks").tracks) == 12


def test_limits_hold_in_the_whole_list() -> None:
    answer = Talk().say("ten tracks under three minutes, none from before 2000, nothing explicit")
    assert len(answer.tracks) == 10
    for track in tracks(answer):
        assert track.duration_seconds <= 180
        assert int(track.release_date[:4]) >= 2000
        assert not track.explicit


def test_limits_stay_in_later_turns_and_after_what_is_heard() -> None:
    talk = Talk()
    talk.say("folk under three minutes")
    assert all(track.duration_seconds <= 180 for track in tracks(talk.say("more saxophone", count=20)))
    heard = recommender().rank([talk.query(count=20)])[0]
    assert all(track.duration_seconds <= 180 for track in tracks(heard))
    assert heard.reply == ()


def test_a_conversation_of_yesterday_limits_nothing_today() -> None:
    talk = Talk()
    talk.say("no folk under three minutes")
    talk.now_ms += 24 * 60 * MINUTE
    assert any(track.duration_seconds > 180 for track in tracks(talk.say("something calm", count=30)))


def test_no_vocals_leaves_only_what_nobody_sings() -> None:
    answer = Talk().say("no vocals please", count=20)
    assert all(track.audio_features["instrumentalness"] > 0.5 for track in tracks(answer))


def test_what_is_refused_does_not_come() -> None:
    assert not any("folk" in track.tags for track in tracks(Talk("folk-03").say("no folk", count=30)))
    assert not any("Folk Band 3" in track.artists for track in tracks(Talk("folk-03").say("not this artist", count=30)))
    by_others = tracks(Talk().say("jazz, nothing by jazz bnad 2", count=30))
    assert not any("Jazz Band 2" in track.artists for track in by_others)


def test_an_artist_asked_for_comes_first_spelled_wrong_or_right() -> None:
    for said in ("songs by Techno Band 4", "songs by tecno band 4"):
        assert all("Techno Band 4" in track.artists for track in tracks(Talk("folk-01").say(said, count=5)))


def test_a_comparison_moves_the_list_the_way_that_was_asked() -> None:
    talk = Talk("techno-05")
    before = np.mean([track.audio_features["tempo_bpm"] for track in tracks(talk.say("go on"))])
    after = np.mean([track.audio_features["tempo_bpm"] for track in tracks(talk.say("slower"))])
    assert after < before - 10


def test_more_of_the_second_one_goes_its_way_without_repeating_the_list() -> None:
    talk = Talk()
    first = talk.say("surprise me", count=10)
    then = talk.say("the second one, more of that", count=10)
    assert not {each.track_id for each in first.tracks} & {each.track_id for each in then.tracks}
    style = BY_ID[first.tracks[1].track_id].tags[0]
    assert sum(style in track.tags for track in tracks(then)) >= 7


def test_a_surprise_is_less_known_than_what_would_have_come() -> None:
    popularity = recommender().index.popularity
    rows = recommender().index.rows

    def known(answer: Ranking) -> float:
        return float(np.mean([popularity[rows[each.track_id]] for each in answer.tracks]))

    assert known(Talk("folk-01").say("surprise me", 10)) < known(Talk("folk-01").say("more music", 10))


def test_the_parts_of_wishes_are_named_and_sum_with_the_others() -> None:
    talk = Talk("folk-01")
    talk.say("folk")
    for track in talk.say("less folk, slower, hidden gems").tracks:
        names = [part.name for part in track.parts]
        assert set(names[-3:]) == set(WISH_PARTS)
        assert sum(part.value for part in track.parts) == pytest.approx(track.score, rel=1e-6)


def test_a_reason_names_the_turn_whose_words_called_for_a_track() -> None:
    talk = Talk()
    talk.say("a saxophone")
    answer = talk.say("nothing explicit")
    spoken = [reason for track in answer.tracks for reason in track.reasons if reason.part == "words"]
    assert spoken
    assert {reason.because_turn_id for reason in spoken} == {"turn-0"}


def test_a_wish_is_a_reason_that_names_its_turn_later_too() -> None:
    talk = Talk("techno-05")
    talk.say("something slower")
    answer = talk.say("nothing explicit", count=20)
    asked = [reason for track in answer.tracks for reason in track.reasons if reason.part == "sound"]
    assert {(reason.text, reason.because_turn_id) for reason in asked} == {("You asked for: slower", "turn-0")}


@pytest.mark.parametrize("text", ["hi", "thanks, that's all", "tell me a joke", "what can you do?"])
def test_small_talk_forces_no_tracks(text: str) -> None:
    answer = Talk("folk-01").say(text)
    assert answer.tracks == ()
    assert answer.reply_text


def test_why_answers_with_the_track_that_is_asked_about_and_leaves_the_list_to_point_at() -> None:
    talk = Talk("folk-01")
    listed = talk.say("folk")
    why = talk.say("why the second one?")
    assert [each.track_id for each in why.tracks] == [listed.tracks[1].track_id]
    assert why.reply_text.startswith(f"{listed.tracks[1].title} by ")
    about = talk.say("tell me about the third one")
    assert [each.track_id for each in about.tracks] == [listed.tracks[2].track_id]
    assert f"released {BY_ID[listed.tracks[2].track_id].release_date}" in about.reply_text


def test_why_before_anything_was_recommended_says_so() -> None:
    assert Talk().say("why?").reply_text == "Nothing was recommended yet that I could give reasons for."
    assert "Which track do you mean?" in Talk().say("tell me about the first one").reply_text


def test_what_the_catalogue_cannot_meet_is_said() -> None:
    answer = Talk().say("folk from the 1960s")
    assert answer.tracks == ()
    assert answer.reply_text.startswith("No track holds to all of this: from the 1960s.")
    nobody = Talk().say("songs by Zorblax Quint").reply_text
    assert "Nobody called \u201czorblax quint\u201d is in the catalogue." in nobody
    assert "The last list has no number 9." in said_after_a_list("more like the ninth one")
    few = Talk().say("thirty tracks from the 80s, under 165 seconds, no folk")
    assert 1 < len(few.tracks) < 30
    assert f"Only {len(few.tracks)} tracks hold to all that you asked for." in few.reply_text


def said_after_a_list(text: str) -> str:
    talk = Talk()
    talk.say("folk")
    return talk.say(text).reply_text


def test_a_reply_says_what_was_understood_in_this_turn_alone() -> None:
    talk = Talk()
    assert "\u201cfolk\u201d" in talk.say("folk under three minutes").reply_text
    then = talk.say("slower").reply_text
    assert then.startswith("Slower: ")
    assert "folk" not in then.split(":")[0]
    assert "3 minutes" not in then


HOSTILE = (
    "",
    " ",
    "\x00\x1b[31m\x07",
    "<script>alert('folk')</script>",
    "[link](http://x) **bold** `code` {0} %s",
    "folk " * 400,
    "\u202efolk\u2066",
    "songs by <img src=x onerror=alert(1)>",
    "'; DROP TABLE tracks; --",
    "a" * 2_000,
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_input_is_answered_and_brings_no_markup_back(text: str) -> None:
    answer = recommender().rank([Query(Session("ada"), utterance=text, count=5)])[0]
    own = answer.reply_text
    for track in answer.tracks:
        own = own.replace(track.title, "")
    assert not set("<>[]()/{}*`\\") & set(own)
    assert own.isprintable()
    assert len(answer.reply_text) <= 2_000


def test_a_reply_names_tracks_only_by_their_places() -> None:
    talk = Talk("folk-01")
    titles = {track.title for track in CATALOGUE}
    for text in ("folk", "not Folk Tune 03", "like Techno Tune 07 but calmer", "skip Jazz Tune 11", "why this one?"):
        answer = talk.say(text)
        words = " ".join(piece for piece in answer.reply if isinstance(piece, str))
        assert not any(title in words for title in titles)
        assert all(piece < len(answer.tracks) for piece in answer.reply if isinstance(piece, int))


def test_names_learned_from_the_stream_are_understood_at_once() -> None:
    live = Recommender(tiny_model.checkpoint())
    live.warm_up()
    new = Track("new", "Entirely Fresh", ("Vermilion Sky",), tags=("folk",))
    live.swap(live.index.updated([TrackTokens("new", version=1, track=new)], tiny_model.codebooks()))
    answer = live.rank([Query(Session("ada"), utterance="songs by vermillion sky", count=1)])[0]
    assert [each.track_id for each in answer.tracks] == ["new"]


def test_a_title_that_was_said_before_the_catalogue_had_it_is_understood_once_it_does() -> None:
    """What was made of it before, a misspelling of its predecessor, is no longer what it means."""
    ranker = Recommender(tiny_model.checkpoint())
    former, new = Track("former", "Unheardof00036", ("Newcomer",)), Track("new", "Unheardof00037", ("Newcomer",))

    def listed(text: str) -> list[str]:
        turn = SessionTurn(10**12, "turn", text)
        asked = Query(session=Session("ada", turns=(turn,)), now_ms=10**12, count=3, utterance=text)
        return [track.track_id for track in ranker.rank([asked])[0].tracks]

    ranker.update([TrackTokens("former", track=former, version=1)])
    assert "former" in listed(new.title)
    ranker.update([TrackTokens("new", track=new, version=1)], ["former"])
    assert "new" in listed(new.title)
