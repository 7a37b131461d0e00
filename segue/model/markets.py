"""Where tracks may be played, for a whole catalogue: few distinct sets of countries, and which one each track has.

Knows rows and countries; knows no filters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segue.catalog import Track

_EVERYWHERE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Markets:
    """The distinct sets of countries, the empty one being everywhere, and each track's one, `numbers` [tracks]."""

    sets: tuple[frozenset[str], ...]
    numbers: npt.NDArray[np.int32]

    @classmethod
    def everywhere(cls, tracks: int) -> Markets:
        """Return the markets of so many tracks that may be played everywhere."""
        return cls((_EVERYWHERE,), np.zeros(tracks, np.int32))

    @classmethod
    def of(cls, tracks: Sequence[Track | None]) -> Markets:
        """Return the markets of tracks, row by row; a track that is not known yet may be played everywhere."""
        return cls.everywhere(0).updated(tracks, range(len(tracks)))

    def updated(self, tracks: Sequence[Track | None], rows: Iterable[int]) -> Markets:
        """Return the markets after the tracks of these rows changed, and of more tracks than before."""
        known = {each: number for number, each in enumerate(self.sets)}
        numbers = np.concatenate([self.numbers, np.zeros(len(tracks) - len(self.numbers), np.int32)])
        for row in rows:
            track = tracks[row]
            countries = frozenset(track.markets) if track is not None else _EVERYWHERE
            numbers[row] = known.setdefault(countries, len(known))
        return Markets(tuple(known), numbers)

    def open_in(self, market: str) -> npt.NDArray[np.bool_]:
        """Return which tracks may be played in a country, [tracks]."""
        opens = np.array([not countries or market in countries for countries in self.sets])
        return opens[self.numbers]
