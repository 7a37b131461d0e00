"""What playlists reveal must be worth learning: more than popularity, and more than content could tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.dataset import Dataset

SAMPLE = Path(__file__).parents[2] / "samples" / "world"
TRACKS = 2_000
TRAINING_PLAYLISTS = 480

Scores = NDArray[np.float64]


@pytest.fixture(scope="module")
def playlists() -> list[list[int]]:
    return [[row(entry.track_id) for entry in playlist.entries] for playlist in Dataset.open(SAMPLE).playlists()]


@pytest.fixture(scope="module")
def genre_of() -> NDArray[np.int64]:
    # The first tag is the genre.
    names = [track.tags[0] if track.tags else "" for track in Dataset.open(SAMPLE).tracks()]
    return np.unique(names, return_inverse=True)[1]


@pytest.fixture(scope="module")
def popularity(playlists: list[list[int]]) -> Scores:
    held = [track for playlist in playlists[:TRAINING_PLAYLISTS] for track in playlist]
    return np.bincount(held, minlength=TRACKS).astype(np.float64)


@pytest.fixture(scope="module")
def neighbours(playlists: list[list[int]], popularity: Scores) -> Scores:
    """Item-kNN: the cosine of two tracks' playlists."""
    holds = np.zeros((TRAINING_PLAYLISTS, TRACKS))
    for index, playlist in enumerate(playlists[:TRAINING_PLAYLISTS]):
        holds[index, playlist] = 1.0
    together: Scores = holds.T @ holds
    cosine: Scores = together / np.sqrt(np.maximum(np.outer(popularity, popularity), 1.0))
    return cosine


def row(track_id: str) -> int:
    return int(track_id.removeprefix("trk-"))


def hit10(histories: list[list[int]], score: Callable[[list[int]], Scores]) -> float:
    """How often the next track is among the ten best of those not yet there."""
    hits: list[bool] = []
    for history in histories:
        for place in range(3, len(history), 4):
            scores = score(history[:place]).copy()
            scores[history[:place]] = -np.inf
            hits.append(bool((scores > scores[history[place]]).sum() < 10))
    return float(np.mean(hits))


def test_company_predicts_playlists_better_than_popularity_and_genre_do(
    playlists: list[list[int]], genre_of: NDArray[np.int64], popularity: Scores, neighbours: Scores
) -> None:
    held_back = playlists[TRAINING_PLAYLISTS:]

    by_popularity = hit10(held_back, lambda _: popularity)
    by_genre = hit10(held_back, lambda history: np.bincount(genre_of[history], minlength=99)[genre_of] * popularity)
    by_company = hit10(held_back, lambda history: neighbours[history[-10:]].sum(axis=0))

    assert by_genre > 1.5 * by_popularity
    assert by_company > 2 * by_genre


def test_playlists_teach_what_is_listened_to(popularity: Scores, neighbours: Scores) -> None:
    sessions = [[row(event.track_id) for event in session.events] for session in Dataset.open(SAMPLE).sessions()][::6]

    by_popularity = hit10(sessions, lambda _: popularity)
    by_company = hit10(sessions, lambda history: neighbours[history[-10:]].sum(axis=0))

    assert by_company > 3 * by_popularity
