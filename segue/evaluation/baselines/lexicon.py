"""BM25 over a catalogue's text, asked with sentences: lexical evidence for the dialogue protocol. Knows no question."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import bm25s
import numpy as np

from segue.catalog import Track
from segue.tokens.codebook import Floats
from segue.tokens.words import content_words


class Lexicon:
    """BM25 over the tracks' text (Robertson, Zaragoza 2009; the `bm25s` library); `cut` makes words of a text."""

    def __init__(
        self,
        tracks: Sequence[Track],
        k1: float = 1.2,
        b: float = 0.75,
        cut: Callable[[str], list[str]] = content_words,
    ) -> None:
        self._tracks = len(tracks)
        self._cut = cut
        self._index = bm25s.BM25(k1=k1, b=b)
        self._index.index([cut(_text(track)) for track in tracks], show_progress=False)

    def scores(self, texts: Sequence[str]) -> Floats:
        """Return every track's score for the texts' words, [tracks]."""
        asked = [word for text in texts for word in self._cut(text)]
        return np.asarray(self._index.get_scores(asked) if asked else np.zeros(self._tracks), np.float32)


def published_words(text: str) -> list[str]:
    """Return the words of a text as `bm25s` cuts them by its documentation, without its English stop words."""
    (cut,) = bm25s.tokenize([text], stopwords="en", return_ids=False, show_progress=False)
    return [word for word in cut if word]


def _text(track: Track) -> str:
    return " ".join((*track.artists, track.title, track.album, *track.tags))
