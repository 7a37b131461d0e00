"""One thing that a listener asks for, as a token that can be shown, kept and explained.

Knows what can be asked; knows neither how text is read nor how a wish is granted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf


class Kind(StrEnum):
    """What is asked. The comment says which fields of a wish count."""

    COUNT = "count"  # low: how many tracks
    SECONDS = "seconds"  # low, high: how long a track may be
    YEARS = "years"  # low, high: when it came out
    NOT_YEARS = "not years"  # low, high
    ERA = "era"  # low, high: when it may sound to come from; a leaning, no limit
    CLEAN = "clean"  # nothing explicit
    INSTRUMENTAL = "instrumental"  # nobody sings
    SUNG = "sung"
    WITHOUT = "without"  # name: a word or tag that no track may carry
    LESS = "less"  # name: a word or tag that speaks against a track
    MORE = "more"  # name: a tag that speaks for a track
    NOT_ARTIST = "not artist"  # name
    BY = "by"  # name: an artist whose tracks are asked for
    ONLY_BY = "only by"  # name
    LIKE = "like"  # name, track_ids: go by these
    ALBUM = "album"  # name, track_ids
    TRACK = "track"  # track_ids: this very one
    LIKED = "liked"  # track_ids: of what was offered
    DISLIKED = "disliked"  # track_ids
    SOUND = "sound"  # name: a feature, sign: which way, track_ids: further than these, where there are any
    KEEP = "keep"  # track_ids: stay as calm and as bright as these
    NOVELTY = "novelty"  # sign: 1 for what is unheard of, -1 for what everybody knows
    FRESH = "fresh"  # nothing that was offered before
    CHANGE = "change"  # leave what was described behind, keep the limits
    RESET = "reset"  # forget everything
    ANY_LENGTH = "any length"
    ANY_YEAR = "any year"
    ANY_WORDS = "any words"  # explicit is fine


class Act(StrEnum):
    """What a turn wants to happen."""

    ASK = "ask"  # tracks
    GREET = "greet"
    THANK = "thank"
    HELP = "help"
    CHAT = "chat"  # small talk
    WHY = "why"  # why a track was recommended
    ABOUT = "about"  # what is known of a track


@dataclass(frozen=True, slots=True)
class Wish:
    """One wish. `low` and `high` are inclusive, in tracks, seconds or years; `sign` is 1 or -1."""

    kind: Kind
    name: str = ""
    low: float = -inf
    high: float = inf
    sign: int = 1
    track_ids: tuple[str, ...] = ()

    def __str__(self) -> str:
        bounds = "" if (self.low, self.high) == (-inf, inf) else f" {self.low:g}..{self.high:g}"
        sign = " -" if self.sign < 0 else ""
        named = f" {self.name}" if self.name else ""
        tracks = f" [{' '.join(self.track_ids)}]" if self.track_ids else ""
        return f"{self.kind}{sign}{named}{bounds}{tracks}"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one turn says: wishes in the order of its words, and what is left of the text for its words to be found.

    `said` is what a text encoder is to read: the turn as it is, but only what is left of it where it turns away from
    something, for an encoder does not hear a "no". `about` are the tracks that a question is about. `unknown` are
    names that were asked for and are nobody's, `missed` are places in a list that has no such place.
    """

    act: Act = Act.ASK
    wishes: tuple[Wish, ...] = ()
    text: str = ""
    said: str = ""
    about: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    missed: tuple[int, ...] = ()

    def of(self, *kinds: Kind) -> list[Wish]:
        """Return the wishes of these kinds."""
        return [wish for wish in self.wishes if wish.kind in kinds]
