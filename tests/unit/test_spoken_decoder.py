from __future__ import annotations

import numpy as np
import pytest

from segue.tokens.codebook import Floats
from segue.training.spoken import (
    LEVELS,
    ResidualCodes,
    SpokenExample,
    SpokenRules,
    residual_codes,
    spoken_scores,
    train_spoken,
)
from segue.training.watch import Silence

WIDTH = 32
RULES = SpokenRules(width=64, layers=1, epochs=3, questions=8)


@pytest.fixture(scope="module")
def vectors() -> Floats:
    """Six directions, twenty tracks around each."""
    random = np.random.default_rng(1)
    centres = np.repeat(np.eye(6, WIDTH, dtype=np.float32), 20, axis=0)
    near = centres + 0.2 * random.normal(size=centres.shape).astype(np.float32)
    return np.asarray(near / np.linalg.norm(near, axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def coded(vectors: Floats) -> ResidualCodes:
    return residual_codes(vectors, seed=1)


def test_the_anchors_of_a_tracks_codes_add_up_to_about_its_vector(vectors: Floats, coded: ResidualCodes) -> None:
    offsets = np.arange(LEVELS) * (coded.sizes[0] + 1)
    left = [
        vectors - coded.anchors[coded.codes[:, :levels] + offsets[:levels]].sum(axis=1)
        for levels in range(1, LEVELS + 1)
    ]
    errors = [float(np.square(each).sum(axis=1).mean()) for each in left]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.1 < errors[0]


def test_codes_that_training_never_predicted_are_found_by_what_they_are_about(
    vectors: Floats, coded: ResidualCodes
) -> None:
    # Directions 4 and 5 are in no example.
    examples = [
        SpokenExample((-1, -2), vectors[row], (row,), tuple(range(20 * (row // 20), 20 * (row // 20) + 20)))
        for row in range(80)
    ]
    decoder = train_spoken(coded, 4, examples, vectors, RULES, Silence())
    asked = np.eye(6, WIDTH, dtype=np.float32)
    scores = spoken_scores(decoder, coded, [(-1, -2)] * 6, asked)
    assert scores.shape == (6, len(vectors))
    for direction in range(6):
        assert set(np.argsort(-scores[direction])[:10] // 20) == {direction}


def test_what_is_taken_after_a_word_is_learned_beside_what_the_word_means(
    vectors: Floats, coded: ResidualCodes
) -> None:
    # Whoever says the word of token 3 takes the first track of what was meant, never another.
    kinds = [tuple(range(20 * kind, 20 * kind + 20)) for kind in range(6)]
    centres = np.eye(6, WIDTH, dtype=np.float32)
    examples = [SpokenExample((-1, -4), centres[kind], (20 * kind,), (20 * kind,)) for kind in range(6)] * 8
    others = [SpokenExample((-1, -2), centres[kind], kinds[kind], kinds[kind]) for kind in range(6)]
    rules = SpokenRules(width=64, layers=1, epochs=40, questions=8, distilled=0.0)
    decoder = train_spoken(coded, 4, examples + others, vectors, rules, Silence())
    scores = spoken_scores(decoder, coded, [(-1, -4)] * 6, centres)
    assert (np.argmax(scores, axis=1) == np.arange(0, 120, 20)).sum() >= 5
