"""What the names in a text are there for: an artist by whom, a track like which, a tag, an album.

Chooses among what a name may be of by the words before it and by what was offered. Knows no senses: whether a name is
wanted is for `turn.py` to say.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Protocol

from segue.catalog import Track
from segue.wishes import phrases
from segue.wishes.names import Mention, Name, NameBook, NameKind, key_of
from segue.wishes.pointing import Shown

# Tracks by which an artist, an album or a title of several tracks is known.
MOST_TRACKS = 3
WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_JOINED_BY = re.compile(r"^\s*(?:\([^)]*\)\s*)?(?:by|from|-|–)\s*(?:the\s+)?$")


class Use(StrEnum):
    """What a name is there for."""

    BY = "by"
    ONLY = "only"
    LIKE = "like"
    OFFERED_ARTIST = "offered artist"
    TRACK = "track"
    ALBUM = "album"
    TAG = "tag"
    THAN = "than"


@dataclass(frozen=True, slots=True)
class Meant:
    """A name with its place in the text; `track_ids` are at most MOST_TRACKS, those that were offered first."""

    start: int
    end: int
    use: Use
    written: str
    track_ids: tuple[str, ...] = ()
    artist: str = ""
    is_track: bool = False
    offered: bool = False
    exact: bool = True


class Known(Protocol):
    """What is known of the catalogue here."""

    @property
    def book(self) -> NameBook:
        """The names of the catalogue."""

    @property
    def words(self) -> Container[str]:
        """The words that some track carries."""

    def track(self, track_id: str) -> Track | None:
        """Return a track that may be recommended."""

    def at(self, row: int) -> Track | None:
        """Return the track of a row of the book, if it may be recommended."""


def meanings(text: str, shown: Shown, known: Known) -> list[Meant]:
    """Return the names in a folded text, from left to right, with what each is there for."""
    places = [match.span() for match in WORD.finditer(text)]
    words = [text[start:end] for start, end in places]
    shown_titles = _shown_titles(text, shown, known)
    cued = [
        key_of(word) in shown_titles or bool(phrases.NAMED.search(text[:start]))
        for word, (start, _) in zip(words, places, strict=True)
    ]
    found: list[Meant] = []
    for mention in known.book.mentions(words, cued, known.words):
        start, end = places[mention.first][0], places[mention.last - 1][1]
        meant = _meant(mention, start, end, text, shown, known)
        if meant is None:
            continue
        if found and (joined := _joined(found[-1], meant, text, known)) is not None:
            found[-1] = joined
        else:
            found.append(meant)
    return found


def _shown_titles(text: str, shown: Shown, known: Known) -> set[str]:
    """Return the keys of the titles in the last list, where the text judges: then a common word may be one of them."""
    if not (phrases.PRAISE.search(text) or phrases.BLAME.search(text)):
        return set()
    return {key_of(track.title) for each in shown.last if (track := known.track(each)) is not None}


def _meant(mention: Mention, start: int, end: int, text: str, shown: Shown, known: Known) -> Meant | None:
    before = text[:start]
    if text[start:end] == "love" and any(start <= found.end() - 4 < end for found in phrases.VERB_LOVE.finditer(text)):
        return None
    name = _chosen(mention.names, before, shown, known)
    if name is None:
        return None
    tracks = _ordered(name, shown, known)
    if not tracks:
        return None
    offered = any(track.track_id in shown.last for track in tracks)
    is_track = name.kind is NameKind.TRACK
    return Meant(
        start=start,
        end=end,
        use=_use(name.kind, before, offered=offered),
        written=name.written,
        # Of a title that is several tracks', the one that was offered is meant, else the first.
        track_ids=tuple(track.track_id for track in tracks[: 1 if is_track else MOST_TRACKS]),
        artist=name.written if name.kind is NameKind.ARTIST else "",
        is_track=is_track,
        offered=offered,
        exact=mention.exact,
    )


def _chosen(names: Sequence[Name], before: str, shown: Shown, known: Known) -> Name | None:
    """Return the name of the kind that is meant here."""
    by_kind = {name.kind: name for name in reversed(names)}
    for kind in _kinds(before):
        if kind in by_kind and (kind is not NameKind.TRACK or _is_offered(by_kind[kind], shown, known)):
            return by_kind[kind]
    order = (NameKind.TAG, NameKind.ARTIST, NameKind.TRACK, NameKind.ALBUM)
    if offered := next((name for name in names if _is_offered(name, shown, known)), None):
        return offered
    return next((by_kind[kind] for kind in order if kind in by_kind), None)


def _kinds(before: str) -> Iterator[NameKind]:
    """Yield the kinds of name that the words before it announce."""
    if re.search(r"\b(?:album|record)\s*[\"']?$", before):
        yield NameKind.ALBUM
    if re.search(r"\b(?:song|track|called|named|titled)\s*[\"']?$", before):
        yield NameKind.TRACK
    if phrases.BY.search(before):
        yield NameKind.ARTIST


def _is_offered(name: Name, shown: Shown, known: Known) -> bool:
    """Whether it is the title or artist of a track that was offered last; not a tag, which many tracks share."""
    return name.kind in (NameKind.TRACK, NameKind.ARTIST) and any(
        track.track_id in shown.last for row in name.rows if (track := known.at(row)) is not None
    )


def _ordered(name: Name, shown: Shown, known: Known) -> list[Track]:
    """Return the name's tracks that still carry it and may be recommended, those first that were offered.

    Of a tag, which half a catalogue may carry, the first few.
    """
    tracks = (track for row in name.rows if (track := known.at(row)) is not None and _carries(track, name))
    if name.kind is NameKind.TAG:
        return list(islice(tracks, MOST_TRACKS))
    return sorted(tracks, key=lambda track: track.track_id not in shown.last)


def _carries(track: Track, name: Name) -> bool:
    if name.kind is NameKind.ARTIST:
        return name.written in track.artists
    if name.kind is NameKind.TAG:
        return any(tag.casefold() == name.written for tag in track.tags)
    return (track.album == name.written) if name.kind is NameKind.ALBUM else track.title.startswith(name.written)


def _use(kind: NameKind, before: str, *, offered: bool) -> Use:
    """Return what a name of this kind is there for, by the words before it."""
    uses = (
        (kind is NameKind.TAG, Use.TAG),
        (bool(phrases.THAN.search(before)), Use.THAN),
        (bool(phrases.LIKE.search(before)), Use.LIKE),
        (kind is NameKind.ALBUM, Use.ALBUM),
        (kind is NameKind.TRACK, Use.TRACK),
        (bool(phrases.ONLY.search(before)), Use.ONLY),
        (offered and not phrases.BY.search(before), Use.OFFERED_ARTIST),
    )
    return next((use for holds, use in uses if holds), Use.BY)


def _joined(track: Meant, artist: Meant, text: str, known: Known) -> Meant | None:
    """Return one meaning for "title by artist", of the artist's track of that title; None where there is none."""
    if not (track.is_track and artist.artist and _JOINED_BY.search(text[track.end : artist.start])):
        return None
    name = known.book.named(track.written, NameKind.TRACK)
    rows = name.rows if name is not None else ()
    own = [each for row in rows if (each := known.at(row)) is not None and artist.artist in each.artists]
    if not own:
        return None
    return Meant(
        start=track.start,
        end=artist.end,
        use=track.use,
        written=track.written,
        track_ids=(own[0].track_id,),
        is_track=True,
        offered=track.offered,
        exact=track.exact and artist.exact,
    )
