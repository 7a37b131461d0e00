"""What stands after several turns: limits stay until they are corrected, questions change nothing."""

from __future__ import annotations

from segue.wishes.standing import Standing, standing
from tests.unit.wish_catalogue import OFFERED, reading


def after(*texts: str) -> Standing:
    return standing([reading(text, OFFERED) for text in texts])


def told(*texts: str) -> list[str]:
    return [str(wish) for wish in after(*texts).wishes]


def test_limits_stay_while_other_things_are_asked() -> None:
    assert told("some folk under three minutes", "less electronic")[0] == "seconds -inf..180"
    assert told("no explicit lyrics", "songs by Velvet Static", "slower")[0] == "clean"


def test_a_new_limit_takes_the_place_of_the_old_one() -> None:
    assert told("from the 80s", "from the 90s") == ["years 1990..1999"]
    assert told("under three minutes", "at least five minutes") == ["seconds 300..inf"]
    assert told("no vocals", "with vocals") == ["sung"]


def test_a_limit_can_be_lifted() -> None:
    assert told("under three minutes", "length doesn't matter") == []
    assert told("from the 80s", "any year is fine") == []
    assert told("nothing explicit", "explicit is fine") == []


def test_a_later_turn_corrects_an_earlier_one() -> None:
    assert told("no folk", "some folk after all") == []
    assert told("nothing by Marrow Pines", "songs by Marrow Pines")[0].startswith("by Marrow Pines")
    assert told("slower", "faster") == ["sound tempo_bpm [t1 t2 t4 t6]"]
    assert told("I love the first one", "no, skip the first one") == ["disliked [t1]"]


def test_a_number_of_tracks_stays_but_further_ones_do_not() -> None:
    assert after("five folk songs", "slower").count == 5
    assert after("two more", "slower").count is None


def test_a_new_artist_is_asked_for_in_place_of_the_last_one() -> None:
    assert [each.split(" [")[0] for each in told("songs by Velvet Static", "songs by Ondrej Vale")] == [
        "by Ondrej Vale"
    ]


def test_a_surprise_is_for_once() -> None:
    assert "novelty" in told("surprise me")
    assert told("surprise me", "some folk") == []


def test_a_new_direction_leaves_descriptions_behind_and_keeps_limits() -> None:
    stands = after("slow folk, no explicit lyrics", "now something completely different")
    assert [str(wish) for wish in stands.wishes] == ["clean", "change"]
    assert stands.texts == ()


def test_starting_over_forgets_everything() -> None:
    stands = after("slow folk, no explicit lyrics", "start over")
    assert [str(wish) for wish in stands.wishes] == ["reset"]


def test_questions_and_small_talk_change_nothing() -> None:
    asked = after("surprise me with slow folk, no explicit lyrics")
    for question in ("why the first one?", "thanks!", "tell me about number 2"):
        then = after("surprise me with slow folk, no explicit lyrics", question)
        assert (then.wishes, then.texts) == (asked.wishes, asked.texts)


def test_words_of_the_last_turns_stay_without_what_was_refused() -> None:
    assert after("melancholic folk", "no jazz", "slower").texts[0] == "melancholic folk"


def test_an_encoder_reads_turns_as_they_were_said_but_for_what_they_turn_away_from() -> None:
    assert after("songs by Velvet Static, please").said == ("songs by Velvet Static, please",)
    assert after("Something Calm under three minutes").said == ("Something Calm under three minutes",)
    assert "folk" not in " ".join(after("quiet guitar music, no folk").said)
    assert after("quiet guitar music, no folk").said == ("quiet guitar music",)
    assert after("nothing by Marrow Pines").said == ()


def test_an_encoder_reads_neither_questions_nor_what_was_left_behind() -> None:
    assert after("quiet folk", "why the first one?", "thanks").said == ("quiet folk",)
    assert after("quiet folk", "start over").said == ()
    assert after("one", "two", "three", "four").said == ("two", "three", "four")
