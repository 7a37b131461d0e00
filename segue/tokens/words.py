"""Words: how text is cut into them, and the bounded vocabulary that numbers them.

Knows nothing about tracks or sessions. A word outside the vocabulary lands in one of a fixed number of hash buckets, so
any text can be read and the table never grows.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

MAX_WORD_LENGTH = 32

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")

# What people say around what they mean. They carry no closeness to a track, and no reason rests on them.
STOP_WORDS = frozenset(
    """
    a about after again all also am an and any are as at be because been but by can could did do does don't
    for from get give go good got great had has have hear hello hey hi how i i'd i'll i'm i've if in into is
    it it's its just know let let's like listen looking made make many maybe me more most much music my need
    new no not now of off ok okay on one only or other our out play playlist please put really recommend right
    see she show so some someone something song songs sound sounds suggest sure than thank thanks that that's
    the their them then there these they thing think this those to too track tracks up us very want was we
    well were what what's when which who will with would yeah yes you your
    """.split()  # noqa: SIM905 - a list of 170 words would take as many lines
)


def words(text: str) -> list[str]:
    """Return the words of the text, case-folded and in compatibility form, in order."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return [match[:MAX_WORD_LENGTH] for match in _WORD.findall(folded)]


def content_words(text: str) -> list[str]:
    """Return the words that say something about music: `words` without the stop words."""
    return [word for word in words(text) if word not in STOP_WORDS]


def bucket(feature: str, buckets: int) -> int:
    """Return the hash bucket of a feature, 0 to buckets - 1; the same on every machine."""
    return zlib.crc32(feature.encode()) % buckets


@dataclass(frozen=True, slots=True)
class WordVocabulary:
    """A fixed list of words, then hash buckets for all others."""

    listed: tuple[str, ...]
    buckets: int
    _numbers: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_numbers", {word: number for number, word in enumerate(self.listed)})

    @classmethod
    def of_texts(cls, texts: Iterable[str], most: int, buckets: int, at_least: int = 2) -> WordVocabulary:
        """List the `most` frequent words that occur `at_least` so often; ties go by the alphabet."""
        counts = Counter(word for text in texts for word in words(text))
        ranked = sorted((-count, word) for word, count in counts.items() if count >= at_least)
        return cls(tuple(word for _, word in ranked[:most]), buckets)

    def __len__(self) -> int:
        return len(self.listed) + self.buckets

    def number(self, word: str) -> int:
        """Return the word's number, 0 to len - 1; `word` as `words` gives it."""
        known = self._numbers.get(word)
        return known if known is not None else len(self.listed) + bucket(word, self.buckets)
