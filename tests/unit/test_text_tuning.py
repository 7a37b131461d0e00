from __future__ import annotations

import numpy as np
import pytest

from segue.catalog import Track
from segue.model.text_difference import Arrays, difference_of
from segue.model.text_encoder import PackagedEncoder
from segue.tokens.asking import asking, described
from segue.training.text_tuning import (
    FrozenStates,
    TextExample,
    TextTuningRules,
    TunedEncoder,
    tune_text_encoder,
    tuned_encoder,
)
from segue.training.watch import Silence

# What the package cannot know: these words mean these names.
MEANINGS = {"zorbly": "Anna Quist", "frammish": "Bo Tarling", "quendy": "Cato Verne", "spolish": "Dora Wick"}
TEXTS = [f"{name} - {title}" for name in MEANINGS.values() for title in ("Home", "Rivers", "Dust")]


def examples() -> list[TextExample]:
    return [
        TextExample(
            asked=f"I want {word} music",
            bare=f"{word} music",
            wanted=(3 * place,),
            likely=(3 * place, 3 * place + 1),
            right=(3 * place, 3 * place + 1),
            unwanted=((3 * place + 4) % 12,),
        )
        for place, word in enumerate(MEANINGS)
    ]


@pytest.fixture(scope="module")
def difference() -> Arrays:
    return tune_text_encoder(TEXTS, examples(), TextTuningRules(epochs=30.0, questions=4), Silence())


def first_hits(encoder: PackagedEncoder) -> int:
    """Count the words whose own three tracks are closest; the third was never told."""
    near = encoder.encode([f"some {word} music please" for word in MEANINGS]) @ encoder.encode(TEXTS).T
    return sum(
        set(np.argsort(-row)[:3].tolist()) == {3 * place + each for each in range(3)} for place, row in enumerate(near)
    )


def test_what_people_took_teaches_what_their_words_mean(difference: Arrays) -> None:
    assert first_hits(PackagedEncoder()) < 2
    assert first_hits(PackagedEncoder(difference)) == len(MEANINGS)


def test_word_embeddings_and_the_lowest_layers_stay_as_they_are(difference: Arrays) -> None:
    assert difference
    assert all(name.startswith("encoder.layer.") and int(name.split(".")[2]) >= 2 for name in difference)


def test_the_encoder_in_training_reads_as_the_one_that_serves_its_difference() -> None:
    texts = [*TEXTS, "I want zorbly music", "a"]
    rules = TextTuningRules(epochs=1.0, questions=4, frozen_layers=4)
    below = FrozenStates(rules.frozen_layers)
    assert TunedEncoder(below).encode(texts) == pytest.approx(PackagedEncoder().encode(texts), abs=0.02)
    tuned = tuned_encoder(TEXTS, examples(), rules, below, Silence())
    served = PackagedEncoder(difference_of(tuned.network))
    assert tuned.encode(texts) == pytest.approx(served.encode(texts), abs=0.02)


def test_the_same_seed_gives_the_same_difference() -> None:
    rules = TextTuningRules(epochs=1.0, questions=4)
    one, other = (tune_text_encoder(TEXTS, examples(), rules, Silence()) for _ in range(2))
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_the_newest_utterance_comes_first_and_only_the_newest_of_the_rest_is_told() -> None:
    tracks = [Track(track_id=str(number), title=f"T{number}", artists=("A", "B")) for number in range(5)]
    text = asking(["one", "two", "three", "four"], tracks, "Here you are. " * 30)
    assert text.startswith("four | liked: A, B - T4; A, B - T3; A, B - T2 | reply: Here you are.")
    assert text.endswith(" | three | two")
    assert len(text.split("reply: ")[1].split(" | ")[0].split()) == 25
    assert asking(["hello"]) == "hello"


def test_a_track_is_described_by_what_is_known_of_it() -> None:
    assert described(Track(track_id="1", title="T")) == "T"
    track = Track(
        track_id="1", title="T", artists=("A", "B"), album="L", tags=("calm", "piano"), release_date="1999-01-02"
    )
    assert described(track) == "A, B - T (L). calm, piano. 1999"
