from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from segue.world.catalogue import track_id
from segue.world.draws import Draw
from segue.world.oracle import Oracle
from segue.world.simulate import World, WorldSize

SIZE = WorldSize(tracks=400, listeners=60, playlists=60, dialogues=100, scenes=6, days=120)


@pytest.fixture(scope="module")
def world() -> World:
    return World(SIZE, seed=5)


@pytest.fixture(scope="module")
def oracle(world: World) -> Oracle:
    return Oracle(world)


def names(world: World, kind: str) -> Iterator[str]:
    if kind == "session":
        return (session.session_id for session in world.sessions())
    count = SIZE.playlists if kind == "playlist" else SIZE.dialogues
    return (f"{kind}-{index:05d}" for index in range(count))


def test_it_names_the_tracks_of_a_playlist_in_order(world: World, oracle: Oracle) -> None:
    for playlist in world.playlists():
        drawn = [track_id(draw.track) for draw in oracle.wanted(playlist.playlist_id)]
        assert drawn == [entry.track_id for entry in playlist.entries]


def test_it_names_what_was_liked_in_a_dialogue(world: World, oracle: Oracle) -> None:
    for dialogue in world.dialogues():
        drawn = [track_id(draw.track) for draw in oracle.wanted(dialogue.dialogue_id)]
        assert drawn == [track for turn in dialogue.turns for track in turn.liked_track_ids]


def test_what_was_drawn_was_possible(world: World, oracle: Oracle) -> None:
    for kind in ("playlist", "session", "dialogue"):
        draws = [draw for name in names(world, kind) for draw in oracle.wanted(name)]
        assert draws
        assert all(draw.odds.shape == (SIZE.tracks,) for draw in draws)
        assert all(draw.odds[draw.track] > 0 for draw in draws)


@pytest.mark.parametrize("kind", ["playlist", "session", "dialogue"])
def test_its_odds_come_true(world: World, oracle: Oracle, kind: str) -> None:
    """As often as the odds promise, the next wanted track is one of the ten best."""
    draws = [draw for name in names(world, kind) for draw in oracle.wanted(name)]

    promised, kept = np.array([top_ten(draw) for draw in draws]).T

    slack = 3 * np.sqrt((promised * (1 - promised)).sum()) / len(draws)
    assert abs(promised.mean() - kept.mean()) < slack
    assert 0.2 < kept.mean() < 0.95


def test_a_history_that_the_world_has_not_is_refused(oracle: Oracle) -> None:
    with pytest.raises(KeyError):
        oracle.wanted("session-00000-999")


def top_ten(draw: Draw) -> tuple[float, bool]:
    """The chance that one of the ten best is drawn, and whether one was."""
    best = np.argsort(-draw.odds, kind="stable")[:10]
    return float(draw.odds[best].sum() / draw.odds.sum()), bool(draw.track in best)
