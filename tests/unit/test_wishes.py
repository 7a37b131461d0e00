"""What a turn asks for: every kind of understanding, each by sentences that people say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.catalog import Track
from segue.wishes.names import NameBook, NameKind
from segue.wishes.wish import Act, Kind
from tests.unit.wish_catalogue import OFFERED, reading, wishes


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("give me ten sad folk songs", 10),
        ("five, under three minutes", 5),
        ("just three please", 3),
        ("top 5", 5),
        ("make it 7", 7),
        ("half a dozen songs", 6),
        ("a couple of tracks", 2),
        ("12 upbeat ones", 12),
        ("another one", 1),
        ("two more", 2),
    ],
)
def test_a_number_of_tracks(text: str, count: int) -> None:
    found = reading(text).of(Kind.COUNT)
    assert [wish.low for wish in found] == [count]


@pytest.mark.parametrize(
    "text",
    ["the second one", "from the 90s", "music for a first date", "under 3 minutes", "vol. 3", "since 2010", "one love"],
)
def test_what_is_no_number_of_tracks(text: str) -> None:
    assert not reading(text, OFFERED).of(Kind.COUNT)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("under three minutes", "seconds -inf..180"),
        ("nothing over 4 minutes", "seconds -inf..240"),
        ("no longer than two and a half minutes", "seconds -inf..150"),
        ("3 minutes or less", "seconds -inf..180"),
        ("keep it below 3:30", "seconds -inf..210"),
        ("nothing that runs longer than five minutes", "seconds -inf..300"),
        ("I have no patience for songs over four minutes", "seconds -inf..240"),
        ("at least five minutes", "seconds 300..inf"),
        ("longer than 90 seconds", "seconds 90..inf"),
        ("between 3 and 4 minutes", "seconds 180..240"),
        ("none from before 2000", "years 2000..inf"),
        ("nothing older than 1990", "years 1990..inf"),
        ("before 1985", "years -inf..1984"),
        ("pre-2000", "years -inf..1999"),
        ("after the 90s", "years 2000..inf"),
        ("nothing after 1999", "years -inf..1999"),
        ("since 2010", "years 2010..inf"),
        ("from 1990 to 1999", "years 1990..1999"),
        ("from the 80s", "years 1980..1989"),
        ("early nineties", "years 1990..1993"),
        ("make it 2010s", "years 2010..2019"),
        ("the last 5 years", "years 2020..inf"),
        ("not from the eighties", "not years 1980..1989"),
        ("80s or so", "era 1980..1989"),
        ("like in the 70s", "era 1970..1979"),
        ("no explicit lyrics", "clean"),
        ("something for my kids, kid-friendly", "clean"),
        ("without swearing", "clean"),
        ("no vocals", "instrumental"),
        ("instrumentals only", "instrumental"),
        ("with vocals", "sung"),
        ("any year is fine", "any year"),
        ("length doesn't matter", "any length"),
        ("explicit is fine", "any words"),
    ],
)
def test_limits(text: str, limit: str) -> None:
    assert wishes(text) == [limit]


def test_several_limits_in_one_sentence() -> None:
    assert wishes("five, under three minutes, none from before 2000") == [
        "years 2000..inf",
        "seconds -inf..180",
        "count 5..inf",
    ]


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("songs by Marrow Pines", "by Marrow Pines"),
        ("songs by marow pines", "by Marrow Pines"),
        ("more of Velvet Statik please", "by Velvet Static"),
        ("anything by the quiet kin?", "by The Quiet Kin"),
        ("only Ondřej Vale", "only by Ondrej Vale"),
        ("something like Ondrej Vale", "like Ondrej Vale"),
        ("in the style of ondrejvale", "like Ondrej Vale"),
        ("the album Tidewater", "album Tidewater"),
        ("the album tidewatr", "album Tidewater"),
    ],
)
def test_names_with_spelling_mistakes(text: str, wish: str) -> None:
    assert [each.split(" [", maxsplit=1)[0] for each in wishes(text)] == [wish]


def test_a_title_and_its_artist_are_one_track() -> None:
    assert wishes("play Gone by Ondrej Vale") == ["track Gone [t7]"]
    assert wishes("play gone by velvet static") == ["track Gone [t6]"]


def test_a_common_word_is_only_a_title_where_something_says_so() -> None:
    assert wishes("music for a day in the rain") == []
    assert wishes("play the song Rain") == ["track Rain [t5]"]
    assert wishes("I love jazz") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no folk", ["without folk"]),
        ("anything but jazz", ["without jazz"]),
        ("no folk, jazz or soul", ["without folk", "without jazz", "without soul"]),
        ("no folk, more jazz", ["without folk", "more jazz"]),
        ("I don't want any techno", ["without techno"]),
        ("without hiphop", ["without hip hop"]),
        ("I'm tired of folk", ["without folk"]),
        ("no love songs", ["without love"]),
        ("I can't stand Velvet Static", ["not artist Velvet Static"]),
        ("nothing by Marrow Pines please", ["not artist Marrow Pines"]),
        ("leave folk out", ["without folk"]),
        ("keep the jazz out of it", ["without jazz"]),
        ("folk is not welcome", ["without folk"]),
        ("spare me the folk", ["without folk"]),
        ("Velvet Static gets on my nerves", ["not artist Velvet Static"]),
        ("everyone but Ondrej Vale", ["not artist Ondrej Vale"]),
        ("ohne techno bitte", ["without techno"]),
        ("nada de folk", ["without folk"]),
        ("why not folk", []),
        ("I don't mind folk", []),
        ("nothing but folk", []),
    ],
)
def test_negation(text: str, found: list[str]) -> None:
    assert wishes(text) == found


def test_what_is_refused_is_not_looked_for() -> None:
    assert "folk" not in reading("no folk, more jazz").text
    assert "jazz" in reading("no folk, more jazz").text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("slower", ["sound - tempo_bpm"]),
        ("calmer please", ["sound - energy"]),
        ("something happier", ["sound valence"]),
        ("less gloomy", ["sound valence"]),
        ("not so loud", ["sound - energy"]),
        ("it's too fast", ["sound - tempo_bpm"]),
        ("shorter ones", ["sound - duration_seconds"]),
        ("less electronic", ["sound acousticness", "less electronic"]),
        ("fewer vocals", ["sound instrumentalness"]),
    ],
)
def test_sound_goes_the_way_that_is_asked(text: str, found: list[str]) -> None:
    assert wishes(text) == found


def test_a_comparison_is_with_the_last_list_or_with_what_is_named() -> None:
    assert wishes("slower", OFFERED) == ["sound - tempo_bpm [t1 t2 t4 t6]"]
    assert wishes("slower than the second one", OFFERED) == ["sound - tempo_bpm [t2]"]
    assert wishes("like Marrow Pines but slower")[1] == "sound - tempo_bpm [t1 t2]"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the second one, more of that", ["liked [t2]", "fresh"]),
        ("I love number 3", ["liked [t4]"]),
        ("the last one was perfect", ["liked [t6]"]),
        ("more like the first two", ["liked [t1 t2]"]),
        ("not the third one", ["disliked [t4]"]),
        ("I don't like the first song, it's too fast", ["disliked [t1]", "sound - tempo_bpm [t1]"]),
        ("love Golden Harbour", ["liked [t1]"]),
        ("golden harbor is great", ["liked [t1]"]),
        ("skip Nightbus", ["disliked [t2]"]),
        ("Nightbus doesn't fit at all", ["disliked [t2]"]),
        ("none of these", ["disliked [t1 t2 t4 t6]", "fresh"]),
        ("what else?", ["fresh"]),
    ],
)
def test_feedback_on_what_was_offered(text: str, found: list[str]) -> None:
    assert wishes(text, OFFERED) == found


def test_of_two_tracks_of_one_title_the_offered_one_is_meant() -> None:
    assert wishes("Gone is great", ("t7",)) == ["liked [t7]"]
    assert wishes("Gone is great", ("t6",)) == ["liked [t6]"]


def test_a_place_that_the_list_does_not_have_is_said() -> None:
    assert reading("the ninth one", OFFERED).missed == (9,)


def test_this_artist_is_the_one_who_plays() -> None:
    assert wishes("not this artist", playing="t4") == ["not artist Ondrej Vale"]
    assert wishes("not this artist", OFFERED) == ["not artist Marrow Pines"]


def test_like_this_is_what_plays_unless_a_list_came_since() -> None:
    assert wishes("something like this", OFFERED, "t7", newer=True) == ["liked [t7]"]
    assert wishes("something like this", OFFERED, "t7")[0] == "liked [t1 t2 t4 t6]"


def test_surprise_mood_and_new_starts() -> None:
    assert wishes("surprise me") == ["novelty", "fresh"]
    assert wishes("hidden gems in jazz") == ["novelty"]
    assert wishes("songs everybody knows") == ["novelty -"]
    assert wishes("keep the mood", OFFERED) == ["keep [t1 t2 t4 t6]"]
    assert wishes("start over") == ["reset"]
    assert wishes("now something completely different") == ["change"]


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("hi", Act.GREET),
        ("Good evening!", Act.GREET),
        ("thanks, that's all", Act.THANK),
        ("great, I'm happy with this", Act.THANK),
        ("tell me a joke", Act.CHAT),
        ("what's the weather like?", Act.CHAT),
        ("what can you do?", Act.HELP),
        ("why?", Act.WHY),
        ("why the second one?", Act.WHY),
        ("tell me about the first one", Act.ABOUT),
        ("hi, some folk please", Act.ASK),
        ("thanks, now some jazz", Act.ASK),
        ("what is good for running?", Act.ASK),
        ("why not folk", Act.ASK),
    ],
)
def test_what_a_turn_wants_to_happen(text: str, act: Act) -> None:
    assert reading(text, OFFERED).act is act


def test_a_question_knows_its_track() -> None:
    assert reading("why the second one?", OFFERED).about == ("t2",)
    assert reading("why?", OFFERED).about == ("t1", "t2", "t4")
    assert reading("who sings Glass Meridian?", OFFERED).about == ("t4",)
    assert reading("what's this song?", playing="t5").about == ("t5",)


def test_a_name_that_is_nobodys_is_told() -> None:
    assert reading("songs by Zorblax Quint").unknown == ("zorblax quint",)
    assert reading("songs by Marrow Pines").unknown == ()


def test_what_says_nothing_about_music_is_no_wish() -> None:
    assert wishes("") == []
    assert wishes("???") == []
    assert wishes("asdf qwer") == []


@pytest.mark.parametrize(
    "text",
    ["quiero música alegre", "なにか静かな曲を", "что-нибудь спокойное", "موسيقى هادئة", "🎵🎶", "etwas für den Abend"],
)
def test_other_languages_are_read_without_harm(text: str) -> None:
    found = reading(text, OFFERED)
    assert found.act is Act.ASK
    assert not found.of(Kind.WITHOUT, Kind.NOT_ARTIST, Kind.COUNT)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read_and_never_left_with_control_characters(text: str) -> None:
    found = reading(text, OFFERED, "t5")
    assert all(each.isprintable() for each in found.text)
    assert all(each.isalnum() or each in " '-" for name in found.unknown for each in name)


def test_a_huge_text_is_read_in_time_because_only_its_beginning_is() -> None:
    assert len(reading("slowly velvt marrw " * 5_000).text) < 2_000


def test_a_book_may_learn_while_somebody_reads_the_tracks_of_a_name() -> None:
    book = NameBook()
    book.learn(0, Track("t0", "One", ("Somebody",)))
    name = book.named("somebody", NameKind.ARTIST)
    assert name is not None
    read = []
    for row in name.rows:
        book.learn(row + 1, Track(f"t{row + 1}", "Another", ("Somebody",)))
        read.append(row)
    assert (read, name.rows) == ([0], (0, 1))
