"""Exact scoring: every track of the index gets a logit that is a sum of named parts.

    score = playlist + tags + metadata + lyrics + audio   closeness of the decoder's state to the track's five codes
          + words        share of the utterances' weight that the track's own words carry
          + neighbours   how strongly playlists put the track beside those of the session
          + popularity   how often it was added to playlists, recent additions weighing more

The first five are centred over the catalogue, so a positive part speaks for a track and a negative one against it.
Knows arrays and moments; knows neither torch nor the wording of reasons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from segue.model.index import Index
from segue.tokens.codebook import Floats, Integers
from segue.tokens.content import MODALITIES
from segue.tokens.prompt import Moment
from segue.tokens.vocabulary import Control
from segue.tokens.words import content_words

PARTS = (*MODALITIES, "words", "neighbours", "popularity")
# Tracks of the session whose neighbours count, and utterances whose words do, newest first.
MAX_CONTEXT_TRACKS = 40
MAX_CONTEXT_TURNS = 3
_FADING = 0.5
_EMPHASIS = {Control.LIKED: 1.5, Control.SEED: 1.5, Control.STARTED: 0.7}


@dataclass(frozen=True, slots=True)
class BlendWeights:
    """What each term weighs beside the decoder's logits; chosen on validation in training.

    The neighbours' part is weight * log(1 + evidence / scale): diminishing returns for the same evidence.
    """

    words: float = 6.0
    neighbours: float = 1.0
    neighbours_scale: float = 0.02
    popularity: float = 0.0
    decoder: float = 1.0


@dataclass(frozen=True, slots=True)
class Context:
    """What a session holds beside its token sequence: wanted tracks and words, newest first, with weights."""

    rows: Integers
    row_weights: Floats
    words: Mapping[str, float]

    @classmethod
    def of(cls, moments: Sequence[Moment], texts: Sequence[str]) -> Context:
        """Weigh the newest tracks by 1 / sqrt(place) and halve each utterance's words against the one after it."""
        newest: dict[int, Control | None] = {}
        for moment in reversed(moments):
            if moment.wanted:
                newest.setdefault(moment.row, moment.control)
        kept = list(newest.items())[:MAX_CONTEXT_TRACKS]
        weights = [_EMPHASIS.get(control, 1.0) if control is not None else 1.0 for _, control in kept]
        places = np.sqrt(np.arange(1, len(kept) + 1))
        said: dict[str, float] = {}
        for age, text in enumerate(reversed(texts[-MAX_CONTEXT_TURNS:])):
            for word in content_words(text):
                said[word] = max(said.get(word, 0.0), _FADING**age)
        return cls(
            np.array([row for row, _ in kept], np.int64),
            (np.array(weights) / places).astype(np.float32) if kept else np.zeros(0, np.float32),
            said,
        )


@dataclass(frozen=True, slots=True)
class Scores:
    """Every row's score, [tracks], and what it is made of."""

    index: Index
    context: Context
    totals: Floats
    code_logits: tuple[Floats, ...]
    dense: Mapping[str, Floats]

    def parts(self, row: int) -> dict[str, float]:
        """Return the named parts of a row's score, in the order of PARTS; they sum to `score`."""
        codes = self.index.codes[row]
        parts = {
            modality: float(logits[code])
            for modality, logits, code in zip(MODALITIES, self.code_logits, codes, strict=True)
        }
        return parts | {name: float(values[row]) for name, values in self.dense.items()}

    def decoder(self) -> Floats:
        """Return the sum of the decoder's parts alone, [tracks]."""
        columns = self.index.codes.T
        total = np.zeros(len(self.index), np.float32)
        for logits, column in zip(self.code_logits, columns, strict=True):
            total += logits[column]
        return total


class Scorer:
    """Scores the tracks of one index. Building it costs one pass over the catalogue; do it once for a snapshot."""

    def __init__(self, index: Index, weights: BlendWeights) -> None:
        self.index = index
        self.weights = weights
        self._columns = [np.ascontiguousarray(index.codes[:, place]) for place in range(len(MODALITIES))]
        self._shares = [
            _shares(column[index.recommendable], size + 1)
            for column, size in zip(self._columns, index.code_sizes, strict=True)
        ]
        self._offsets = np.cumsum([size + 1 for size in index.code_sizes])[:-1]
        mean = float(index.popularity[index.recommendable].mean()) if index.recommendable.any() else 0.0
        self._popularity = (weights.popularity * (index.popularity - mean)).astype(np.float32)

    def score(self, code_logits: Floats, context: Context) -> Scores:
        """Return the scores of all tracks; `code_logits` has shape [code rows], as the decoder gives them."""
        modal = tuple(
            self._centred(logits, shares)
            for logits, shares in zip(np.split(code_logits, self._offsets), self._shares, strict=True)
        )
        dense = {
            "words": np.float32(self.weights.words) * word_share(self.index, context),
            "neighbours": self._neighbours(context),
            "popularity": self._popularity,
        }
        totals = np.zeros(len(self.index), np.float32)
        for logits, column in zip(modal, self._columns, strict=True):
            totals += logits[column]
        for values in dense.values():
            totals += values
        return Scores(self.index, context, totals, modal, dense)

    def _centred(self, logits: Floats, shares: Floats) -> Floats:
        return np.asarray((logits - float(shares @ logits)) * self.weights.decoder, np.float32)

    def _neighbours(self, context: Context) -> Floats:
        scaled = neighbour_evidence(self.index, context) / np.float32(self.weights.neighbours_scale)
        return np.asarray(self.weights.neighbours * np.log1p(scaled), np.float32)


def word_share(index: Index, context: Context) -> Floats:
    """Return the share of what was said that each track's own text carries, 0 to 1; rare words count more."""
    weights = {word: fade * rarity(index, word) for word, fade in context.words.items() if word in index.by_word}
    found = np.zeros(len(index), np.float32)
    for word, weight in weights.items():
        found[index.by_word[word]] += np.float32(weight / sum(weights.values()))
    return found


def rarity(index: Index, word: str) -> float:
    """Return the inverse document frequency among the tracks of a word that occurs in them."""
    return log(1.0 + len(index) / (1.0 + len(index.by_word[word])))


def neighbour_evidence(index: Index, context: Context) -> Floats:
    """Return the weighted neighbourhood of the context's tracks, [tracks]: item-based k-nearest neighbours."""
    if not len(context.rows):
        return np.zeros(len(index), np.float32)
    lists = [index.neighbours[row] for row in context.rows]
    rows = np.concatenate([rows for rows, _ in lists])
    weights = np.concatenate(
        [weights * weight for (_, weights), weight in zip(lists, context.row_weights, strict=True)]
    )
    return np.bincount(rows, weights, minlength=len(index)).astype(np.float32)


def _shares(codes: Integers, size: int) -> Floats:
    counts = np.bincount(codes, minlength=size)
    return np.asarray(counts / max(1, counts.sum()), np.float32)
