"""Wishes in words, as a reply and a reason say them: nothing of a turn's own text but names that the catalogue has.

Knows wishes, and no tracks: what is said of a track is said by its place in a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import isfinite

from segue.wishes.lexicon import FEATURE_WORDS
from segue.wishes.wish import Kind, Wish

_PLAIN = {
    Kind.CLEAN: "nothing explicit",
    Kind.INSTRUMENTAL: "no vocals",
    Kind.SUNG: "with vocals",
    Kind.LIKED: "more like what you liked",
    Kind.DISLIKED: "away from what you did not like",
    Kind.KEEP: "in the same mood",
    Kind.FRESH: "nothing that you have seen already",
    Kind.CHANGE: "something different",
    Kind.RESET: "from the start",
    Kind.ANY_LENGTH: "of any length",
    Kind.ANY_YEAR: "of any year",
    Kind.ANY_WORDS: "explicit or not",
    Kind.TRACK: "the track that you named",
    Kind.ALBUM: "from the album you named",
}
_NAMED = {
    Kind.WITHOUT: "no {}",
    Kind.LESS: "less {}",
    Kind.MORE: "more {}",
    Kind.NOT_ARTIST: "nothing by {}",
    Kind.BY: "by {}",
    Kind.ONLY_BY: "only by {}",
}


def told(wish: Wish, artists: Iterable[str] = ()) -> str:
    """Return a wish in a few words; empty for a number of tracks, which needs none.

    What is like a name is named only if that is one of the `artists`: a title may be no track of the list.
    """
    if wish.kind in _NAMED:
        return _NAMED[wish.kind].format(wish.name)
    if wish.kind is Kind.LIKE:
        return f"like {wish.name}" if wish.name in artists else "like the one you named"
    return _WRITTEN[wish.kind](wish) if wish.kind in _WRITTEN else _PLAIN.get(wish.kind, "")


def told_all(wishes: Iterable[Wish], artists: Iterable[str] = (), most: int = 5) -> list[str]:
    """Return wishes in words, each once, at most so many."""
    known = frozenset(artists)
    return [said for said in dict.fromkeys(told(wish, known) for wish in wishes) if said][:most]


def _years(wish: Wish) -> str:
    said = _decade(wish) or _between(wish, lambda year: f"{year:.0f}", "from {} on", "up to {}", "from {} to {}")
    if wish.kind is Kind.NOT_YEARS:
        return f"nothing {said}"
    return f"as if {said}" if wish.kind is Kind.ERA else said


def _decade(wish: Wish) -> str:
    whole = isfinite(wish.low) and wish.low % 10 == 0 and wish.high == wish.low + 9
    if whole:
        return f"from the {wish.low:.0f}s"
    return f"from {wish.low:.0f}" if wish.low == wish.high else ""


def _minutes(seconds: float) -> str:
    if seconds < 60.0:
        return f"{seconds:.0f} seconds"
    minutes, rest = divmod(round(seconds), 60)
    if rest:
        return f"{minutes}:{rest:02d} minutes"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def _between(wish: Wish, write: Callable[[float], str], least: str, most: str, both: str) -> str:
    if isfinite(wish.low) and isfinite(wish.high):
        return both.format(write(wish.low), write(wish.high))
    return least.format(write(wish.low)) if isfinite(wish.low) else most.format(write(wish.high))


_WRITTEN: Mapping[Kind, Callable[[Wish], str]] = {
    Kind.SOUND: lambda wish: FEATURE_WORDS[wish.name][wish.sign > 0],
    Kind.NOVELTY: lambda wish: "less known" if wish.sign > 0 else "well known",
    Kind.SECONDS: lambda wish: _between(wish, _minutes, "at least {}", "at most {}", "{} to {}"),
    Kind.YEARS: _years,
    Kind.NOT_YEARS: _years,
    Kind.ERA: _years,
}
