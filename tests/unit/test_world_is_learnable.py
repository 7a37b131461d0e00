"""What the world tells is worth learning, and each way of telling it tells something that the others do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.catalog import Track
from segue.dataset import Dataset, ListeningSession
from segue.events import ListeningAction
from segue.world.catalogue import Catalogue, track_row
from segue.world.simulate import World, WorldSize
from segue.world.taste import GENRES_ALIKE
from segue.world.vocabulary import GENRES
from tests.unit import world_probe as probe
from tests.unit.world_probe import Floats

SAMPLE = Path(__file__).parents[2] / "samples" / "world"
CONTENT = ("tags", "metadata", "lyrics", "audio")
# What each modality tells of, as docs/world.md has it.
TOLD_BY = {"tags": "genre", "lyrics": "theme", "audio": "sound", "metadata": "region", "playlist": "scene"}
LEARNED = 1_000
MOST_TOLD = 20

FINISHED, SKIPPED, LIKED, DISLIKED = (
    ListeningAction.PLAY_FINISHED,
    ListeningAction.PLAY_SKIPPED,
    ListeningAction.LIKED,
    ListeningAction.DISLIKED,
)
Plays = list[tuple[int, ListeningAction]]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return World(WorldSize(), seed=1).catalogue


@pytest.fixture(scope="module")
def tracks() -> list[Track]:
    return list(Dataset.open(SAMPLE).tracks())


@pytest.fixture(scope="module")
def playlists() -> list[list[int]]:
    return [[track_row(entry.track_id) for entry in playlist.entries] for playlist in Dataset.open(SAMPLE).playlists()]


@pytest.fixture(scope="module")
def sessions() -> list[Plays]:
    return [plays_of(session) for session in Dataset.open(SAMPLE).sessions()]


@pytest.fixture(scope="module")
def alike(tracks: list[Track], playlists: list[list[int]]) -> dict[str, Floats]:
    """How alike two tracks are by each modality, [tracks, tracks]."""
    return {
        "tags": probe.tags_alike(tracks),
        "metadata": probe.metadata_alike(tracks),
        "lyrics": probe.lyrics_alike(tracks),
        "audio": probe.audio_alike(tracks),
        "playlist": probe.played_together(playlists[:LEARNED], len(tracks)),
    }


@pytest.fixture(scope="module")
def facets(catalogue: Catalogue) -> dict[str, NDArray[np.int64]]:
    """What lies beneath each track."""
    quarter = 2 * (catalogue.energy >= 0.5) + (catalogue.valence >= 0.5)
    return {
        "genre": catalogue.genre,
        "theme": catalogue.theme,
        "sound": quarter.astype(np.int64),
        "region": catalogue.region,
        "scene": catalogue.scene,
    }


def plays_of(session: ListeningSession) -> Plays:
    """The tracks of a session in order, and how each play went; an opinion says more than an end."""
    heard: dict[int, ListeningAction] = {}
    for event in session.events:
        row = track_row(event.track_id)
        if event.action in (FINISHED, SKIPPED, LIKED, DISLIKED) and heard.get(row) not in (LIKED, DISLIKED):
            heard[row] = event.action
    return list(heard.items())


def shared_later(sessions: list[Plays], how: ListeningAction, column: NDArray[np.int64]) -> float:
    """How often what is finished later in a sitting shares a value with a track that was played that way."""
    return float(np.mean([column[track] == column[later] for track, later in pairs(sessions, how)]))


def pairs(sessions: list[Plays], how: ListeningAction) -> Iterator[tuple[int, int]]:
    for plays in sessions:
        for place, (track, action) in enumerate(plays):
            if action is how:
                yield from ((track, later) for later, ended in plays[place + 1 :] if ended in (FINISHED, LIKED))


def nearest_shares(alike: Floats, facet: NDArray[np.int64]) -> float:
    """How often a track and the one most like it share a facet, against how often any two do."""
    among = np.flatnonzero(alike.max(1) > 0)
    near = (alike - 2.0 * np.eye(len(alike))).argmax(1)
    share = np.bincount(facet) / len(facet)
    return float((facet[among] == facet[near[among]]).mean() / (share @ share))


def hit10(playlists: list[list[int]], score: Callable[[list[int]], Floats]) -> float:
    """How often the next track of a playlist is among the ten best of those not yet there."""
    hits: list[bool] = []
    for playlist in playlists:
        for place in range(4, len(playlist), 4):
            scores = score(playlist[max(0, place - MOST_TOLD) : place]).copy()
            scores[playlist[:place]] = -np.inf
            hits.append(bool((scores >= scores[playlist[place]]).sum() <= 10))
    return float(np.mean(hits))


@pytest.mark.parametrize("modality", TOLD_BY)
def test_each_modality_tells_of_its_facet(
    alike: dict[str, Floats], facets: dict[str, NDArray[np.int64]], modality: str
) -> None:
    assert nearest_shares(alike[modality], facets[TOLD_BY[modality]]) > 2.0


@pytest.mark.parametrize("modality", CONTENT)
def test_no_content_tells_much_of_what_another_modality_tells(
    alike: dict[str, Floats], facets: dict[str, NDArray[np.int64]], modality: str
) -> None:
    own = TOLD_BY[modality]
    told = nearest_shares(alike[modality], facets[own])

    # An artist is at home in a genre, so names tell a little of it.
    others = [facet for facet in facets if facet != own and (modality, facet) != ("metadata", "genre")]
    for facet in others:
        assert nearest_shares(alike[modality], facets[facet]) < 1.0 + 0.35 * (told - 1.0)


def test_company_predicts_playlists_far_better_than_popularity(
    playlists: list[list[int]], alike: dict[str, Floats], tracks: list[Track]
) -> None:
    learned = [track for playlist in playlists[:LEARNED] for track in playlist]
    popularity = np.bincount(learned, minlength=len(tracks)).astype(np.float64)

    by_popularity = hit10(playlists[LEARNED:], lambda _: popularity)
    by_company = hit10(playlists[LEARNED:], lambda told: np.asarray(alike["playlist"][told].sum(0)))

    assert by_company > 5 * by_popularity
    assert by_company > 0.15


def test_a_skip_turns_away_from_its_genre(sessions: list[Plays], catalogue: Catalogue) -> None:
    after_skips = shared_later(sessions, SKIPPED, catalogue.genre)
    after_plays = shared_later(sessions, FINISHED, catalogue.genre)

    assert after_skips < 0.5 * after_plays


def test_a_like_draws_its_artist_and_its_scene(sessions: list[Plays], catalogue: Catalogue) -> None:
    for column, factor in ((catalogue.artist, 1.3), (catalogue.scene, 1.05)):
        assert shared_later(sessions, LIKED, column) > factor * shared_later(sessions, FINISHED, column)


def test_a_dislike_says_more_than_a_skip(sessions: list[Plays], catalogue: Catalogue) -> None:
    for column in (catalogue.theme, catalogue.region):
        assert shared_later(sessions, DISLIKED, column) < 0.5 * shared_later(sessions, SKIPPED, column)


def test_what_follows_a_finished_play_sounds_near_it(sessions: list[Plays], catalogue: Catalogue) -> None:
    sound = np.stack([catalogue.energy, catalogue.valence], 1)
    last, earlier = [], []
    for plays in sessions:
        finished = [track for track, action in plays if action in (FINISHED, LIKED)]
        for before, track, after in zip(finished, finished[1:], finished[2:], strict=False):
            last.append(np.linalg.norm(sound[after] - sound[track]))
            earlier.append(np.linalg.norm(sound[after] - sound[before]))

    assert np.mean(last) < 0.97 * np.mean(earlier)


def test_what_is_said_first_tells_the_genre_of_what_is_liked(catalogue: Catalogue) -> None:
    same: list[bool] = []
    for dialogue in Dataset.open(SAMPLE).dialogues():
        words = dialogue.turns[0].text.casefold()
        named = [row for row, genre in enumerate(GENRES) if genre.name in words]
        liked = [track_row(track) for turn in dialogue.turns for track in turn.liked_track_ids]
        same += [GENRES_ALIKE[named[0], catalogue.genre[track]] > 0 for track in liked if len(named) == 1]

    assert len(same) > 300
    assert np.mean(same) > 0.85
