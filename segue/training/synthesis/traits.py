"""What is true of each track in a listener's words: tags, artists, eras, how it sounds, what it is about.

Knows tracks and statistics over the catalogue; absent content gives no facets. Knows nothing about dialogues.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from segue.catalog import Track
from segue.tokens.words import words
from segue.training.synthesis.plan import OWN_WORDS, Aspect, Facet, Named, Request
from segue.training.synthesis.themes import ThemeWords

# Features that have words; a dataset's own name for one may go on, as in tempo_bpm.
SOUNDS = (
    "tempo",
    "energy",
    "valence",
    "danceability",
    "acousticness",
    "instrumentalness",
    "speechiness",
    "loudness",
)
# A trait is told of the outer parts of the catalogue; a difference is heard from this many standard deviations on.
LOW, HIGH = 0.25, 0.75
HEARD = 0.6

Floats = npt.NDArray[np.float32]


class TraitBook:
    """The facets of the tracks of a catalogue, found when asked for. Rows number the tracks."""

    def __init__(self, tracks: Sequence[Track], scenes: Callable[[int], Iterable[str]]) -> None:
        self._tracks = tracks
        self._scenes = scenes
        self._themes = ThemeWords([track.lyrics for track in tracks if track.lyrics])
        self._scores = _standard_scores(tracks)
        self._low, self._high = _bounds(self._scores)
        self._facets: dict[int, frozenset[Facet]] = {}
        self._sung: dict[int, frozenset[str]] = {}
        self.rows = {track.track_id: row for row, track in enumerate(tracks)}

    def named(self, row: int) -> Named:
        """Return the track as it is talked about."""
        track = self._tracks[row]
        return Named(track.track_id, track.title, track.artists[0] if track.artists else "")

    def facets(self, row: int) -> frozenset[Facet]:
        """Return everything that is true of a track."""
        if row not in self._facets:
            self._facets[row] = frozenset(self._found(row))
        return self._facets[row]

    def holds(self, facet: Facet, row: int) -> bool:
        """Tell whether a facet is true of a track; the lyrics are searched in full."""
        if facet.aspect is Aspect.THEME:
            if row not in self._sung:
                self._sung[row] = frozenset(words(self._tracks[row].lyrics))
            return facet.value in self._sung[row]
        return facet in self.facets(row)

    def shared(self, rows: Sequence[int]) -> list[Facet]:
        """Return what is true of all of the tracks, sorted."""
        return sorted(frozenset.intersection(*(self.facets(row) for row in rows)))

    def shifts(self, rows: Sequence[int], other: int) -> list[Facet]:
        """Return how each of the tracks differs audibly from another one, and all in the same direction."""
        apart = self._scores[list(rows)] - self._scores[other]
        return [
            Facet(Aspect.SOUND, f"{name}{sign}")
            for sign, beyond in (("+", apart > HEARD), ("-", apart < -HEARD))
            for name, heard in zip(SOUNDS, beyond.all(axis=0), strict=True)
            if heard
        ]

    def checkable(self, request: Request) -> bool:
        """Tell whether a request says enough for a track to be wrong."""
        facets = (facet for facet in request.facets if facet.aspect not in OWN_WORDS)
        return any(True for _ in facets) or bool(request.without or request.shifts)

    def answers(self, request: Request, row: int) -> bool:
        """Tell whether a track is what a request asks for, as far as its words can tell."""
        one_of = [facet for facet in request.facets if facet.aspect in {Aspect.ARTIST, Aspect.ALBUM}]
        each = [facet for facet in request.facets if facet not in one_of and facet.aspect not in OWN_WORDS]
        if one_of and not any(self.holds(facet, row) for facet in one_of):
            return False
        if not all(self.holds(facet, row) for facet in each) or any(self.holds(bad, row) for bad in request.without):
            return False
        like = None if request.like is None else self.rows.get(request.like.track_id)
        return not request.shifts or like is None or set(request.shifts) <= set(self.shifts([row], like))

    def _found(self, row: int) -> Iterable[Facet]:
        track = self._tracks[row]
        yield from (Facet(Aspect.TAG, tag) for tag in track.tags if tag.strip())
        yield from (Facet(Aspect.ARTIST, artist) for artist in track.artists if artist.strip())
        yield from (Facet(Aspect.SCENE, word) for word in self._scenes(row))
        if track.album.strip():
            yield Facet(Aspect.ALBUM, track.album)
        if track.release_date:
            yield Facet(Aspect.ERA, f"{track.release_date[:3]}0")
        if track.lyrics:
            yield from (Facet(Aspect.THEME, word) for word in self._themes.of(track.lyrics))
        scores = self._scores[row]
        for name, below, above in zip(SOUNDS, scores < self._low, scores > self._high, strict=True):
            if below or above:
                yield Facet(Aspect.SOUND, f"{name}{'+' if above else '-'}")


def _standard_scores(tracks: Sequence[Track]) -> Floats:
    """Return the features that have words, in standard deviations from their mean, [tracks, sounds]; NaN: absent."""
    scores: Floats = np.full((len(tracks), len(SOUNDS)), np.nan, np.float32)
    for row, track in enumerate(tracks):
        for name, value in track.audio_features.items():
            sound = name.partition("_")[0]
            if sound in SOUNDS:
                scores[row, SOUNDS.index(sound)] = value
    known = ~np.isnan(scores)
    counts = np.maximum(known.sum(axis=0), 1)
    means = np.where(known, scores, 0.0).sum(axis=0) / counts
    spreads = np.sqrt(np.where(known, (scores - means) ** 2, 0.0).sum(axis=0) / counts)
    standard: Floats = ((scores - means) / np.where(spreads > 0, spreads, 1.0)).astype(np.float32)
    return standard


def _bounds(scores: Floats) -> tuple[Floats, Floats]:
    """Return what each sound's outer parts lie beyond, two of [sounds]; nothing lies beyond that of an absent one."""
    low = np.full(len(SOUNDS), -np.inf, np.float32)
    high = np.full(len(SOUNDS), np.inf, np.float32)
    for column, values in enumerate(scores.T):
        known = values[~np.isnan(values)]
        if len(known):
            low[column], high[column] = np.quantile(known, (LOW, HIGH))
    return low, high
