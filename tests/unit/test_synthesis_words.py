from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from segue.dataset import Dialogue, validate_dialogue
from segue.training.synthesis import lexicon
from segue.training.synthesis.dialogues import synthesise
from segue.training.synthesis.goals import draw_plans
from segue.training.synthesis.grammar import RULES, expand
from segue.training.synthesis.plan import Act, Aspect, DialoguePlan, Facet, Feedback, Mention, Named, Request, TurnPlan
from segue.training.synthesis.templates import MAX_UTTERANCE_LENGTH, TemplateWriter
from segue.training.synthesis.traits import SOUNDS
from segue.training.synthesis.variety import Variety
from segue.training.synthesis.voice import Voice
from segue.world.dice import Dice
from tests.unit.synthesis_shelves import poor, world

SLOTS = {
    *("what", "name", "about", "artists", "like", "but", "some", "without", "track", "flaw", "theme", "era", "kind"),
    *("count", "kinds", "title", "artist", "other"),
}


@pytest.fixture(scope="module")
def dialogues() -> list[Dialogue]:
    return list(synthesise(world(), 350, seed=1))


def _variety(dialogues: list[Dialogue]) -> Variety:
    variety = Variety()
    for dialogue in dialogues:
        for turn in dialogue.turns:
            variety.hear(turn.text)
    return variety


def test_utterances_are_about_as_varied_as_peoples(dialogues: list[Dialogue]) -> None:
    # CPCD's 1,671 utterances have distinct-2 .49 and 3.7 % repeated; those of segue/world had .30 and 18 %.
    variety = _variety(dialogues)
    print(f"distinct_2 {variety.distinct_2:.3f}, repeated_share {variety.repeated_share:.3f}")

    assert variety.distinct_2 > 0.4
    assert variety.repeated_share < 0.04


def test_titles_and_artists_alone_give_varied_utterances_too(tmp_path: Path) -> None:
    # All its titles are "Song n" and its artists "Artist n": nearly all of the variety is the grammar's.
    variety = _variety(list(synthesise(poor(tmp_path), 350, seed=1)))
    print(f"distinct_2 {variety.distinct_2:.3f}, repeated_share {variety.repeated_share:.3f}")

    assert variety.distinct_2 > 0.2
    assert variety.repeated_share < 0.08


def test_a_first_request_has_hundreds_of_forms() -> None:
    dice = Dice(1, "forms")

    assert len({expand("open", dice, set()) for _ in range(4000)}) > 1000
    assert len({expand("refine", dice, set()) for _ in range(4000)}) > 300


def test_no_dialogue_says_the_same_twice(dialogues: list[Dialogue]) -> None:
    for dialogue in dialogues:
        (_, most) = Counter(turn.text.casefold() for turn in dialogue.turns).most_common(1)[0]
        assert most == 1, dialogue


@pytest.mark.parametrize("rule", sorted(RULES))
def test_an_alternative_is_used_again_only_when_none_is_left(rule: str) -> None:
    dice, used = Dice(1, rule), set[tuple[str, int]]()

    for turn in range(len(RULES[rule])):
        expand(rule, dice, used)
        assert sum(name == rule for name, _ in used) >= min(turn + 1, len(RULES[rule]))
    expand(rule, dice, used)


def test_rules_name_rules_that_exist_and_slots_that_are_filled() -> None:
    for rule, alternatives in RULES.items():
        for text in alternatives:
            assert set(re.findall(r"<(\w+)>", text)) <= set(RULES), (rule, text)
            assert set(re.findall(r"\{(\w+)\}", text)) <= SLOTS, (rule, text)
            assert text.count("[") == text.count("]")


def test_every_side_of_every_sound_has_words() -> None:
    sides = {f"{sound}{sign}" for sound in SOUNDS for sign in "+-"}

    assert set(lexicon.SOUNDS) == set(lexicon.SHIFTS) == set(lexicon.FLAWS) == sides


def test_no_slot_or_gap_is_left_in_what_is_said(dialogues: list[Dialogue]) -> None:
    for dialogue in dialogues:
        for turn in dialogue.turns:
            assert not re.search(r"[{}<>\[\]]| {2}| [,.?!](?! ?\.)|^[ ,.]", turn.text), turn.text
            assert not re.search(r"[{}<>\[\]]", turn.reply), turn.reply
            assert turn.text
            assert turn.reply


def test_the_same_plan_gets_the_same_words() -> None:
    plans = list(draw_plans(world(), 20, seed=2))

    assert [TemplateWriter().write(plan) for plan in plans] == [TemplateWriter().write(plan) for plan in plans]


def _plan(number: int, *turns: TurnPlan) -> DialoguePlan:
    return DialoguePlan("d", 1, number, turns)


def test_names_are_said_as_they_are_whatever_is_in_them() -> None:
    odd = Named("t", "{what} [<love>] \\1", "%s {0}")
    feedback = Feedback(odd, liked=True, mention=Mention.BOTH, place=1, of=2)
    turn = TurnPlan(Request(Act.SIMILAR, like=odd), (feedback,), pleased=1.0, shown=(odd,))

    for number in range(50):
        (text,) = TemplateWriter().write(_plan(number, turn))
        assert odd.title.casefold() in text.casefold()


def test_the_longest_names_give_utterances_within_the_bound() -> None:
    long = Named("t", "x" * 500, "y" * 500)
    turn = TurnPlan(Request(Act.SIMILAR, like=long), shown=(long,))

    assert all(1 <= len(TemplateWriter().write(_plan(it, turn))[0]) <= MAX_UTTERANCE_LENGTH for it in range(20))


def test_a_request_says_every_facet_of_it_in_some_of_its_words() -> None:
    facets = (Facet(Aspect.TAG, "zydeco"), Facet(Aspect.THEME, "gardens"))

    for number in range(60):
        (text,) = TemplateWriter().write(_plan(number, TurnPlan(Request(Act.OPEN, facets))))
        assert "zydeco" in text.casefold()
        assert "gardens" in text.casefold()


def test_a_negation_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    careful = Voice(False, False, False, False, False, False, slips=0.0)
    monkeypatch.setattr(Voice, "of", lambda _: careful)
    request = Request(Act.OPEN, (Facet(Aspect.TAG, "zydeco"),), without=(Facet(Aspect.TAG, "polka"),))

    for number in range(60):
        (text,) = TemplateWriter().write(_plan(number, TurnPlan(request)))
        assert re.search(r"(no|nothing|skip|leave out|but|not|avoid|tired of|without)\b.*polka", text.casefold()), text


def test_rows_are_valid_and_complete(dialogues: list[Dialogue]) -> None:
    tracks = {track.track_id for track in world().tracks()}
    for dialogue in dialogues:
        validate_dialogue(dialogue)
        liked = [track_id for turn in dialogue.turns for track_id in turn.liked_track_ids]
        assert list(dialogue.goal_track_ids) == liked
        for turn in dialogue.turns:
            assert {*turn.liked_track_ids, *turn.disliked_track_ids} <= set(turn.recommended_track_ids) <= tracks

    assert len({dialogue.dialogue_id for dialogue in dialogues}) == len(dialogues)
    searched = [bool(turn.searches) for dialogue in dialogues for turn in dialogue.turns if turn.recommended_track_ids]
    assert sum(searched) > 0.95 * len(searched)


def test_variety_counts_pairs_and_repeats() -> None:
    variety = Variety()
    for text in ("more of that", "More of that!", "more of this"):
        variety.hear(text)

    assert variety.utterances == 3
    assert variety.distinct_2 == pytest.approx(3 / 6)
    assert variety.repeated_share == pytest.approx(1 / 3)
