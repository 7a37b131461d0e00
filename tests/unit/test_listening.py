"""What a text encoder learns from dialogues, and whether what it learned is kept."""

from __future__ import annotations

import numpy as np

from segue.dataset import Dialogue, DialogueTurn
from segue.evaluation.positions import Position
from segue.model.index import Index
from segue.tokens.histories import PLAYLIST, History, dialogue_history, playlist_history
from segue.training import weighing
from segue.training.blend import alone, choose
from segue.training.listening import _words_of
from segue.training.terms import TERMS, Asked, Terms
from segue.training.text_examples import text_examples
from tests.unit import tiny_model

TRACKS = tiny_model.tracks()
ROWS = {track.track_id: row for row, track in enumerate(TRACKS)}
FOLK, TECHNO, JAZZ = (range(start, start + 30) for start in (0, 30, 60))


def told(*turns: DialogueTurn) -> History:
    return dialogue_history(Dialogue("d", turns=turns), ROWS, tiny_model.checkpoint().vocabulary)


def words() -> Index:
    return _words_of(TRACKS)


def test_a_turn_is_a_question_and_what_is_taken_after_it_the_answer() -> None:
    one, two = text_examples(
        [
            told(
                DialogueTurn("some techno", liked_track_ids=("techno-01",), disliked_track_ids=("jazz-01",)),
                DialogueTurn("more", liked_track_ids=("techno-02", "techno-03")),
                DialogueTurn("thanks"),
            )
        ],
        words(),
    )
    assert (one.asked, one.bare) == ("some techno", "some techno")
    assert (one.wanted, one.likely, one.unwanted) == ((31,), (31, 32, 33), (61,))
    assert two.asked == "more | liked: Techno Band 1 - Techno Tune 01 | some techno"
    assert (two.wanted, two.likely, two.unwanted) == ((32, 33), (32, 33), (61,))
    assert set(two.right) == {31, 32, 33}


def test_what_competes_sounds_right_and_stands_in_some_dialogue() -> None:
    shown = ("techno-01", "techno-04", "jazz-05", "folk-02")
    dialogue = told(
        DialogueTurn("some techno", recommended_track_ids=shown, liked_track_ids=("techno-01",)),
        DialogueTurn("and now", liked_track_ids=("techno-09", "folk-02"), disliked_track_ids=("techno-07",)),
    )
    first, _ = text_examples([dialogue], words())
    assert first.confusable == (37,)


def test_playlists_ask_nothing_and_so_do_turns_that_nothing_came_of() -> None:
    playlists = [playlist_history(playlist, ROWS) for playlist in tiny_model.playlists(3)]
    assert {history.kind for history in playlists} == {PLAYLIST}
    assert text_examples([*playlists, told(DialogueTurn("hi"), DialogueTurn("bye"))], words()) == []


WANTED = np.random.default_rng(1).integers(0, 40, 60)
RIGHT = (np.arange(40) == WANTED[:, None]).astype(np.float32)
NOISE = np.random.default_rng(2).normal(size=(60, 40)).astype(np.float32)


def asked(**values: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> tuple[Terms, Asked]:
    """Return sixty positions behind words in ten dialogues, and their terms."""
    zero = np.zeros((60, 40), np.float32)
    stacked = np.stack([values.get(name, zero) for name in TERMS], axis=1)
    positions = [
        Position("dialogue", (), ("something",), 0, int(row), (), history=f"dialogue {place // 6}")
        for place, row in enumerate(WANTED)
    ]
    kinds, weights = np.full(60, 1), np.ones(60, np.float32)
    return Terms(stacked, WANTED, np.ones((60, 40), bool), kinds, weights), Asked(positions, kinds, weights)


def test_closeness_is_kept_where_held_back_dialogues_find_more_with_it() -> None:
    terms, positions = asked(decoder=NOISE, closeness=RIGHT)
    heard, deaf = (weighing._as_row(choose(terms, 0.5, seed=1, without=name)) for name in ("", "closeness"))
    assert heard[TERMS.index("closeness")] > 0.5
    assert deaf[TERMS.index("closeness")] == 0.0
    assert weighing._is_better(terms, positions, heard, deaf)
    assert not weighing._is_better(terms, positions, deaf, heard)


def test_one_dialogue_that_gains_is_not_enough() -> None:
    once = np.where(np.arange(60)[:, None] < 6, RIGHT, 0.0).astype(np.float32)
    terms, positions = asked(decoder=NOISE, closeness=once)
    both = alone("decoder") + 10.0 * alone("closeness")
    assert not weighing._is_better(terms, positions, both, alone("decoder"))
