"""Words for what lyrics dwell on, and for what playlists say of themselves: plain statistics of words.

Knows texts, no tracks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from segue.tokens.words import STOP_WORDS, content_words, words

# What playlists' names say about lists, not about music.
LIST_WORDS = frozenset(
    """
    a an and at best by essential essentials favorite favorites favourite favourites feat featuring for from ft hit
    hits hour in is its it's list lists mine mix mixtape music my new of on our part picks playlist playlists radio
    selection songs sounds the these this to today today's top tracks tunes various vol volume week weekly with your
    cover updated daily update everything ever just get got one two most latest
    """.split()  # noqa: SIM905 - one word a line would take eighty
)
_MARKUP = re.compile(r"<[^>]*>|https?://\S+|&\w+;")
_CLAUSES = re.compile(r"[.,;:!?()\[\]{}|/\n…–—\"“”]+|\s-\s")
_NAME_NOISE = re.compile(r"[^\w\s&'’.+#!$-]+")
_FIRST = re.compile(r"^(?:(?:my|the|this is|best of|all|top \d+)\s+)+(?=\S)", re.IGNORECASE)
_LAST = re.compile(r"(?:\s+(?:radio|mix|list|playlist|favou?rites|hour|hits|songs|music|picks))+$", re.IGNORECASE)
MAX_NAME_WORDS = 6

# A theme is sung more than once; it is neither everybody's word nor one song's.
LEAST_SUNG, LEAST_SONGS, MOST_SHARE = 2, 3, 0.12
MOST_SONGS_COUNTED = 20_000
THEMES_A_SONG = 6


class ThemeWords:
    """How many songs use each word of lyrics, counted over an even sample of at most 20,000 of them."""

    def __init__(self, lyrics: Sequence[str]) -> None:
        step = max(1, len(lyrics) // MOST_SONGS_COUNTED)
        counted = lyrics[::step]
        self._songs = Counter(word for text in counted for word in set(words(text)))
        self._most = max(LEAST_SONGS, int(MOST_SHARE * len(counted)))

    def of(self, text: str) -> list[str]:
        """Return what one song dwells on, most telling word first; at most six words."""
        sung = Counter(words(text))
        telling = [(word, times / self._songs[word]) for word, times in sung.items() if self._may_tell(word, times)]
        telling.sort(key=lambda pair: (-pair[1], pair[0]))
        return [word for word, _ in telling[:THEMES_A_SONG]]

    def _may_tell(self, word: str, times: int) -> bool:
        return (
            times >= LEAST_SUNG
            and len(word) > 3
            and word.isalpha()
            and word not in STOP_WORDS
            and LEAST_SONGS <= self._songs[word] <= self._most
        )


def spoken_name(name: str) -> str:
    """Return what a playlist's name says about its music, or nothing: "My jazz mix" says "jazz", "vol. 3" nothing."""
    cleaned = " ".join(_NAME_NOISE.sub(" ", _MARKUP.sub(" ", name)).replace(" - ", " ").split())
    cleaned = _LAST.sub("", _FIRST.sub("", cleaned)).strip(" .!-&'’")
    telling = any(not word.isdigit() for word in name_words(cleaned))
    return cleaned if telling and len(cleaned.split()) <= MAX_NAME_WORDS else ""


def name_words(name: str) -> list[str]:
    """Return the words of a playlist's name that say something about its music, each once."""
    return list(dict.fromkeys(word for run in _name_runs(name) for word in run if len(word) > 2))


def name_pairs(name: str) -> list[str]:
    """Return the pairs of neighbouring words of a name that may belong together: "hip hop", "road trip"."""
    return list(dict.fromkeys(" ".join(pair) for run in _name_runs(name) for pair in pairwise(run)))


def _name_runs(name: str) -> list[list[str]]:
    """Return the runs of telling words of a name; numbers and owners ("Anna's") tell nothing."""
    said = (("" if word.isdigit() or word.endswith("'s") else word) for word in words(_MARKUP.sub(" ", name)))
    return list(_runs(said))


def telling_runs(description: str) -> list[str]:
    """Return runs of two or three neighbouring words of a description that carry its content, in order."""
    runs: list[str] = []
    for clause in _CLAUSES.split(_MARKUP.sub(" ", description)):
        runs += [" ".join(run) for run in _runs(words(clause)) if len(run) > 1]
    return list(dict.fromkeys(runs))


def _runs(said: Iterable[str]) -> Iterator[list[str]]:
    run: list[str] = []
    for word in said:
        if word in LIST_WORDS or not content_words(word) or len(run) == 3:
            yield run
            run = []
        if word not in LIST_WORDS and content_words(word):
            run.append(word)
    yield run
