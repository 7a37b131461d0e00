"""Pointing at tracks: "the second one", "number 3", "the last two", "this song", "these".

Knows lists of track ids and what plays now; knows no names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from segue.wishes.amounts import NUMBER, number

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ORDINAL = rf"(?:{'|'.join(_ORDINALS)}|\d{{1,3}}(?:st|nd|rd|th)|last|final|top)"
_ONE = r"(?:one|song|track|tune|pick|suggestion|title|result|recommendation)"
_CLOSED = r"(?=\s*(?:$|[,.;:!?]|and\b|or\b|but\b|is\b|was\b|isn't\b|wasn't\b|please\b|sounds\b|by\b|again\b))"
_POINTS = re.compile(
    rf"\b(?:the )?(?P<edge>first|last|final|top) (?P<many>{NUMBER})(?: {_ONE}s?)?\b"
    rf"|\bthe (?P<ordinal>{_ORDINAL})(?: (?:{_ONE})\b|{_CLOSED})"
    rf"|\b(?P<bare>{_ORDINAL}) {_ONE}\b"
    rf"|(?:\b(?:number|no\.|track|song) ?|#)(?P<digits>\d{{1,3}}|one|two|three|four|five)\b"
    rf"|\b(?P<now>(?:the )?(?:current|playing) (?:one|song|track)|what(?:'s| is) playing(?: now)?|this (?:one|song"
    rf"|track)|"
    rf"this artist|this band|the artist|same artist|that artist|that band)\b"
    rf"|\b(?P<that>that (?:one|song|track)|it)\b"
    rf"|(?<=\blike )(?P<such>this|that)\b(?! \w+ (?:one|song|track)\b)"
    rf"|\b(?P<all>(?:all|both|none|any|some) of (?:these|those|them)|these(?: ones| songs| tracks| two)?|"
    rf"those(?: ones| songs| tracks)?|them)\b"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a listener has before them: the lists that were offered, oldest first, and the track that plays, if any."""

    lists: tuple[tuple[str, ...], ...] = ()
    playing: str = ""
    playing_is_newer: bool = False

    @property
    def last(self) -> tuple[str, ...]:
        """The list that was offered last."""
        return self.lists[-1] if self.lists else ()


class Pointed(NamedTuple):
    """Where a text points, and at what; `missed` is a place that the last list does not have."""

    start: int
    end: int
    track_ids: tuple[str, ...]
    missed: int = 0
    whole: bool = False


def pointed(text: str, shown: Shown) -> list[Pointed]:
    """Return where a folded text points, from left to right; what points at nothing is left out."""
    return [found for match in _POINTS.finditer(text) for found in _resolved(match, shown)]


def _resolved(match: re.Match[str], shown: Shown) -> Iterator[Pointed]:
    start, end = match.span()
    if match["now"]:
        if track := _this(shown):
            yield Pointed(start, end, (track,))
    elif match["that"]:
        if track := _that(shown):
            yield Pointed(start, end, (track,))
    elif match["such"] and (track := _such(shown)):
        yield Pointed(start, end, (track,))
    elif match["all"] or match["such"]:
        if shown.last:
            yield Pointed(start, end, shown.last, whole=True)
    elif shown.last:
        yield _numbered(match, shown.last)


def _numbered(match: re.Match[str], tracks: Sequence[str]) -> Pointed:
    start, end = match.span()
    if match["many"]:
        many = int(number(match["many"]))
        kept = tracks[-many:] if match["edge"] in ("last", "final") else tracks[:many]
        return Pointed(start, end, tuple(kept), missed=many if many > len(tracks) else 0)
    digits, ordinal = match["digits"], match["ordinal"] or match["bare"]
    place = int(number(digits)) if digits else _place(ordinal, len(tracks))
    if not 1 <= place <= len(tracks):
        return Pointed(start, end, (), missed=place)
    return Pointed(start, end, (tracks[place - 1],))


def _place(ordinal: str, length: int) -> int:
    if ordinal in ("last", "final"):
        return length
    if ordinal == "top":
        return 1
    return _ORDINALS.index(ordinal) + 1 if ordinal in _ORDINALS else int(re.sub(r"\D", "", ordinal))


def _this(shown: Shown) -> str:
    return shown.playing or (shown.last[0] if shown.last else "")


def _such(shown: Shown) -> str:
    """Return what "like this" means: what plays, unless a list came since."""
    return shown.playing if shown.playing_is_newer or not shown.last else _that(shown)


def _that(shown: Shown) -> str:
    if shown.playing and shown.playing_is_newer:
        return shown.playing
    return shown.last[0] if len(shown.last) == 1 else ""
