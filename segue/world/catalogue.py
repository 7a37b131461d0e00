"""The catalogue of the world: scenes, artists, albums and tracks, and what lies beneath them.

A track has a scene, a genre, a theme, a sound, a region and a year, drawn almost apart from each other, so that no
modality can stand in for another. `content.py` tells of them, except of the scene: nothing tells of it but the company
that a track keeps. Knows nothing about listeners.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from segue.world.dice import Dice, Floats
from segue.world.names import album_title, artist_name
from segue.world.regions import REGIONS
from segue.world.trends import Waves, freshness, scene_waves, track_moments
from segue.world.vocabulary import GENRES, THEMES

# Day 0 of the world; releases before it have negative days.
START = datetime(2025, 1, 1, tzinfo=UTC)
OLDEST_YEARS = 45
# How often a track is where its artist is at home; else it is anywhere.
HOME_GENRE, HOME_SCENE, HOME_THEME = 0.55, 0.2, 0.2
NEW_ALBUMS = 0.2

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scene:
    """People, places and a moment that tracks share, however they sound; and the two scenes next door."""

    neighbours: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Artist:
    """An artist of one region, at home in a genre, a scene and a theme; `first_day` is the day of the first album."""

    name: str
    region: int
    genre: int
    scene: int
    theme: int
    first_day: int


@dataclass(frozen=True, slots=True)
class Album:
    """Tracks that came out together on one day."""

    title: str
    artist: int
    release_day: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All tracks as columns, one row each; texts are made when they are asked for.

    `popularity` is positive, about 1 on average; `energy` and `valence` lie in 0 to 1; `release_day` counts from START.
    """

    seed: int
    scenes: tuple[Scene, ...]
    artists: tuple[Artist, ...]
    albums: tuple[Album, ...]
    album: Integers
    artist: Integers
    genre: Integers
    scene: Integers
    theme: Integers
    region: Integers
    release_day: Integers
    year: Floats
    energy: Floats
    valence: Floats
    popularity: Floats
    waves: Waves
    moments: Waves

    def __len__(self) -> int:
        return len(self.album)

    def demand(self, day: int) -> Floats:
        """How much each track is wanted on a day by those who are after nothing, [tracks]; 0 before its release."""
        wanted = self.popularity * self.waves.at(day)[self.scene] * self.moments.at(day)
        return np.asarray(wanted * freshness(self.release_day, day))

    def artist_name(self, index: int) -> str:
        """The name of the track's first artist."""
        return self.artists[int(self.artist[index])].name


def track_id(index: int) -> str:
    """The id of the track in this row."""
    return f"trk-{index:06d}"


def track_row(name: str) -> int:
    """The row of the track of this id."""
    return int(name.removeprefix("trk-"))


def quadrant(energy: float, valence: float) -> tuple[int, int]:
    """Which of the four moods this is, as a key of MOODS."""
    return int(energy >= 0.5), int(valence >= 0.5)


def build_catalogue(seed: int, tracks: int, scenes: int, days: int) -> Catalogue:
    """Invent a catalogue of this many tracks; a fifth of the albums come out within the first `days` days."""
    artists: list[Artist] = []
    albums: list[Album] = []
    rows: list[tuple[int, ...]] = []
    sounds: list[tuple[float, ...]] = []
    taken: set[str] = set()
    while len(rows) < tracks:
        dice = Dice(seed, "artist", len(artists))
        artist = _artist(dice, scenes, taken)
        for _ in range(dice.between(1, 4)):
            albums.append(_album(dice, len(artists), artist, days))
            star = _heavy_tail(dice)
            for _ in range(min(dice.between(1, 7), tracks - len(rows))):
                track = Dice(seed, "track", len(rows))
                rows.append(_row(track, len(albums) - 1, albums[-1], artist, scenes))
                sounds.append((*_sound(track, rows[-1][2]), 0.3 * star + 0.7 * _heavy_tail(track)))
        artists.append(artist)
    columns, sound = np.array(rows, dtype=np.int64).T, np.array(sounds).T
    return Catalogue(
        seed=seed,
        scenes=tuple(_scene(Dice(seed, "scene", index), index, scenes) for index in range(scenes)),
        artists=tuple(artists),
        albums=tuple(albums),
        **dict(zip(("album", "artist", "genre", "scene", "theme", "region", "release_day"), columns, strict=True)),
        **dict(zip(("energy", "valence", "popularity"), sound, strict=True)),
        year=START.year + columns[6] / 365.25,
        waves=scene_waves(Dice(seed, "waves"), scenes, days),
        moments=track_moments(Dice(seed, "moments"), tracks, days),
    )


def released(catalogue: Catalogue, index: int) -> datetime:
    """When the track came out."""
    return START + timedelta(days=int(catalogue.release_day[index]))


def share(value: float) -> float:
    """The number, kept within 0 to 1 and rounded."""
    return round(min(max(value, 0.0), 1.0), 3)


def _scene(dice: Dice, index: int, scenes: int) -> Scene:
    others = [other for other in range(scenes) if other != index] or [index]
    return Scene((dice.pick(others), dice.pick(others)))


def _artist(dice: Dice, scenes: int, taken: set[str]) -> Artist:
    region = dice.between(0, len(REGIONS) - 1)
    name = artist_name(dice, region)
    while name in taken:
        name = artist_name(dice, region)
    taken.add(name)
    # Squared: recent years have more music than distant ones.
    first_day = -1 - int(dice.uniform() * dice.uniform() * OLDEST_YEARS * 365)
    genre, scene, theme = (dice.between(0, count - 1) for count in (len(GENRES), scenes, len(THEMES)))
    return Artist(name, region, genre, scene, theme, first_day)


def _album(dice: Dice, artist_index: int, artist: Artist, days: int) -> Album:
    if dice.chance(NEW_ALBUMS):
        day = dice.between(1, max(days - 1, 1))
    else:
        # An artist's years lie together, so that an era is more than a number.
        day = min(-1, artist.first_day + int(dice.uniform() * dice.uniform() * 8 * 365))
    return Album(album_title(dice, artist.region, THEMES[artist.theme]), artist_index, day)


def _row(dice: Dice, album_index: int, album: Album, artist: Artist, scenes: int) -> tuple[int, ...]:
    """Album, artist, genre, scene, theme, region and release day of a track."""
    genre = artist.genre if dice.chance(HOME_GENRE) else dice.between(0, len(GENRES) - 1)
    scene = artist.scene if dice.chance(HOME_SCENE) else dice.between(0, scenes - 1)
    theme = artist.theme if dice.chance(HOME_THEME) else dice.between(0, len(THEMES) - 1)
    return album_index, album.artist, genre, scene, theme, artist.region, album.release_day


def _sound(dice: Dice, genre: int) -> tuple[float, float]:
    """Energy and valence of a track: a little of its genre, most of it its own."""
    sound = GENRES[genre]
    energy, valence = 0.5 + 0.3 * (sound.energy - 0.5), 0.5 + 0.3 * (sound.valence - 0.5)
    return share(dice.bell(energy, 0.27)), share(dice.bell(valence, 0.27))


def _heavy_tail(dice: Dice) -> float:
    """A positive number, about 1 on average, with few large ones: u to the power -1/2 has a Pareto tail."""
    return 0.55 / sqrt(dice.uniform(0.01, 1.0))
