"""What wishes do to scores: tracks that may not come at all, and named parts for and against the others.

Limits bar tracks. What is asked for, how it should sound and how well known it may be are parts of the score, beside
the decoder's. Weights are in logits: what is asked for by name outweighs everything else, a sound what usually speaks
for a track. Knows standing wishes, an index and its facts; knows no text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

import numpy as np
import numpy.typing as npt

from segue.model.facts import Facts
from segue.model.index import Index
from segue.session import Session
from segue.tokens.codebook import Floats, Integers
from segue.tokens.prompt import Moment
from segue.tokens.vocabulary import Control
from segue.wishes.lexicon import ENERGY, LENGTH, TEMPO, VALENCE, YEAR
from segue.wishes.standing import NOTHING, Standing
from segue.wishes.wish import Kind, Wish

Mask = npt.NDArray[np.bool_]

WISH_PARTS = ("asked", "sound", "novelty")
# Which part grants which wish.
PART_OF = {
    Kind.BY: "asked",
    Kind.ONLY_BY: "asked",
    Kind.ALBUM: "asked",
    Kind.TRACK: "asked",
    Kind.MORE: "asked",
    Kind.LESS: "asked",
    Kind.SOUND: "sound",
    Kind.KEEP: "sound",
    Kind.ERA: "sound",
    Kind.NOVELTY: "novelty",
}
# Logits. How they were chosen: docs/conversation.md.
NAMED, THIS_TRACK, TAGGED, UNTAGGED = 8.0, 12.0, 2.0, -4.0
SOUND, MOOD, ERA_YEAR, MOST_ERA = 2.0, 1.5, 0.15, 3.0
# What is no step, in standard deviations, further than what it is compared with does not do what was asked.
STEP, NO_STEP = 0.25, -3.0
UNPOPULAR, HEARD_ARTIST = 1.0, -2.0
# A track that does not tell a feature is taken for a little worse than the middle.
UNTOLD = -0.5
SINGS_LESS = 0.5
# Tracks by which a named artist is told in the prompt, and most tracks that are told so.
MOST_SEEDS, MOST_POINTED = 3, 10
_CONTROLS = {
    Kind.LIKED: Control.LIKED,
    Kind.DISLIKED: Control.DISLIKED,
    Kind.LIKE: Control.SEED,
    Kind.BY: Control.SEED,
    Kind.ONLY_BY: Control.SEED,
    Kind.ALBUM: Control.SEED,
    Kind.TRACK: Control.SEED,
}


@dataclass(frozen=True, slots=True)
class Steering:
    """`barred` are the limits with the tracks that each forbids; `parts` are named summands, each [tracks].

    `untold` are wishes about what no track of the catalogue tells.
    """

    barred: tuple[tuple[Wish, Mask], ...] = ()
    parts: Mapping[str, Floats] = field(default_factory=dict)
    untold: tuple[Wish, ...] = ()

    def forbidden(self, without: Wish | None = None) -> Mask | None:
        """Return what any limit, but `without`, forbids, [tracks]; None for nothing."""
        masks = [mask for wish, mask in self.barred if wish is not without]
        return np.logical_or.reduce(masks) if masks else None


class Steerer:
    """Turns wishes into parts and limits over one index."""

    def __init__(self, index: Index, facts: Facts) -> None:
        self._index = index
        self._facts = facts

    def steer(self, stands: Standing, session: Session, offered: Sequence[str]) -> Steering:
        """Return what these wishes do; `offered` are all tracks that the conversation has shown."""
        if stands is NOTHING or not stands.is_judged:
            return Steering()
        limits: list[tuple[Wish, Mask]] = []
        untold: list[Wish] = []
        parts: dict[str, Floats] = {}
        for wish in stands.wishes:
            rows = self._forbidden_rows(wish, session, offered)
            if rows is not None:
                limits.append((wish, self._mask(rows)))
            elif (mask := self._limit(wish)) is not None:
                if mask.all() and not self._is_told(wish):
                    untold.append(wish)
                else:
                    limits.append((wish, mask))
            for name, values in self._values(wish, session):
                parts[name] = parts[name] + values if name in parts else values
        return Steering(tuple(limits), {name: parts[name] for name in WISH_PARTS if name in parts}, tuple(untold))

    def moments(self, stands: Standing, told: Sequence[Moment]) -> list[Moment]:
        """Return the tracks that standing wishes point at as moments to tell before the utterance, oldest wish first.

        What the listener liked of a list is told as liked, what an artist or title stands for as a seed.
        """
        newest_ms = told[-1].time_ms if told else 0
        known = {(moment.row, moment.control) for moment in told}
        found: dict[tuple[int, Control], None] = {}
        for wish in stands.wishes:
            if (control := _CONTROLS.get(wish.kind)) is not None:
                most = MOST_SEEDS if control is Control.SEED else MOST_POINTED
                found |= dict.fromkeys((row, control) for row in self._anchors(wish, most))
        fresh = [each for each in found if each not in known][-MOST_POINTED:]
        return [Moment(newest_ms, row, control) for row, control in fresh]

    def _anchors(self, wish: Wish, most: int) -> list[int]:
        """Return at most so many tracks by which an artist, album or title is known, the most popular first."""
        rows = [row for each in wish.track_ids if (row := self._index.rows.get(each)) is not None]
        if wish.name and (own := self._index.by_artist.get(wish.name)) is not None:
            kept = own[self._index.recommendable[own]]
            rows = [int(row) for row in kept[np.argsort(-self._index.popularity[kept], kind="stable")]]
        return rows[:most]

    def _forbidden_rows(self, wish: Wish, session: Session, offered: Sequence[str]) -> Integers | None:
        """Return the rows of what a wish forbids by name; None where it forbids nothing so."""
        if wish.kind in (Kind.LIKED, Kind.DISLIKED) or (wish.kind is Kind.LIKE and not self._is_artist(wish)):
            return self._rows(wish.track_ids)
        if wish.kind is Kind.FRESH:
            return self._rows(offered)
        if wish.kind is Kind.NOVELTY and wish.sign > 0:
            return self._rows([event.track_id for event in session.events])
        if wish.kind is Kind.NOT_ARTIST:
            return self._index.by_artist.get(wish.name, np.zeros(0, np.int64))
        return self._carrying(wish.name) if wish.kind is Kind.WITHOUT else None

    def _limit(self, wish: Wish) -> Mask | None:
        """Return what a wish forbids by what tracks tell, [tracks]; None where it is no such limit."""
        if wish.kind is Kind.CLEAN:
            return self._index.explicit
        if wish.kind is Kind.ONLY_BY:
            return ~self._mask(self._index.by_artist.get(wish.name, np.zeros(0, np.int64)))
        if wish.kind in (Kind.INSTRUMENTAL, Kind.SUNG):
            return self._singing(wish)
        return self._outside(wish) if wish.kind in (Kind.SECONDS, Kind.YEARS, Kind.NOT_YEARS) else None

    def _outside(self, wish: Wish) -> Mask:
        """Return what is not of a length or year; what a track does not tell does not hold."""
        told = self._facts.feature(LENGTH if wish.kind is Kind.SECONDS else YEAR)
        inside = np.asarray((told >= wish.low) & (told <= wish.high))
        return inside if wish.kind is Kind.NOT_YEARS else ~inside

    def _singing(self, wish: Wish) -> Mask:
        """Return the tracks on which somebody sings, or nobody."""
        nobody = np.asarray(self._facts.feature("instrumentalness") > SINGS_LESS)
        if wish.kind is Kind.SUNG:
            return nobody
        nobody[self._facts.tagged("instrumental")] = True
        return ~nobody

    def _is_told(self, wish: Wish) -> bool:
        """Whether any track tells what a limit is about."""
        feature = {Kind.SECONDS: LENGTH, Kind.YEARS: YEAR, Kind.INSTRUMENTAL: "instrumentalness"}.get(wish.kind)
        return feature is None or not bool(np.isnan(self._facts.feature(feature)).all())

    def _values(self, wish: Wish, session: Session) -> Iterator[tuple[str, Floats]]:
        if wish.kind in (Kind.BY, Kind.ONLY_BY):
            yield "asked", self._spread(self._index.by_artist.get(wish.name, np.zeros(0, np.int64)), NAMED)
        elif wish.kind is Kind.ALBUM:
            yield "asked", self._spread(self._album(wish), NAMED)
        elif wish.kind is Kind.TRACK:
            yield "asked", self._spread(self._rows(wish.track_ids), THIS_TRACK)
        elif wish.kind in (Kind.MORE, Kind.LESS):
            weight = TAGGED if wish.kind is Kind.MORE else UNTAGGED
            yield "asked", self._spread(self._carrying(wish.name), weight)
        elif wish.kind is Kind.SOUND:
            yield "sound", self._further(wish)
        elif wish.kind is Kind.KEEP:
            for feature in (ENERGY, VALENCE, TEMPO):
                if (middle := self._middle(feature, wish.track_ids)) is not None:
                    yield "sound", -MOOD * np.minimum(np.abs(self._standard(feature, middle)), 2.0)
        elif wish.kind is Kind.ERA:
            years = self._facts.feature(YEAR)
            away = np.maximum(np.maximum(wish.low - years, years - wish.high), 0.0)
            yield "sound", -np.nan_to_num(np.minimum(ERA_YEAR * away, MOST_ERA), nan=MOST_ERA).astype(np.float32)
        elif wish.kind is Kind.NOVELTY:
            yield "novelty", self._novelty(wish, session)

    def _further(self, wish: Wish) -> Floats:
        """Return how far each track goes the way that is asked; past the tracks it is compared with no more counts."""
        middle = self._middle(wish.name, wish.track_ids)
        start = self._facts.spread(wish.name)[0] if middle is None else middle
        steps = wish.sign * self._standard(wish.name, start, untold=UNTOLD * wish.sign)
        values = SOUND * np.clip(steps, -2.0, 1.0)
        if middle is not None:
            values[steps < STEP] += NO_STEP
        return np.asarray(values, np.float32)

    def _novelty(self, wish: Wish, session: Session) -> Floats:
        popularity = self._index.popularity
        spread = float(popularity.std()) or 1.0
        values = -UNPOPULAR * wish.sign * np.clip((popularity - popularity.mean()) / spread, -2.0, 2.0)
        if wish.sign > 0:
            for artist in dict.fromkeys(self._heard_artists(session)):
                values[self._index.by_artist.get(artist, np.zeros(0, np.int64))] += HEARD_ARTIST
        return np.asarray(values, np.float32)

    def _heard_artists(self, session: Session) -> Iterator[str]:
        for event in session.events:
            row = self._index.rows.get(event.track_id)
            track = self._index.tracks[row] if row is not None else None
            yield from track.artists if track is not None else ()

    def _standard(self, feature: str, middle: float, untold: float = UNTOLD) -> Floats:
        steps = (self._facts.feature(feature) - middle) / self._facts.spread(feature)[1]
        return np.asarray(np.nan_to_num(steps, nan=untold), np.float32)

    def _middle(self, feature: str, track_ids: Sequence[str]) -> float | None:
        told = self._facts.feature(feature)[self._rows(track_ids)]
        told = told[~np.isnan(told)]
        middle = float(told.mean()) if len(told) else np.nan
        return middle if isfinite(middle) else None

    def _carrying(self, phrase: str) -> Integers:
        """Return the rows of the tracks with such a tag; where nobody has one, of those with all its words."""
        if len(rows := self._facts.tagged(phrase)):
            return rows
        words = phrase.split()
        found = [self._index.by_word[word] for word in words if word in self._index.by_word]
        if len(found) < len(words) or not found:
            return np.zeros(0, np.int64)
        return np.array(sorted(set.intersection(*(set(rows.tolist()) for rows in found))), np.int64)

    def _album(self, wish: Wish) -> Integers:
        rows = self._rows(wish.track_ids)
        artists = {artist for row in rows for artist in self._index.track(row).artists[:1]}
        own = [row for artist in artists for row in self._index.by_artist[artist].tolist()]
        return np.array(
            [row for row in own if (track := self._index.tracks[row]) is not None and track.album == wish.name],
            np.int64,
        )

    def _is_artist(self, wish: Wish) -> bool:
        return wish.name in self._index.by_artist

    def _rows(self, track_ids: Sequence[str]) -> Integers:
        found = (self._index.rows.get(track_id) for track_id in track_ids)
        return np.array(sorted({row for row in found if row is not None}), np.int64)

    def _mask(self, rows: Integers) -> Mask:
        mask = np.zeros(len(self._index), bool)
        mask[rows] = True
        return mask

    def _spread(self, rows: Integers, value: float) -> Floats:
        values = np.zeros(len(self._index), np.float32)
        values[rows] = value
        return values
