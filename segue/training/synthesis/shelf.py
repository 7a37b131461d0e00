"""The playlists as of a time, and what lies near a track in them: the ground that dialogues are planned on.

Knows dataset folders. Knows neither what is said nor how a dialogue goes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segue.catalog import Track
from segue.dataset import Dataset, Playlist
from segue.session import to_ms
from segue.tokens.histories import existing_tracks
from segue.training.synthesis.plan import Aspect, Facet
from segue.training.synthesis.themes import name_pairs, name_words, spoken_name, telling_runs
from segue.training.synthesis.traits import TraitBook
from segue.world.dice import Dice

LEAST_TRACKS = 3
# A word of names is a scene when at least two playlists share it, and not every third does.
LEAST_PLAYLISTS, MOST_SHARE = 2, 0.34
MOSTLY = 0.6
# So many places to either side in another playlist are near: the window that neighbours are counted in.
NEAR = 10

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ShelvedList:
    """A playlist as of the time: what it says of itself, and its tracks as rows, each once, in the order added."""

    playlist_id: str
    own_words: tuple[Facet, ...]
    scenes: tuple[str, ...]
    rows: Integers


class Shelf:
    """The catalogue and the playlists that existed before a time, in memory."""

    def __init__(self, tracks: Sequence[Track], lists: Sequence[ShelvedList]) -> None:
        self.lists = lists
        self._scene_words = _scene_words(lists)
        self._starts, self._homes = _homes(len(tracks), lists)
        self.book = TraitBook(tracks, self.scenes)
        self._alike: dict[Facet, list[int]] = defaultdict(list)
        for row, track in enumerate(tracks):
            for facet in (
                *(Facet(Aspect.ARTIST, it) for it in track.artists),
                *(Facet(Aspect.TAG, it) for it in track.tags),
            ):
                self._alike[facet].append(row)
        self._reach = np.cumsum(np.sqrt([len(each.rows) for each in lists]))

    @classmethod
    def of(cls, dataset: Dataset, until_ms: int | None, without: Container[str]) -> Shelf:
        """Read what existed before a time; those of `without`, and of under three tracks, are left out."""
        tracks = existing_tracks(dataset, until_ms)
        rows = {track.track_id: row for row, track in enumerate(tracks)}
        lists = [
            shelved
            for playlist in dataset.playlists()
            if playlist.playlist_id not in without
            and len((shelved := _shelved(playlist, rows, until_ms)).rows) >= LEAST_TRACKS
        ]
        return cls(tracks, lists)

    def draw(self, dice: Dice) -> ShelvedList:
        """Return one of the playlists; a long one comes more often, by the root of its length."""
        drawn = np.searchsorted(self._reach, dice.uniform() * self._reach[-1], side="right")
        return self.lists[min(int(drawn), len(self.lists) - 1)]

    def scenes(self, row: int) -> set[str]:
        """Return the words of scenes in the names of the playlists that hold a track."""
        homes = self._homes[self._starts[row] : self._starts[row + 1]]
        return {word for home in homes for word in self.lists[home].scenes if word in self._scene_words}

    def near(self, dice: Dice, rows: Sequence[int], count: int) -> Iterator[int]:
        """Yield at most `count` tracks, with repeats: close by in another playlist, or of the same artist or tag."""
        for turn in range(count):
            row = dice.pick(rows)
            near = self._beside(dice, row) if turn % 2 else self._of_a_kind(dice, row)
            if near is not None:
                yield near

    def _beside(self, dice: Dice, row: int) -> int | None:
        homes = self._homes[self._starts[row] : self._starts[row + 1]]
        if not len(homes):
            return None
        members = self.lists[int(homes[dice.between(0, len(homes) - 1)])].rows
        place = int(np.flatnonzero(members == row)[0])
        return int(members[dice.between(max(0, place - NEAR), min(len(members) - 1, place + NEAR))])

    def _of_a_kind(self, dice: Dice, row: int) -> int | None:
        kinds = sorted(facet for facet in self.book.facets(row) if facet in self._alike)
        return dice.pick(self._alike[dice.pick(kinds)]) if kinds else None


def _shelved(playlist: Playlist, rows: dict[str, int], until_ms: int | None) -> ShelvedList:
    """Return a playlist as of a time; what has no date was always there, as for the histories that training reads."""
    stays = [
        (0 if entry.added_at is None else to_ms(entry.added_at), place, rows[entry.track_id])
        for place, entry in enumerate(playlist.entries)
        if entry.track_id in rows
    ]
    kept = dict.fromkeys(row for added, _, row in sorted(stays) if until_ms is None or added < until_ms)
    name = spoken_name(playlist.name)
    own = ([Facet(Aspect.NAME, name)] if name else []) + [
        Facet(Aspect.ABOUT, run) for run in telling_runs(playlist.description)
    ]
    return ShelvedList(
        playlist.playlist_id,
        tuple(own),
        (*name_pairs(playlist.name), *name_words(playlist.name)),
        np.array([*kept], np.int64),
    )


def _scene_words(lists: Sequence[ShelvedList]) -> set[str]:
    """Return the words and pairs of words that are scenes; a word that mostly comes in one pair is none by itself."""
    counts = Counter(word for each in lists for word in each.scenes)
    most = max(LEAST_PLAYLISTS, int(MOST_SHARE * len(lists)))
    scenes = {word for word, count in counts.items() if LEAST_PLAYLISTS <= count <= most}
    for pair in [scene for scene in scenes if " " in scene]:
        scenes -= {word for word in pair.split() if counts[pair] > MOSTLY * counts[word]}
    return scenes


def _homes(tracks: int, lists: Sequence[ShelvedList]) -> tuple[Integers, Integers]:
    """Return which playlists hold each track, as compressed rows: starts [tracks + 1], playlists [entries]."""
    members = np.concatenate([each.rows for each in lists]) if lists else np.zeros(0, np.int64)
    homes = np.repeat(np.arange(len(lists)), [len(each.rows) for each in lists])
    starts = np.concatenate([[0], np.cumsum(np.bincount(members, minlength=tracks))])
    return starts, homes[np.argsort(members, kind="stable")]
