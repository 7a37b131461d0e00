"""The catalogue of the world: scenes, artists, albums and tracks, and what lies beneath them.

A track has a genre, a theme, a sound and a scene. Tags, lyrics and audio tell of the first three; the scene is told by
nothing but the company the track keeps in playlists and sessions. Knows nothing about listeners.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Track
from segue.world.dice import Dice, Floats
from segue.world.lyrics import lyrics
from segue.world.names import album_title, artist_name, track_title
from segue.world.vocabulary import GENRES, MOODS, THEMES, Genre

# Day 0 of the world; releases before it have negative days.
START = datetime(2025, 1, 1, tzinfo=UTC)
MOSTLY_INSTRUMENTAL = frozenset({"ambient", "classical", "jazz", "techno"})

_THEME_INDEX = {theme.name: index for index, theme in enumerate(THEMES)}


@dataclass(frozen=True, slots=True)
class Scene:
    """People, places and a moment that tracks share, however they sound: a few genres, and two scenes next door."""

    genres: tuple[int, ...]
    neighbours: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Artist:
    """An artist, at home in one genre and one scene."""

    name: str
    genre: int
    scene: int
    style: str


@dataclass(frozen=True, slots=True)
class Album:
    """Tracks that came out together on one day."""

    title: str
    artist: int
    release_day: int
    theme: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All tracks as columns, one row each; texts are made when they are asked for.

    `popularity` is positive, about 1 on average; `energy` and `valence` lie in 0 to 1; `release_day` counts from START.
    """

    seed: int
    scenes: tuple[Scene, ...]
    artists: tuple[Artist, ...]
    albums: tuple[Album, ...]
    album: NDArray[np.int64]
    artist: NDArray[np.int64]
    genre: NDArray[np.int64]
    scene: NDArray[np.int64]
    theme: NDArray[np.int64]
    release_day: NDArray[np.int64]
    energy: Floats
    valence: Floats
    duration_seconds: Floats
    popularity: Floats
    members: tuple[NDArray[np.int64], ...]

    def __len__(self) -> int:
        return len(self.album)

    def tracks(self) -> Iterator[Track]:
        """Every track with its content."""
        return (self.track(index) for index in range(len(self)))

    def track(self, index: int) -> Track:
        """The content of one track."""
        dice = Dice(self.seed, "content", index)
        album, genre = self.albums[self.album[index]], GENRES[self.genre[index]]
        theme, second = THEMES[self.theme[index]], THEMES[album.theme]
        explicit = dice.chance(genre.explicit)
        sung = dice.chance(0.35 if genre.name in MOSTLY_INSTRUMENTAL else 0.95)
        released = START + timedelta(days=int(self.release_day[index]))
        return Track(
            track_id=track_id(index),
            title=self.title(index),
            artists=self._credits(dice, index),
            album=album.title,
            release_date=released.strftime("%Y-%m-%d"),
            duration_seconds=float(self.duration_seconds[index]),
            explicit=explicit and sung,
            tags=self._tags(dice, index, released.year),
            lyrics=lyrics(dice, theme, second, explicit=explicit) if sung else "",
            audio_features=self._audio(dice, index, genre, sung=sung),
        )

    def title(self, index: int) -> str:
        """The title alone."""
        return track_title(Dice(self.seed, "title", index), THEMES[int(self.theme[index])])

    def artist_name(self, index: int) -> str:
        """The name of the track's first artist."""
        return self.artists[int(self.artist[index])].name

    def _credits(self, dice: Dice, index: int) -> tuple[str, ...]:
        own = int(self.artist[index])
        guest = dice.between(0, max(own - 1, 0))
        featured = dice.chance(0.08) and guest != own
        return (self.artists[own].name, self.artists[guest].name) if featured else (self.artists[own].name,)

    def _tags(self, dice: Dice, index: int, year: int) -> tuple[str, ...]:
        if dice.chance(0.04):
            return ()
        genre, mood = GENRES[self.genre[index]], MOODS[quadrant(self.energy[index], self.valence[index])]
        tags = [genre.name, self.artists[self.artist[index]].style, dice.pick(mood), dice.pick(genre.instruments)]
        tags += [tag for tag in (dice.pick(mood), dice.pick(genre.styles), f"{year // 10 % 10}0s") if dice.chance(0.5)]
        tags += [THEMES[self.theme[index]].name] if dice.chance(0.3) else []
        # People tag what they think they hear.
        tags += [dice.pick(GENRES).name] if dice.chance(0.06) else []
        return tuple(dict.fromkeys(tags))

    def _audio(self, dice: Dice, index: int, genre: Genre, *, sung: bool) -> dict[str, float]:
        if dice.chance(0.03):
            return {}
        energy, valence = float(self.energy[index]), float(self.valence[index])
        return {
            "tempo_bpm": round(dice.bell(genre.tempo_bpm * (0.9 + 0.2 * energy), 7), 1),
            "energy": round(energy, 3),
            "valence": round(valence, 3),
            "danceability": _share(dice.bell(genre.danceability + 0.25 * (valence - 0.5), 0.08)),
            "acousticness": _share(dice.bell(genre.acousticness + 0.3 * (genre.energy - energy), 0.09)),
            "instrumentalness": _share(dice.bell(0.08 if sung else 0.88, 0.05)),
            "speechiness": _share(dice.bell(0.32 if genre.name == "hip hop" else 0.06, 0.03)),
            "loudness_db": round(-23 + 18 * energy + dice.bell(0, 1.5), 1),
        }


