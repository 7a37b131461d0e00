"""What a synthetic dialogue is about before anybody has put it into words: turns, requests, feedback, answers.

Holds names and ids only, so that a writer of utterances needs neither catalogue nor playlists, and learns of the
answers no more than a listener would. `goals.py` draws plans; `templates.py` and `endpoint.py` put them into words.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Aspect(StrEnum):
    """What a facet of music is about."""

    NAME = "name"
    """The playlist's name, in words."""
    ABOUT = "about"
    """A few words of the playlist's description."""
    SCENE = "scene"
    """A word that the names of several playlists with the track share."""
    TAG = "tag"
    ARTIST = "artist"
    ALBUM = "album"
    ERA = "era"
    """A decade, as its first year: "1990"."""
    SOUND = "sound"
    """An audio trait and its side: "energy+" is far above the catalogue's middle, "energy-" far below."""
    THEME = "theme"
    """A word that the lyrics dwell on."""


# What a playlist says of itself; whether a track outside it would suit cannot be told.
OWN_WORDS = frozenset({Aspect.NAME, Aspect.ABOUT})


class Facet(NamedTuple):
    """Something that is true of a track, and that a listener could ask for."""

    aspect: Aspect
    value: str

    @property
    def opposite(self) -> Facet:
        """The other side of an audio trait."""
        return Facet(self.aspect, self.value[:-1] + ("-" if self.value.endswith("+") else "+"))


@dataclass(frozen=True, slots=True)
class Named:
    """A track as it is talked about; the artist may be unknown."""

    track_id: str
    title: str
    artist: str


class Act(StrEnum):
    """What a listener does with a turn, after the intents that LP-MusicDialog (arXiv 2411.07439) found in CPCD."""

    OPEN = "open"
    """Begins."""
    REFINE = "refine"
    """Narrows down what was asked before, which still holds."""
    SIMILAR = "similar"
    """Wants what is like a track or an artist of the last list."""
    CONTRAST = "contrast"
    """Wants what is like it, but different in one way."""
    MORE = "more"
    """Goes on; what was asked before still holds."""
    CORRECT = "correct"
    """Says what was wrong with the last list."""
    SWITCH = "switch"
    """Turns to something else."""
    CLOSE = "close"
    """Is done; wants no tracks."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a turn asks for: every facet (of artists and albums: one), none of `without`, `shifts` against `like`.

    `shifts` are audio traits relative to `like`: "energy-" is calmer than it. `by_artist` tells that `like` stands for
    its artist. `count` is the number of tracks that the listener names, if any.
    """

    act: Act
    facets: tuple[Facet, ...] = ()
    without: tuple[Facet, ...] = ()
    like: Named | None = None
    by_artist: bool = False
    shifts: tuple[Facet, ...] = ()
    count: int | None = None


class Mention(StrEnum):
    """How feedback points at a track."""

    TITLE = "title"
    ARTIST = "artist"
    BOTH = "both"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What is said of one track of the last list: `place` in it from 1 to `of`, and what was wrong, if known."""

    track: Named
    liked: bool
    mention: Mention
    place: int
    of: int
    flaw: Facet | None = None


@dataclass(frozen=True, slots=True)
class TurnPlan:
    """One turn: words about the last list, a request, and the answer to it with what will be liked and disliked.

    `pleased` is the share of the last list that was liked, 0 to 1; None on the first turn.
    """

    request: Request
    feedback: tuple[Feedback, ...] = ()
    pleased: float | None = None
    shown: tuple[Named, ...] = ()
    liked_track_ids: tuple[str, ...] = ()
    disliked_track_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DialoguePlan:
    """A dialogue without its words; `seed` and `number` make it, and what is said in it, the same every time."""

    dialogue_id: str
    seed: int
    number: int
    turns: tuple[TurnPlan, ...]
