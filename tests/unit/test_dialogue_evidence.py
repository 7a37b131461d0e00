from __future__ import annotations

import numpy as np
import pytest

from segue.catalog import Track
from segue.evaluation.baselines.lexicon import published_words
from segue.evaluation.dialogues.blending import Choice, fit_weights
from segue.evaluation.dialogues.evidence import TERMS, Evidence, affinity
from segue.evaluation.dialogues.questions import Question

TRACKS = [
    Track(track_id="0", title="Feel It", artists=("TobyMac", "Mr. TalkBox"), album="This Is Not a Test"),
    Track(track_id="1", title="Baby", artists=("Justin Bieber",), album="My World"),
    Track(track_id="2", title="Baby (Acoustic)", artists=("Justin Bieber",), album="My Worlds"),
    Track(track_id="3", title="Water's Edge", artists=("Seven Mary Three",), album="American Standard"),
]


def question(*texts: str, replies: tuple[str, ...] = (), liked: tuple[int, ...] = ()) -> Question:
    return Question("d", len(texts) - 1, texts, replies, liked, (), (3,), (), ())


@pytest.mark.parametrize(
    ("said", "row"), [("something by toby mac", 0), ("more justin beiber!", 1), ("Play SEVEN MARY THREE", 3)]
)
def test_artists_are_known_by_names_that_are_spelled_a_little_otherwise(said: str, row: int) -> None:
    scores = Evidence(TRACKS).artists.scores([said])
    assert scores[row] > 0.5
    assert int(np.count_nonzero(scores)) == np.count_nonzero([TRACKS[row].artists == track.artists for track in TRACKS])


def test_who_names_nobody_speaks_for_nobody() -> None:
    assert not Evidence(TRACKS).artists.scores(["something a little slower please", ""]).any()


def test_each_voice_of_the_conversation_has_a_term_of_its_own() -> None:
    terms = Evidence(TRACKS).lexical(
        question("edge", "baby", replies=("How about a test?",)),
    )
    best = {name: int(np.argmax(terms[f"words {name}"])) for name in ("said", "earlier", "replied")}
    assert best == {"said": 1, "earlier": 3, "replied": 0}
    assert {*terms, "decoder", "closeness", "affinity"} == set(TERMS)


def test_the_song_that_was_liked_is_known_in_another_version() -> None:
    assert Evidence(TRACKS).lexical(question("more", liked=(1,)))["same song"].tolist() == [0, 1, 1, 0]


def test_affinity_is_the_closeness_to_the_closest_liked_track() -> None:
    vectors = np.eye(4, dtype=np.float32)
    assert affinity(vectors, question("more", liked=(1, 2))).tolist() == [0, 1, 1, 0]
    assert not affinity(vectors, question("more")).any()


def test_weights_find_the_term_that_speaks_and_leave_noise_alone() -> None:
    random = np.random.default_rng(1)
    choices = []
    for _ in range(60):
        terms = random.normal(size=(3, 40)).astype(np.float32)
        wanted = np.argsort(-terms[0])[:3].tolist()
        terms[2] *= -1e-3
        choices.append(Choice(terms, wanted, ruled_out=[int(np.argmin(terms[0]))]))
    weights = fit_weights(choices)
    assert weights[0] > 2.0
    assert abs(weights[1]) < 0.3
    assert np.isfinite(weights).all()


def test_published_words_leave_out_the_librarys_stop_words_alone() -> None:
    assert published_words("Play some of the music of Sigur Rós") == ["play", "some", "music", "sigur", "rós"]
    assert published_words("of the") == []
