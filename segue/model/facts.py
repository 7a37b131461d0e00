"""What limits and comparisons ask of tracks, as arrays: features, lengths, years, and which tracks carry which tag.

One snapshot beside each index, brought up to date with what changed. Knows tracks; knows no wishes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segue.catalog import Track
from segue.tokens.codebook import Floats, Integers
from segue.wishes.lexicon import FEATURES, LENGTH, YEAR

Tracks = Sequence[Track | None]


@dataclass(frozen=True, slots=True)
class Facts:
    """`values` has shape [features, tracks], in the order of FEATURES, NaN where a track does not tell."""

    values: Floats
    by_tag: Mapping[str, Integers]

    @classmethod
    def of(cls, tracks: Tracks) -> Facts:
        """Read a whole catalogue."""
        nothing = cls(np.zeros((len(FEATURES), 0), np.float32), {})
        return nothing.updated((), tracks, range(len(tracks)))

    def updated(self, before: Tracks, tracks: Tracks, changed: Iterable[int]) -> Facts:
        """Return the facts after these rows changed from what they were `before`; rows are only added at the end."""
        values = np.full((len(FEATURES), len(tracks)), np.nan, np.float32)
        values[:, : self.values.shape[1]] = self.values
        gained: dict[str, list[int]] = {}
        lost: dict[str, list[int]] = {}
        for row in changed:
            track = tracks[row]
            old = before[row] if row < len(before) else None
            values[:, row] = _told(track) if track is not None else np.nan
            tags, had = _tags(track), _tags(old)
            for tag in tags - had:
                gained.setdefault(tag, []).append(row)
            for tag in had - tags:
                lost.setdefault(tag, []).append(row)
        by_tag = dict(self.by_tag)
        for tag, rows in lost.items():
            by_tag[tag] = np.setdiff1d(by_tag[tag], rows)
        for tag, rows in gained.items():
            by_tag[tag] = np.union1d(by_tag.get(tag, np.zeros(0, np.int64)), np.array(rows, np.int64))
        return Facts(values, by_tag)

    def feature(self, name: str) -> Floats:
        """Return a feature of every track, [tracks], NaN where unknown."""
        return np.asarray(self.values[FEATURES.index(name)], np.float32)

    def spread(self, name: str) -> tuple[float, float]:
        """Return the mean and the standard deviation of a feature over the tracks that tell it; 0 and 1 without any."""
        told = self.feature(name)
        told = told[~np.isnan(told)]
        return (float(told.mean()), max(float(told.std()), 1e-6)) if len(told) else (0.0, 1.0)

    def tagged(self, phrase: str) -> Integers:
        """Return the rows of the tracks with a tag that is this phrase or holds it as whole words, ascending."""
        asked = f" {' '.join(phrase.casefold().replace('-', ' ').split())} "
        found = [rows for tag, rows in self.by_tag.items() if asked in f" {tag.replace('-', ' ')} "]
        return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)


def _told(track: Track) -> list[float]:
    return [_value(track, name) for name in FEATURES]


def _value(track: Track, name: str) -> float:
    if name == LENGTH:
        return track.duration_seconds or np.nan
    if name == YEAR:
        return float(track.release_date[:4]) if track.release_date else np.nan
    return track.audio_features.get(name, np.nan)


def _tags(track: Track | None) -> set[str]:
    return {" ".join(tag.casefold().split()) for tag in track.tags} if track is not None else set()
