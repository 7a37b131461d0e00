"""A simulated dataset folder at the size of the Million Playlist Dataset: seeded, vectorised, written as JSON lines.

Tracks belong to artists, artists to scenes, popularity falls with a power of the rank; a playlist draws from one or two
scenes and now and then from everywhere. Tags, lyrics and audio features depend on the scene. It is as large and as
skewed as real playlists are, and no more than that: quality is measured on real data. Knows files and numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import orjson

Integers = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Watch = Callable[[str, int, int], None]
T = TypeVar("T")

# Of the Million Playlist Dataset (Chen et al., 2018): counts of its README.
PLAYLISTS, TRACKS, ENTRIES = 1_000_000, 2_262_292, 66_346_428
ARTISTS, ALBUMS = 295_860, 734_684

_SCENES = 400
_WORDS, _TAGS = 30_000, 3_000
_LYRIC_WORDS = 48
_BLOCK = 20_000
_SYLLABLES = [one + two for one in "bdfgklmnprstvz" for two in ("a", "e", "i", "o", "u", "ay", "ou")]
_FEATURES = ("tempo_bpm", "energy", "valence", "danceability", "acousticness", "instrumentalness", "loudness_db")
_DAYS = 2_000


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the catalogue is, as a share of the Million Playlist Dataset's size."""

    scale: float = 1.0

    def of(self, count: int) -> int:
        """Return a count at this scale, at least 20."""
        return max(20, round(count * self.scale))