def track_id(index: int) -> str:
    """The id of the track in this row."""
    return f"trk-{index:06d}"


def quadrant(energy: float, valence: float) -> tuple[int, int]:
    """Which of the four moods this is, as a key of MOODS."""
    return int(energy >= 0.5), int(valence >= 0.5)


def build_catalogue(seed: int, tracks: int, scenes: int, days: int) -> Catalogue:
    """Invent a catalogue of this many tracks; a fifth of the albums come out within the first `days` days."""
    scene_list = tuple(_scene(Dice(seed, "scene", index), index, scenes) for index in range(scenes))
    artists: list[Artist] = []
    albums: list[Album] = []
    rows: list[tuple[int, ...]] = []
    sounds: list[tuple[float, ...]] = []
    taken: set[str] = set()
    while len(rows) < tracks:
        dice = Dice(seed, "artist", len(artists))
        artist = _artist(dice, scene_list, taken)
        for _ in range(dice.between(1, 4)):
            albums.append(_album(dice, len(artists), artist, days))
            star = _heavy_tail(dice)
            for _ in range(min(dice.between(1, 8), tracks - len(rows))):
                track = Dice(seed, "track", len(rows))
                rows.append(_row(track, len(albums) - 1, albums[-1], artist, scene_list))
                sounds.append((*_sound(track, artist), 0.3 * star + 0.7 * _heavy_tail(track)))
        artists.append(artist)
    columns, sound = np.array(rows, dtype=np.int64).T, np.array(sounds).T
    members = tuple(np.flatnonzero(columns[3] == index) for index in range(scenes))
    return Catalogue(
        seed=seed,
        scenes=scene_list,
        artists=tuple(artists),
        albums=tuple(albums),
        **dict(zip(("album", "artist", "genre", "scene", "theme", "release_day"), columns, strict=True)),
        **dict(zip(("energy", "valence", "duration_seconds", "popularity"), sound, strict=True)),
        members=members,
    )


def _scene(dice: Dice, index: int, scenes: int) -> Scene:
    others = [other for other in range(scenes) if other != index] or [index]
    return Scene(tuple(dice.sample(range(len(GENRES)), 3)), (dice.pick(others), dice.pick(others)))


def _artist(dice: Dice, scenes: tuple[Scene, ...], taken: set[str]) -> Artist:
    scene = dice.between(0, len(scenes) - 1)
    first, second, third = scenes[scene].genres
    genre = dice.pick((first, first, first, second, second, third))
    name = artist_name(dice)
    while name in taken:
        name = artist_name(dice)
    taken.add(name)
    return Artist(name, genre, scene, dice.pick(GENRES[genre].styles))


def _album(dice: Dice, artist_index: int, artist: Artist, days: int) -> Album:
    theme = _THEME_INDEX[dice.pick(GENRES[artist.genre].themes)]
    if dice.chance(0.2):
        day = dice.between(1, max(days - 1, 1))
    else:
        # Squared: recent years have more music than distant ones.
        day = -1 - int(dice.uniform() * dice.uniform() * 45 * 365)
    return Album(album_title(dice, THEMES[theme]), artist_index, day, theme)


def _row(dice: Dice, album_index: int, album: Album, artist: Artist, scenes: tuple[Scene, ...]) -> tuple[int, ...]:
    """Album, artist, genre, scene, theme and release day of a track."""
    genre = artist.genre if dice.chance(0.9) else dice.pick(scenes[artist.scene].genres)
    scene = artist.scene if dice.chance(0.75) else dice.between(0, len(scenes) - 1)
    theme = album.theme if dice.chance(0.5) else _THEME_INDEX[dice.pick(GENRES[genre].themes)]
    if dice.chance(0.12):
        theme = dice.between(0, len(THEMES) - 1)
    return album_index, album.artist, genre, scene, theme, album.release_day


def _sound(dice: Dice, artist: Artist) -> tuple[float, float, float]:
    """Energy, valence and duration of a track."""
    genre = GENRES[artist.genre]
    duration = float(round(dice.bell(190 + 90 * (1 - genre.energy), 32)))
    return _share(dice.bell(genre.energy, 0.16)), _share(dice.bell(genre.valence, 0.20)), duration


def _heavy_tail(dice: Dice) -> float:
    """A positive number, about 1 on average, with few large ones: u to the power -1/2 has a Pareto tail."""
    return 0.5 / sqrt(dice.uniform(0.002, 1.0))


def _share(value: float) -> float:
    return round(min(max(value, 0.0), 1.0), 3)
