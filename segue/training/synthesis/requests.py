"""What a listener may ask for so that given tracks are the answer: every request is true of them, most could be else.

Knows traits and what happened in the turns before. `goals.py` chooses the tracks; nothing here is in words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from segue.training.synthesis.plan import Act, Aspect, Facet, Request
from segue.training.synthesis.traits import TraitBook
from segue.world.dice import Dice

MOST_ARTISTS = 3
# How much a kind of facet is asked for: CPCD's listeners name genres, moods, eras and artists, seldom an album.
WEIGHTS = {
    Aspect.SCENE: 2.0,
    Aspect.TAG: 3.0,
    Aspect.ERA: 1.0,
    Aspect.SOUND: 1.0,
    Aspect.THEME: 1.0,
    Aspect.ALBUM: 0.2,
}


# What a listener says no to.
REFUSED = frozenset({Aspect.SCENE, Aspect.TAG, Aspect.ERA, Aspect.SOUND, Aspect.ARTIST})


@dataclass(slots=True)
class Standing:
    """What the turns so far leave behind: the last list, what it answered, everything said."""

    own_words: tuple[Facet, ...]
    request: Request | None = None
    liked: list[int] = field(default_factory=list)
    disliked: list[int] = field(default_factory=list)
    said: set[Facet] = field(default_factory=set)

    def heard(self, request: Request, liked: Sequence[int], disliked: Sequence[int]) -> None:
        """Remember a turn. After `Act.MORE` the request before it still stands."""
        if request.act is not Act.MORE or request.facets or self.request is None:
            self.request = request
        self.liked, self.disliked = [*liked], [*disliked]
        self.said |= set(request.facets)


class Asking:
    """Draws a request for one turn: `wanted` are the tracks that answer it, `near` tracks that do not."""

    def __init__(
        self, dice: Dice, book: TraitBook, standing: Standing, wanted: Sequence[int], near: Sequence[int]
    ) -> None:
        self._dice = dice
        self._book = book
        self._standing = standing
        self._wanted = wanted
        self._near = near
        self._fresh = [facet for facet in book.shared(wanted) if facet.aspect in WEIGHTS and facet not in standing.said]

    def draw(self) -> Request:
        """Return what is asked, with a number of tracks or an exclusion now and then."""
        options = list(self._openings() if self._standing.request is None else self._followings())
        weights = np.array([weight for weight, _ in options])
        request = options[self._dice.weighted(weights)][1]
        if not request.without and request.act in {Act.OPEN, Act.REFINE, Act.SWITCH} and self._dice.chance(0.25):
            request = replace(request, without=self._unwanted(self._near))
        counted = len(self._wanted) > 1 and self._dice.chance(0.15)
        return replace(request, count=len(self._wanted)) if counted else request

    def _openings(self) -> Iterator[tuple[float, Request]]:
        own = self._standing.own_words
        artists = self._artists()
        if own:
            yield 2.0, Request(Act.OPEN, (self._dice.pick(own),))
        if self._fresh:
            yield 4.0, Request(Act.OPEN, self._some(self._fresh))
            if own:
                yield 1.5, Request(Act.OPEN, (self._dice.pick(own), *self._some(self._fresh)[:1]))
        if artists:
            yield 1.0, Request(Act.OPEN, artists)
            if own:
                yield 1.0, Request(Act.OPEN, (self._dice.pick(own), *artists))
        if not (own or self._fresh or artists):
            yield 1.0, Request(Act.OPEN)

    def _followings(self) -> Iterator[tuple[float, Request]]:
        still = self._still_holds()
        artists = self._artists()
        if self._fresh:
            yield 3.0, Request(Act.REFINE if still else Act.SWITCH, self._some(self._fresh))
        if artists:
            known = {artist for row in self._standing.liked for artist in self._artists_of(row)}
            yield 2.5, Request(Act.MORE if set(artists) <= known else Act.REFINE, artists)
        if still:
            yield 1.2, Request(Act.MORE)
        if self._standing.liked:
            yield 1.0, self._similar()
            yield from self._contrasts(self._dice.pick(self._standing.liked), Act.CONTRAST, 3.0)
        if self._standing.disliked:
            yield from self._contrasts(self._dice.pick(self._standing.disliked), Act.CORRECT, 5.0)

    def _still_holds(self) -> bool:
        request = self._standing.request
        return request is not None and all(self._book.answers(request, row) for row in self._wanted)

    def _similar(self) -> Request:
        like = self._book.named(self._dice.pick(self._standing.liked))
        by_artist = bool(like.artist) and self._dice.chance(0.5)
        facets = self._some(self._fresh)[:1] if self._fresh and self._dice.chance(0.3) else ()
        return Request(Act.SIMILAR, facets, like=like, by_artist=by_artist)

    def _contrasts(self, other: int, act: Act, weight: float) -> Iterator[tuple[float, Request]]:
        """Differences between the wanted tracks and one of the last list: by ear, by what it lacks, by what it has."""
        like = self._book.named(other)
        shifts = self._book.shifts(self._wanted, other)
        if shifts:
            yield weight, Request(act, shifts=tuple(self._dice.sample(shifts, 1)), like=like)
        lacking = [facet for facet in self._fresh if not self._book.holds(facet, other)]
        if lacking:
            yield weight / 2, Request(act, self._some(lacking)[:1], like=like)
        unwanted = self._unwanted([other])
        if unwanted:
            rare = 5 if unwanted[0].aspect is Aspect.ARTIST else 2
            yield weight / rare, Request(act, without=unwanted, like=like)

    def _unwanted(self, near: Sequence[int]) -> tuple[Facet, ...]:
        """Return one thing, or nothing, that a near track has and no wanted one."""
        had = frozenset().union(*map(self._book.facets, near))
        lacked = sorted(bad for bad in had.difference(*map(self._book.facets, self._wanted)) if bad.aspect in REFUSED)
        aspect = self._dice.pick(sorted({bad.aspect for bad in lacked})) if lacked else None
        return (self._dice.pick([bad for bad in lacked if bad.aspect is aspect]),) if lacked else ()

    def _some(self, facets: Sequence[Facet]) -> tuple[Facet, ...]:
        """Return one to three facets of different aspects, the weightier ones more often."""
        of_a_kind = Counter(facet.aspect for facet in facets)
        weights = np.array([WEIGHTS[facet.aspect] / of_a_kind[facet.aspect] for facet in facets])
        drawn = [facets[index] for index in self._dice.several(weights, self._dice.pick((1, 1, 2, 2, 3)))]
        return tuple({facet.aspect: facet for facet in drawn}.values())

    def _artists(self) -> tuple[Facet, ...]:
        """Return an artist of each wanted track, if these are few."""
        first = [self._artists_of(row)[:1] for row in self._wanted]
        artists = tuple(dict.fromkeys(artist for each in first for artist in each))
        return artists if all(first) and len(artists) <= MOST_ARTISTS else ()

    def _artists_of(self, row: int) -> tuple[Facet, ...]:
        artist = self._book.named(row).artist
        return (Facet(Aspect.ARTIST, artist),) if artist else ()


def standing_request(standing: Standing, request: Request) -> Request:
    """Return what a request comes to: `Act.MORE` without words of its own means the one before it."""
    bare = request.act is Act.MORE and not request.facets
    return standing.request if bare and standing.request is not None else request
