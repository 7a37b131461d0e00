"""Exact scoring: every track of the index gets a logit that is a sum of named parts.

    score = playlist + tags + metadata + lyrics + audio   closeness of the decoder's state to the track's five codes
          + words        share of the utterances' weight that the track's own words carry
          + closeness    how close in meaning what was said is to what the track is called and tagged
          + neighbours   how strongly playlists put the track beside those of the session
          + shelves      how much of late the playlists gained it that hold those of the session
          + artists      how much of the session is by the track's artists
          + scene        how strongly playlists put its artists beside those of the session
          + again        what it counts that this sitting has held the track already
          + popularity   how often it was added to playlists, recent additions weighing more; or that it is new

The first five and closeness are centred over the catalogue, so a positive part speaks for a track and a negative one
against it. Words, neighbours, shelves, artists, scene and again touch few tracks and are kept as those few
(`SparseTerm`). Knows arrays and moments, neither torch nor the wording of reasons; `scorer.py` adds the parts up over
the whole catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import log

import numpy as np

from segue.model.index import Index
from segue.tokens.codebook import Floats, Integers
from segue.tokens.content import MODALITIES, spoken_words
from segue.tokens.prompt import Moment, newest_sitting
from segue.tokens.vocabulary import Control
from segue.tokens.words import content_words

PARTS = (*MODALITIES, "words", "closeness", "neighbours", "shelves", "artists", "scene", "again", "popularity")
# Tracks of the session whose neighbours count, and utterances whose words do, newest first.
MAX_CONTEXT_TRACKS = 40
MAX_CONTEXT_TURNS = 3
_FADING = 0.5
_EMPHASIS = {Control.LIKED: 1.5, Control.SEED: 1.5, Control.STARTED: 0.7}


@dataclass(frozen=True, slots=True)
class BlendWeights:
    """What each term weighs beside the decoder's logits; chosen on validation in training.

    The parts of neighbours, shelves, artists and scene are weight * log(1 + evidence / scale): more of the same
    evidence says less and less. `closeness` is what it counts for each UNIT (`closeness.py`) that a track is closer
    than most. `again` is what a track gets that the sitting has held already: below zero where people are soon tired of
    a track, above where they come back to it. `new` is what a track gets that nobody has added yet, in place of its
    popularity. `place_power` is how fast older tracks of the session count less: the n-th newest weighs
    n ** -place_power.
    """

    words: float = 6.0
    closeness: float = 0.0
    neighbours: float = 1.0
    shelves: float = 0.0
    artists: float = 0.0
    scene: float = 0.0
    again: float = 0.0
    popularity: float = 0.0
    new: float = 0.0
    decoder: float = 1.0
    place_power: float = 0.5


# Evidence that counts as one unit: what a usual neighbour, artist or related artist has.
SCALES = {"neighbours": 0.02, "shelves": 0.005, "artists": 1.0, "scene": 0.02}


@dataclass(frozen=True, slots=True)
class Context:
    """What a session holds beside its token sequence: wanted tracks and words, newest first, with weights.

    `held` are all tracks that its newest sitting has held, wanted, unwanted or offered, ascending.
    """

    rows: Integers
    row_weights: Floats
    words: Mapping[str, float]
    held: Integers

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing of what is wanted."""
        return not len(self.rows) and not self.words

    @classmethod
    def of(cls, moments: Sequence[Moment], texts: Sequence[str], place_power: float = 0.5) -> Context:
        """Weigh the newest tracks by place ** -place_power, halve each utterance's words against the one after it."""
        newest: dict[int, Control | None] = {}
        for moment in reversed(moments):
            if moment.wanted:
                newest.setdefault(moment.row, moment.control)
        kept = list(newest.items())[:MAX_CONTEXT_TRACKS]
        weights = [_EMPHASIS.get(control, 1.0) if control is not None else 1.0 for _, control in kept]
        places = np.arange(1.0, len(kept) + 1) ** place_power
        said: dict[str, float] = {}
        for age, text in enumerate(reversed(texts[-MAX_CONTEXT_TURNS:])):
            for word in content_words(text):
                said[word] = max(said.get(word, 0.0), _FADING**age)
        return cls(
            np.array([row for row, _ in kept], np.int64),
            (np.array(weights) / places).astype(np.float32) if kept else np.zeros(0, np.float32),
            said,
            _held(moments),
        )


def _held(moments: Sequence[Moment]) -> Integers:
    newest = moments[newest_sitting(moments) :]
    played = {moment.row for moment in newest if moment.is_track}
    return np.array(sorted(played.union(*(moment.offered for moment in newest))), np.int64)


@dataclass(frozen=True, slots=True)
class SparseTerm:
    """A term that few tracks have: distinct rows, ascending, and their values, both [tracks that have it]."""

    rows: Integers
    values: Floats

    def at(self, row: int) -> float:
        """Return the row's value; 0 where it has none."""
        place = int(self.rows.searchsorted(row))
        return float(self.values[place]) if place < len(self.rows) and self.rows[place] == row else 0.0

    def dense(self, tracks: int) -> Floats:
        """Return every row's value, [tracks]."""
        spread = np.zeros(tracks, np.float32)
        spread[self.rows] = self.values
        return spread


def summed(rows: Integers, values: Floats) -> SparseTerm:
    """Return the sums of the values of equal rows."""
    order = np.argsort(rows, kind="stable")
    rows, values = rows[order], values[order]
    begins = np.flatnonzero(np.diff(rows, prepend=-1))
    sums = np.add.reduceat(values, begins) if len(rows) else values
    return SparseTerm(rows[begins], sums.astype(np.float32))


