from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from segue.evaluation.live.classes import ABSENT, Following, renumbered

# Tracks 0 and 1 are of one class, 2 and 3 of another; pairs are within classes.
CODES = np.array([0, 0, 1, 1, ABSENT])
COUNTS = csr_matrix(np.kron(np.eye(2), [[0.0, 50.0], [50.0, 0.0]]))


def following() -> Following:
    counts = csr_matrix((COUNTS.data, COUNTS.indices, np.append(COUNTS.indptr, COUNTS.indptr[-1])), (5, 5))
    return Following.learnt(counts, CODES, 2)


def test_the_class_that_follows_is_likelier() -> None:
    scores = following().scores(np.array([0]), CODES, np.ones(5, np.float32), 0.5)
    assert scores[0] > scores[2]
    assert scores[0] == scores[1]


def test_within_a_class_the_recent_track_is_likelier() -> None:
    scores = following().scores(np.array([0]), CODES, np.array([1, 3, 9, 9, 9], np.float32), 0.5)
    assert scores[1] > scores[0]


def test_a_track_without_a_code_is_never_likely() -> None:
    assert following().scores(np.array([0]), CODES, np.ones(5, np.float32), 0.5)[4] == -np.inf


def test_chances_of_all_tracks_sum_to_one() -> None:
    scores = following().scores(np.array([0, 1]), CODES, np.array([1, 2, 3, 4, 5], np.float32), 0.5)
    assert np.isclose(np.exp(scores.astype(np.float64)).sum(), 1.0, atol=1e-5)


def test_new_codes_keep_the_old_numbers_of_most_of_their_tracks() -> None:
    new = np.array([1, 1, 0, 1, 0])
    assert renumbered(new, 2, np.array([0, 0, 1, 1]), 2).tolist() == [0, 0, 1, 0, 1]
