"""What speaks for a track in a conversation, one named column each: closeness, words, artists named, affinity.

Each is computed for the whole catalogue and weighed later (`blending.py`). All of it could be had while serving: what
was said, replied and rated so far, and the tracks' own text. Knows no encoder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from segue.catalog import Track
from segue.evaluation.baselines.lexicon import Lexicon
from segue.evaluation.dialogues.questions import Question
from segue.tokens.codebook import Floats, Integers
from segue.tokens.words import STOP_WORDS, words

# In the order of the columns. `said` is the newest utterance, `earlier` the two before it, `replied` the last reply.
TERMS = (
    "decoder",
    "closeness",
    "words said",
    "words earlier",
    "words replied",
    "artists said",
    "artists earlier",
    "artists replied",
    "affinity",
    "same song",
)
EARLIER = 2
# Two names are the same but for spelling where their trigrams agree so much (cosine).
_ALIKE = 0.55
_LONGEST_NAME = 3  # words
_SHORTEST_NAME = 4  # letters
_MOST_LIKED = 10


class ArtistNames:
    """Which tracks are by artists whom a text names, also where it spells them a little otherwise."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        names = sorted({artist for track in tracks for artist in track.artists})
        columns = {name: column for column, name in enumerate(names)}
        by = [(row, columns[artist]) for row, track in enumerate(tracks) for artist in dict.fromkeys(track.artists)]
        shape = (len(tracks), len(names))
        self._by = csr_matrix(
            (np.ones(len(by), np.float32), ([row for row, _ in by], [column for _, column in by])), shape
        )
        self._trigrams = TfidfVectorizer(analyzer="char", ngram_range=(3, 3), sublinear_tf=True)
        self._names = self._trigrams.fit_transform([_bounded("".join(words(name))) for name in names])

    def scores(self, texts: Sequence[str]) -> Floats:
        """Return for each track how well a text names the best named of its artists, 0 to 1, [tracks]."""
        spans = sorted({span for text in texts for span in _spans(words(text))})
        if not spans or not self._names.shape[1]:
            return np.zeros(self._by.shape[0], np.float32)
        alike = (self._trigrams.transform([_bounded(span) for span in spans]) @ self._names.T).max(axis=0).toarray()[0]
        named = np.where(alike > _ALIKE, alike, 0.0).astype(np.float32)
        return np.asarray(self._by.multiply(named[None, :]).max(axis=1).toarray()[:, 0], np.float32)


@dataclass(frozen=True)
class Evidence:
    """What can be said about a catalogue's tracks whatever the encoder."""

    tracks: Sequence[Track]

    @cached_property
    def lexicon(self) -> Lexicon:
        """The tracks' words."""
        return Lexicon(self.tracks)

    @cached_property
    def artists(self) -> ArtistNames:
        """The tracks' artists."""
        return ArtistNames(self.tracks)

    @cached_property
    def songs(self) -> Integers:
        """A number for each song: tracks of one title by one artist share it, [tracks]."""
        numbers: dict[tuple[str, str], int] = {}
        keys = [(" ".join(words(track.title.split("(")[0])), "".join(track.artists[:1])) for track in self.tracks]
        return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)

    def lexical(self, question: Question) -> Mapping[str, Floats]:
        """Return the terms that need no encoder, by name, each [tracks]."""
        said, earlier = question.texts[-1:], question.texts[-1 - EARLIER : -1]
        heard = {"said": said, "earlier": earlier, "replied": question.replies[-1:]}
        found = {f"words {name}": np.log1p(self.lexicon.scores(texts)) for name, texts in heard.items()}
        found |= {f"artists {name}": self.artists.scores(texts) for name, texts in heard.items()}
        found["same song"] = np.isin(self.songs, self.songs[list(question.liked)]).astype(np.float32)
        return found


def affinity(vectors: Floats, question: Question) -> Floats:
    """Return each track's closeness to the closest of the newest liked ones, [tracks]; 0 where there is none."""
    liked = list(question.liked[-_MOST_LIKED:])
    if not liked:
        return np.zeros(len(vectors), np.float32)
    return np.asarray((vectors[liked] @ vectors.T).max(axis=0), np.float32)


def _spans(said: Sequence[str]) -> list[str]:
    """Return what may be names in a text: up to three words in a row, joined, not of stop words alone."""
    spans = (
        said[start : start + length]
        for length in range(1, _LONGEST_NAME + 1)
        for start in range(len(said) - length + 1)
    )
    joined = ("".join(span) for span in spans if not STOP_WORDS.issuperset(span))
    return [name for name in joined if len(name) >= _SHORTEST_NAME]


def _bounded(name: str) -> str:
    return f"^{name}$"