@dataclass(frozen=True, slots=True)
class Scores:
    """Every row's score, [tracks], and what it is made of.

    `code_logits` are the decoder's, centred, for each modality [codes]; `words` what each word said is worth; `sparse`
    the parts that few tracks have: neighbours, shelves, artists, scene and again. `closeness` [tracks] is None where
    nothing was said or nobody listens. `depth` is what a depth decoder adds to the highest, where there is one.
    """

    index: Index
    context: Context
    totals: Floats
    code_logits: tuple[Floats, ...]
    words: Mapping[str, float]
    sparse: Mapping[str, SparseTerm]
    popularity: Floats
    closeness: Floats | None = None
    depth: SparseTerm | None = None
    steering: Mapping[str, Floats] = field(default_factory=dict)

    def parts(self, row: int) -> dict[str, float]:
        """Return the named parts of a row's score, in the order of PARTS; they sum to `score`."""
        codes = self.index.codes[row].tolist()
        parts = {
            modality: float(logits[code])
            for modality, logits, code in zip(MODALITIES, self.code_logits, codes, strict=True)
        }
        parts["words"] = self._words_of(row)
        parts["closeness"] = 0.0 if self.closeness is None else float(self.closeness[row])
        parts |= {name: term.at(row) for name, term in self.sparse.items()}
        parts["popularity"] = float(self.popularity[row])
        if self.depth is not None:
            parts["depth"] = self.depth.at(row)
        return parts | {name: float(values[row]) for name, values in self.steering.items()}

    def steered(self, steering: Mapping[str, Floats]) -> Scores:
        """Return the scores with these parts, each [tracks], added."""
        if not steering:
            return self
        totals = self.totals + np.sum([*steering.values()], axis=0)
        return replace(self, totals=np.asarray(totals, np.float32), steering=steering)

    def with_depth(self, rows: Integers, added: Floats) -> Scores:
        """Return the scores after a depth decoder added something to these rows, both [rows]."""
        order = np.argsort(rows)
        depth = SparseTerm(rows[order], added[order])
        totals = self.totals.copy()
        totals[depth.rows] += depth.values
        return replace(self, totals=totals, depth=depth)

    def decoder(self) -> Floats:
        """Return the sum of the decoder's parts alone, [tracks]."""
        columns = self.index.codes.T
        total = np.zeros(len(self.index), np.float32)
        for logits, column in zip(self.code_logits, columns, strict=True):
            total += logits[column]
        return total

    @property
    def dense(self) -> Mapping[str, Floats]:
        """Every row's value of the terms that stand beside the decoder's, each [tracks]: for evaluation."""
        said = np.zeros(len(self.index), np.float32)
        for word, value in self.words.items():
            said[self.index.by_word[word]] += np.float32(value)
        spread = {name: term.dense(len(self.index)) for name, term in self.sparse.items()}
        close = {} if self.closeness is None else {"closeness": self.closeness}
        return {"words": said, **close, **spread, "popularity": self.popularity}

    def _words_of(self, row: int) -> float:
        track = self.index.tracks[row] if self.words else None
        # The index lists a word's tracks by the same function.
        return sum(self.words.get(word, 0.0) for word in spoken_words(track)) if track is not None else 0.0


def word_values(index: Index, context: Context) -> dict[str, float]:
    """Return what each word that was said is worth, summing to 1; rare words more. Unknown words are left out."""
    weights = {word: fade * rarity(index, word) for word, fade in context.words.items() if word in index.by_word}
    total = sum(weights.values())
    return {word: weight / total for word, weight in weights.items()}


def word_share(index: Index, context: Context) -> Floats:
    """Return the share of what was said that each track's own text carries, 0 to 1; rare words count more."""
    found = np.zeros(len(index), np.float32)
    for word, value in word_values(index, context).items():
        found[index.by_word[word]] += np.float32(value)
    return found


def rarity(index: Index, word: str) -> float:
    """Return the inverse document frequency among the tracks of a word that occurs in them."""
    return log(1.0 + len(index) / (1.0 + len(index.by_word[word])))


def near(index: Index, context: Context) -> SparseTerm:
    """Return the weighted neighbourhood of the context's tracks: item-based k-nearest neighbours."""
    if not len(context.rows):
        return SparseTerm(np.zeros(0, np.int64), np.zeros(0, np.float32))
    lists = [index.neighbours[row] for row in context.rows.tolist()]
    shares = context.row_weights * index.freshness.of(context.rows)
    rows = np.concatenate([rows for rows, _ in lists])
    weights = np.concatenate([weights * share for (_, weights), share in zip(lists, shares, strict=True)])
    return summed(rows, weights)


def shelved(index: Index, context: Context) -> SparseTerm:
    """Return what the playlists that hold the context's tracks gained of late: playlist-based nearest neighbours.

    A playlist counts for the weights of the tracks that it shares with the context, and says the less of each track the
    more it gained, by the square root: a cosine in which older additions fade.
    """
    alike = list(index.shelves.alike(context.rows, context.row_weights))
    if not alike:
        return SparseTerm(np.zeros(0, np.int64), np.zeros(0, np.float32))
    shares, held, hours = zip(*alike, strict=True)
    lengths = [len(rows) for rows in held]
    fading = index.freshness.of_hours(np.concatenate(hours))
    totals = np.add.reduceat(fading, np.cumsum([0, *lengths[:-1]]))
    per_track = np.array(shares, np.float32) / np.sqrt(np.maximum(totals, np.float32(1e-20)))
    return summed(np.concatenate(held), fading * np.repeat(per_track, lengths))
