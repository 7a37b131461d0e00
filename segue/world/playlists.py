"""Playlists and how they are edited over time: begun with some tracks, then fed, and pruned when they grow long.

Most follow a scene, some two scenes next door to each other, some a genre and a mood. Knows catalogue and listeners.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from segue.dataset import Playlist, PlaylistEntry
from segue.world.catalogue import START, Catalogue, quadrant, track_id
from segue.world.dice import Dice, Floats
from segue.world.listeners import Listener
from segue.world.names import playlist_description, playlist_name
from segue.world.vocabulary import GENRES, MOODS, THEMES

FRESH_DAYS = 21
FRESH_BOOST = 4.0
# What belongs to the playlist's idea weighs 1, everything else this much.
STRAY = 0.004


@dataclass(slots=True)
class _Stay:
    track: int
    added: datetime
    removed: datetime | None = None


def build_playlist(seed: int, index: int, catalogue: Catalogue, listener: Listener, days: int) -> Playlist:
    """Invent the playlist of this number, kept by this listener, and every edit of it in `days` days."""
    dice = Dice(seed, "playlist", index)
    first_day = 0 if dice.chance(0.4) else dice.between(0, max(days - 1, 0) * 3 // 4)
    appeal = _appeal(dice, catalogue, listener, first_day)
    stays: list[_Stay] = []
    _add(dice, catalogue, appeal, stays, first_day, dice.between(8, 22))
    day, pace, most = first_day, dice.between(5, 25), dice.between(20, 45)
    while (day := day + dice.between(2, 2 * pace)) < days:
        _add(dice, catalogue, appeal, stays, day, dice.between(1, 4))
        _prune(dice, stays, day, most)
    entries = tuple(PlaylistEntry(track_id(stay.track), stay.added, stay.removed) for stay in stays)
    name, description = _called(dice, catalogue, stays)
    return Playlist(f"playlist-{index:05d}", name, description, entries)


def _appeal(dice: Dice, catalogue: Catalogue, listener: Listener, day: int) -> Floats:
    """How much each track suits the playlist's idea, whenever it is out."""
    scene = dice.weighted(listener.scene_weights(day, len(catalogue.scenes)))
    idea = dice.uniform()
    if idea < 0.65:
        suits = 1.0 * (catalogue.scene == scene)
    elif idea < 0.8:
        suits = 1.0 * np.isin(catalogue.scene, (scene, dice.pick(catalogue.scenes[scene].neighbours)))
    else:
        genre, mood = dice.pick(catalogue.scenes[scene].genres), (dice.between(0, 1), dice.between(0, 1))
        same_mood = ((catalogue.energy >= 0.5) == mood[0]) & ((catalogue.valence >= 0.5) == mood[1])
        suits = (catalogue.genre == genre) * (0.15 + 0.85 * same_mood)
    lean = 1 - np.abs(catalogue.energy - listener.energy)
    appeal: Floats = (STRAY + suits) * catalogue.popularity * lean
    return appeal


def _add(dice: Dice, catalogue: Catalogue, appeal: Floats, stays: list[_Stay], day: int, count: int) -> None:
    age = day - catalogue.release_day
    weights = appeal * (age >= 0) * (1 + (FRESH_BOOST - 1) * (age < FRESH_DAYS))
    for stay in stays:
        weights[stay.track] *= 0.05 if stay.removed else 0.0
    time = START + timedelta(days=day, seconds=dice.between(25_200, 82_800))
    for track in dice.several(weights, count):
        stays.append(_Stay(track, time))
        time += timedelta(seconds=dice.between(5, 90))


def _prune(dice: Dice, stays: list[_Stay], day: int, most: int) -> None:
    """Remove the oldest tracks beyond the limit, and now and then one that no longer pleases."""
    held = [stay for stay in stays if stay.removed is None]
    tired = [dice.pick(held)] if dice.chance(0.25) else []
    time = START + timedelta(days=day, seconds=dice.between(83_400, 86_000))
    for stay in (*held[: max(len(held) - most, 0)], *tired):
        stay.removed = time


def _called(dice: Dice, catalogue: Catalogue, stays: list[_Stay]) -> tuple[str, str]:
    """Name and description, after one of its tracks."""
    if not stays:
        return "untitled", ""
    track = dice.pick(stays).track
    genre, theme = GENRES[catalogue.genre[track]], THEMES[catalogue.theme[track]]
    mood = dice.pick(MOODS[quadrant(catalogue.energy[track], catalogue.valence[track])])
    return playlist_name(dice, genre, mood, theme), playlist_description(dice, genre, mood, theme)
