"""The names of a catalogue, and where a text says one of them, spelling mistakes and all.

A name is kept under a key of its letters and digits alone, so that "Hip-Hop" and "hiphop" are one. What nobody is
called is compared with names that begin or end alike. Knows nothing about what a mention is for.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from rapidfuzz.distance import OSA

from segue.catalog import Track
from segue.tokens.words import STOP_WORDS
from segue.wishes.lexicon import COMMON

# Words of the longest name that is looked for, and of the longest that is looked for with mistakes in it.
MOST_WORDS, MOST_FUZZY_WORDS = 8, 4
# So many places of a turn are compared with names that are not quite the same; the rest is taken as it is written.
MOST_COMPARED = 40
_SHORTEST_FUZZY = 5
_APART = re.compile(r"[^\W_]+")
_ADDED = re.compile(r"\s*[(\[].*[)\]]\s*$|\s+(?:feat\.?|ft\.?)\s.*$", re.IGNORECASE)


class NameKind(StrEnum):
    """What a name is of."""

    ARTIST = "artist"
    TRACK = "track"
    ALBUM = "album"
    TAG = "tag"


@dataclass(slots=True)
class Name:
    """A name as the catalogue writes it."""

    kind: NameKind
    written: str
    _rows: dict[int, None] = field(default_factory=dict)

    @property
    def rows(self) -> tuple[int, ...]:
        """The rows of its tracks, in order of the catalogue: a copy, for a book is read while it learns."""
        return tuple(self._rows)

    def add(self, row: int) -> bool:
        """Take in a track, and return whether it is new; the same one twice changes nothing."""
        is_new = row not in self._rows
        self._rows[row] = None
        return is_new


@dataclass(frozen=True, slots=True)
class Mention:
    """Names that the words `first` to `last` (exclusive) of a text may mean; all have one key."""

    first: int
    last: int
    names: tuple[Name, ...]
    exact: bool = True


@lru_cache(maxsize=65_536)
def key_of(name: str) -> str:
    """Return a name's letters and digits, folded and without accents, "the" and "and"."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    words = _APART.findall("".join(each for each in plain if not unicodedata.combining(each)))
    kept = [word for word in words if word not in ("the", "and")]
    return "".join(kept or words)