class Catalogue:
    """The columns from which rows are written; the same seed and scale give the same bytes."""

    def __init__(self, scale: Scale, seed: int) -> None:
        self.seed = seed
        self.scale = scale
        random = np.random.default_rng(seed)
        self.tracks = scale.of(TRACKS)
        self.scenes = max(4, min(_SCENES, self.tracks // 100))
        self.artist = _skewed(random, scale.of(ARTISTS), self.tracks, 1.4)
        artist_scene = random.integers(self.scenes, size=scale.of(ARTISTS))
        self.scene = artist_scene[self.artist]
        self.album = (self.artist * 7 + random.integers(3, size=self.tracks)) % scale.of(ALBUMS)
        self.year = 2017 - (random.exponential(9.0, self.tracks)).astype(np.int64) % 60
        self.words = _invented(random, _WORDS, 3)
        self.tags = _invented(random, _TAGS, 2)
        self.sound = random.normal(size=(self.scenes, len(_FEATURES)))
        popularity = (1.0 + random.permutation(self.tracks)) ** -0.9
        # Tracks by scene, and the running share of popularity along that order: a draw is one binary search.
        self.by_scene = np.argsort(self.scene, kind="stable")
        self.running = np.cumsum(popularity[self.by_scene])
        ends = np.searchsorted(self.scene[self.by_scene], np.arange(self.scenes + 1))
        self.bounds = np.concatenate([[0.0], self.running])[ends]

    def write(self, folder: Path, watch: Watch) -> int:
        """Write catalog.jsonl and playlists.jsonl, and return the number of entries."""
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "catalog.jsonl").open("wb") as file:
            for done, lines in self._blocks(self.tracks, self._track_lines):
                file.writelines(lines)
                watch("simulating tracks", done, self.tracks)
        entries, playlists = 0, self.scale.of(PLAYLISTS)
        with (folder / "playlists.jsonl").open("wb") as file:
            for done, (count, lines) in self._blocks(playlists, self._playlist_lines):
                file.writelines(lines)
                entries += count
                watch("simulating playlists", done, playlists)
        return entries

    def _blocks(self, count: int, made: Callable[[np.random.Generator, Integers], T]) -> Iterator[tuple[int, T]]:
        for first in range(0, count, _BLOCK):
            last = min(count, first + _BLOCK)
            random = np.random.default_rng((self.seed, count, first))
            yield last, made(random, np.arange(first, last))

    def _track_lines(self, random: np.random.Generator, rows: Integers) -> list[bytes]:
        count, scenes = len(rows), self.scene[rows]
        tags = self._near(random, scenes, _TAGS, (count, 6), 12.0)
        title = self._near(random, scenes, _WORDS, (count, 3), 3_000.0)
        sung = self._near(random, scenes, _WORDS, (count, _LYRIC_WORDS), 400.0)
        audio = np.round(self.sound[scenes] + 0.6 * random.normal(size=(count, len(_FEATURES))), 3)
        told, quiet = random.integers(2, 7, count), random.random(count) < 0.4
        return [
            orjson.dumps(
                {
                    "track_id": _track_id(row),
                    "title": " ".join(self.words[title[place]]),
                    "artists": [f"{self.words[self.artist[row] % _WORDS]} {self.artist[row]:x}"],
                    "album": f"{self.words[self.album[row] % _WORDS]} {self.words[self.album[row] // 13 % _WORDS]}",
                    "release_date": str(self.year[row]),
                    "tags": list(dict.fromkeys(self.tags[tags[place, : told[place]]])),
                    "lyrics": "" if quiet[place] else " ".join(self.words[sung[place]]),
                    "audio_features": dict(zip(_FEATURES, audio[place].tolist(), strict=True)),
                },
                option=orjson.OPT_APPEND_NEWLINE,
            )
            for place, row in enumerate(rows.tolist())
        ]

    def _near(
        self, random: np.random.Generator, scenes: Integers, size: int, shape: tuple[int, int], width: float
    ) -> Integers:
        """Return numbers below `size`, [rows, draws], that lie near their scene's own place, and skewed."""
        place = scenes[:, None] * (size // self.scenes)
        everywhere = (random.pareto(1.1, shape) * 8.0).astype(np.int64)
        near = place + random.exponential(width, shape).astype(np.int64)
        return np.where(random.random(shape) < 0.3, everywhere, near) % size

    def _playlist_lines(self, random: np.random.Generator, numbers: Integers) -> tuple[int, list[bytes]]:
        mean = ENTRIES / PLAYLISTS
        # Shifted so that, cut off at both ends, playlists are as long on average as the dataset's.
        lengths = np.clip(random.lognormal(np.log(mean) - 0.217, 0.7, len(numbers)), 5, 250).astype(np.int64)
        owner = np.repeat(np.arange(len(numbers)), lengths)
        homes = random.integers(self.scenes, size=(len(numbers), 2))
        scenes = homes[owner, (random.random(len(owner)) < 0.3).astype(np.int64)]
        low, high = self.bounds[scenes], self.bounds[scenes + 1]
        anywhere = random.random(len(owner)) < 0.1
        low, high = np.where(anywhere, 0.0, low), np.where(anywhere, self.bounds[-1], high)
        drawn = np.searchsorted(self.running, low + random.random(len(owner)) * (high - low))
        rows = self.by_scene[np.minimum(drawn, self.tracks - 1)].tolist()
        days = (random.integers(_DAYS, size=len(numbers))[owner] + random.integers(60, size=len(owner))).tolist()
        entries = [
            f'{{"track_id":"{_track_id(row)}","added_at":"{_DATES[day]}"}}' for row, day in zip(rows, days, strict=True)
        ]
        ends = np.cumsum(lengths).tolist()
        lines = []
        for place, number in enumerate(numbers.tolist()):
            name = self.words[int(homes[place, 0]) * (_WORDS // self.scenes)]
            mine = ",".join(entries[ends[place] - int(lengths[place]) : ends[place]])
            lines.append(f'{{"playlist_id":"p{number:07}","name":"{name}","entries":[{mine}]}}\n'.encode())
        return len(owner), lines


def _track_id(row: int) -> str:
    return f"t{row:07}"


def _skewed(random: np.random.Generator, size: int, draws: int, power: float) -> Integers:
    """Return numbers below `size`, [draws], low ones often; every one occurs where there are enough draws."""
    often = (size * random.random(draws) ** power).astype(np.int64)
    often[: min(size, draws)] = np.arange(min(size, draws))
    return random.permutation(often)


def _invented(random: np.random.Generator, count: int, syllables: int) -> npt.NDArray[np.object_]:
    """Return invented words, all different."""
    numbers = random.permutation(len(_SYLLABLES) ** min(syllables, 3))[:count]
    words = []
    for number in numbers.tolist():
        word, left = "", number
        for _ in range(min(syllables, 3)):
            left, place = divmod(left, len(_SYLLABLES))
            word += _SYLLABLES[place]
        words.append(word)
    return np.array(words, object)


_DATES = [f"{day}T00:00:00Z" for day in np.arange("2012-01-01", "2018-01-01", dtype="datetime64[D]").astype(str)]
