"""A turn's text: folded, cut into words with their places, and the names in it that are nobody's.

Knows text and which words the catalogue has; knows no wishes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from segue.wishes.mentions import WORD, Known

# Characters of a turn that are read; more is a text, not a wish.
MOST_READ = 1_000
_MOST_UNKNOWN_WORDS = 3
_BY_WHOM = re.compile(r"\b(?:songs?|tracks?|music|anything|something|more|some) (?:by|from)\s")


class Word(NamedTuple):
    """One word and its place."""

    text: str
    start: int
    end: int


def folded(text: str) -> str:
    """Return the text in compatibility form and lower case, apostrophes straight, without control characters."""
    plain = unicodedata.normalize("NFKC", text[:MOST_READ]).casefold().replace("\u2019", "'")
    return "".join(each if unicodedata.category(each)[0] != "C" else " " for each in plain)


def words_of(text: str) -> list[Word]:
    """Return the words of a text; "laid-back" is one."""
    return [Word(match[0], *match.span()) for match in WORD.finditer(text)]


def nobodies(text: str, known: Known) -> Iterator[str]:
    """Yield what stands where a name should, "songs by ...", and is nobody's; of names the text has only spaces."""
    for match in _BY_WHOM.finditer(text):
        if name := _nobody(text, match.end(), known):
            yield name


def _nobody(text: str, start: int, known: Known) -> str:
    """Return the words from a place on, only spaces apart, that no track carries."""
    words: list[str] = []
    for word in WORD.finditer(text, start):
        apart = text[start : word.start()].strip()
        if apart or known.book.is_common(word[0]) or word[0] in known.words:
            break
        words.append(word[0])
        start = word.end()
    return " ".join(words[:_MOST_UNKNOWN_WORDS])