class NameBook:
    """Every name of a catalogue. It only grows: what is no longer true of a track is found out by its reader."""

    def __init__(self) -> None:
        self._names: dict[str, list[Name]] = {}
        self._alike: defaultdict[str, list[str]] = defaultdict(list)
        self._tag_words: set[str] = set()
        # How much it has learned: what was read with less may read otherwise now.
        self.learned = 0

    def learn(self, row: int, track: Track) -> None:
        """Take in the names of a track; the same one twice changes nothing."""
        for artist in track.artists:
            self._add(NameKind.ARTIST, artist, row)
        self._add(NameKind.TRACK, track.title, row)
        if (short := _ADDED.sub("", track.title)) != track.title:
            self._add(NameKind.TRACK, short, row)
        self._add(NameKind.ALBUM, track.album, row)
        for tag in track.tags:
            self._add(NameKind.TAG, tag.casefold(), row)
            self._tag_words.update(tag.casefold().replace("-", " ").split())

    def named(self, name: str, kind: NameKind) -> Name | None:
        """Return what is written so, up to spelling of no consequence."""
        return next((each for each in self._names.get(key_of(name), ()) if each.kind is kind), None)

    def is_common(self, word: str) -> bool:
        """Whether a word is an everyday one or one that tags are made of, so that alone it is hardly a name."""
        return word in COMMON or word in self._tag_words or word.isdecimal()

    def mentions(self, words: Sequence[str], cued: Sequence[bool], known: Container[str]) -> list[Mention]:
        """Return the names in a text's words, from left to right, none overlapping.

        `cued` says of each word whether something before it announces a name: then a common word is one too. Only what
        holds a word that is not `known` to be in some track is taken for a misspelled name.
        """
        found = self._exact(words, cued)
        # A word that is a name may be part of a longer one with a mistake in it.
        fixed = {
            place
            for mention in found
            for place in range(mention.first, mention.last)
            if mention.last - mention.first > 1 or mention.names[0].kind is NameKind.TAG
        }
        doubted = self._fuzzy(words, fixed, known)
        inside = {place for mention in doubted for place in range(mention.first, mention.last)}
        kept = [mention for mention in found if inside.isdisjoint(range(mention.first, mention.last))]
        return sorted((*kept, *doubted), key=lambda mention: mention.first)

    def _exact(self, words: Sequence[str], cued: Sequence[bool]) -> list[Mention]:
        found: list[Mention] = []
        taken: set[int] = set()
        for count in range(min(MOST_WORDS, len(words)), 0, -1):
            for first in range(len(words) - count + 1):
                places = range(first, first + count)
                names = self._names.get(key_of(" ".join(words[first : first + count])))
                if not names or not taken.isdisjoint(places):
                    continue
                sure = cued[first] or not all(self.is_common(word) for word in words[first : first + count])
                if kept := tuple(name for name in names if sure or name.kind is NameKind.TAG):
                    found.append(Mention(first, first + count, kept))
                    taken.update(places)
        return found

    def _fuzzy(self, words: Sequence[str], taken: set[int], known: Container[str]) -> list[Mention]:
        near: list[tuple[float, int, int, str]] = []
        for first, last in self._doubtful(words, taken, known):
            key = key_of(" ".join(words[first:last]))
            if (best := self._closest(key)) is not None:
                near.append((best[1] / len(key) - 0.05 * (last - first), first, last, best[0]))
        found: list[Mention] = []
        for _, first, last, key in sorted(near):
            if taken.isdisjoint(range(first, last)):
                taken.update(range(first, last))
                found.append(Mention(first, last, tuple(self._names[key]), exact=False))
        return found

    def _doubtful(self, words: Sequence[str], taken: set[int], known: Container[str]) -> Iterator[tuple[int, int]]:
        """Yield places of words that may be a misspelled name: some word of them is no everyday one."""
        compared = 0
        for first in range(len(words)):
            for last in range(first + 1, min(first + MOST_FUZZY_WORDS, len(words)) + 1):
                span = words[first:last]
                if last - 1 in taken or compared == MOST_COMPARED:
                    break
                edges = span[0] in STOP_WORDS or span[-1] in STOP_WORDS
                if last - first == 1 and key_of(span[0]) in self._names:
                    continue
                sure = all(self.is_common(word) or word in known for word in span)
                if edges or sure or len("".join(span)) < _SHORTEST_FUZZY:
                    continue
                compared += 1
                yield first, last

    def _closest(self, key: str) -> tuple[str, int] | None:
        """Return the name's key that is fewest mistakes away, and how many; None beyond one in about five letters."""
        most = 1 if len(key) < 8 else 2 if len(key) < 13 else 3
        best: tuple[str, int] | None = None
        for other in {*self._alike.get(key[:2], ()), *self._alike.get(f"*{key[-3:]}", ())}:
            if abs(len(other) - len(key)) > most:
                continue
            mistakes = OSA.distance(key, other, score_cutoff=most)
            if mistakes <= most and (best is None or (mistakes, other) < (best[1], best[0])):
                best = other, mistakes
        return best

    def _add(self, kind: NameKind, written: str, row: int) -> None:
        key = key_of(written)
        if not key:
            return
        known = self._names.setdefault(key, [])
        if not known and len(key) >= _SHORTEST_FUZZY - 1:
            self._alike[key[:2]].append(key)
            self._alike[f"*{key[-3:]}"].append(key)
        name = next((each for each in known if each.kind is kind and each.written == written), None)
        if name is None:
            name = Name(kind, written)
            known.append(name)
        self.learned += name.add(row)
