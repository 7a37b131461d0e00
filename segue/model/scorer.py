"""Adds the named parts of a score up over a whole catalogue: five gathers, then what few tracks have.

What does not depend on the session is made once for a snapshot. torch gathers a million rows five times in 2.3 ms on
one thread, numpy in 8 (`make bench-model` measures the whole answer). Knows parts; knows no filters.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from segue.model.artists import heard_artists, related_artists, tracks_of
from segue.model.index import Index
from segue.model.scoring import SCALES, BlendWeights, Context, Scores, SparseTerm, near, shelved, word_values
from segue.model.turns import Turn
from segue.tokens.codebook import Floats


class Scorer:
    """Scores the tracks of one index. Building it costs one pass over the catalogue, each column in a `turn`."""

    def __init__(self, index: Index, weights: BlendWeights, turn: Turn = nullcontext) -> None:
        self.index = index
        self.weights = weights
        self._columns: list[Tensor] = []
        self._shares: list[Floats] = []
        every = bool(index.recommendable.all())
        for column, size in zip(index.codes.T, index.code_sizes, strict=True):
            with turn():
                own = np.ascontiguousarray(column)
                self._columns.append(torch.from_numpy(own.astype(np.int32)))
                self._shares.append(_shares(own if every else own[index.recommendable], size + 1))
        self._offsets = np.cumsum([size + 1 for size in index.code_sizes])[:-1]
        with turn():
            self._popularity = popularity_part(index, weights)
        with turn():
            # That a track is new speaks for it beside what somebody wants; nobody wants it for that alone.
            self._popularity_alone = popularity_part(index, replace(weights, new=min(0.0, weights.new)))

    def score(self, code_logits: Floats, context: Context, closeness: Floats | None = None) -> Scores:
        """Return the scores of all tracks; `code_logits` has shape [code rows], as the decoder gives them.

        `closeness` [tracks] is the part that what was said gives to each.
        """
        modal = tuple(
            self._centred(logits, shares)
            for logits, shares in zip(np.split(code_logits, self._offsets), self._shares, strict=True)
        )
        words = {word: self.weights.words * value for word, value in word_values(self.index, context).items()}
        sparse = {
            name: SparseTerm(term.rows, np.float32(getattr(self.weights, name)) * term.values)
            for name, term in sparse_terms(self.index, context).items()
        }
        totals = self._gathered(modal).numpy()
        popularity = self._popularity_alone if context.is_empty else self._popularity
        totals += popularity
        if closeness is not None:
            totals += closeness
        for word, value in words.items():
            totals[self.index.by_word[word]] += np.float32(value)
        for term in sparse.values():
            totals[term.rows] += term.values
        return Scores(self.index, context, totals, modal, words, sparse, popularity, closeness)

    def _gathered(self, modal: tuple[Floats, ...]) -> Tensor:
        tables = [torch.from_numpy(logits) for logits in modal]
        totals = torch.index_select(tables[0], 0, self._columns[0])
        gathered = torch.empty_like(totals)
        for table, column in zip(tables[1:], self._columns[1:], strict=True):
            torch.index_select(table, 0, column, out=gathered)
            totals += gathered
        return totals

    def _centred(self, logits: Floats, shares: Floats) -> Floats:
        return np.asarray((logits - float(shares @ logits)) * self.weights.decoder, np.float32)


def sparse_terms(index: Index, context: Context) -> dict[str, SparseTerm]:
    """Return the terms that few tracks have, not weighed, by their parts' names.

    They are log(1 + evidence / scale), but that a track is there again is a plain 1.
    """
    heard = heard_artists(index, context)
    evidence = {
        "neighbours": near(index, context),
        "shelves": shelved(index, context),
        "artists": tracks_of(index, heard),
        "scene": tracks_of(index, related_artists(index, heard)),
    }
    terms = {
        name: SparseTerm(term.rows, np.log1p(term.values / np.float32(SCALES[name]))) for name, term in evidence.items()
    }
    return terms | {"again": SparseTerm(context.held, np.ones(len(context.held), np.float32))}


def popularity_part(index: Index, weights: BlendWeights) -> Floats:
    """Return every track's part from popularity, [tracks], centred over what may be recommended."""
    is_new = index.popularity == 0.0
    part = np.where(is_new, weights.new, weights.popularity * index.popularity)
    mean = float(part[index.recommendable].mean()) if index.recommendable.any() else 0.0
    return np.asarray(part - mean, np.float32)


def _shares(codes: npt.NDArray[np.int32], size: int) -> Floats:
    counts = np.bincount(codes, minlength=size)
    return np.asarray(counts / max(1, counts.sum()), np.float32)
