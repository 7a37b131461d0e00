"""The terms of every track's score at validation positions, before they are weighed.

Knows the decoder and the scorer's terms. A sample of the tracks and the wanted ones stand for a large catalogue, so
that the matrices stay small.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from segue.evaluation.metrics import rank_of
from segue.evaluation.positions import Position
from segue.model.closeness import Closeness, question
from segue.model.decoder import Batch, Decoder
from segue.model.index import Index
from segue.model.scorer import sparse_terms
from segue.model.scoring import Context, word_share
from segue.tokens.codebook import Floats, Integers
from segue.tokens.prompt import prompt

# In the order of the columns that `Terms.values` has.
TERMS = ("decoder", "words", "closeness", "neighbours", "shelves", "artists", "scene", "again", "popularity", "new")
MOST_TRACKS = 20_000
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Asked:
    """Validation positions; `kinds` [positions] says of which kind each is, `weights` [positions] what it counts."""

    positions: Sequence[Position]
    kinds: Integers
    weights: Floats


@dataclass(frozen=True, slots=True)
class Terms:
    """`values` has shape [positions, terms, tracks]; `wanted` [positions] are columns of it.

    `allowed` [positions, tracks] tells which tracks compete at a position; kinds and weights are those of `Asked`.
    """

    values: npt.NDArray[np.float32]
    wanted: Integers
    allowed: npt.NDArray[np.bool_]
    kinds: Integers
    weights: Floats

    def of_kind(self, kind: int) -> Terms:
        """Return the positions of one kind."""
        return self.at(self.kinds == kind)

    def at(self, chosen: npt.NDArray[np.bool_]) -> Terms:
        """Return the chosen positions, [positions]."""
        return Terms(
            self.values[chosen], self.wanted[chosen], self.allowed[chosen], self.kinds[chosen], self.weights[chosen]
        )

    def ranks(self, weights: Floats) -> Integers:
        """Return the wanted tracks' ranks, from 1, with these weights of the terms; ties are pessimistic."""
        places = np.arange(len(self.wanted))
        totals = np.einsum("ptn,t->pn", self.values, weights, optimize=True)
        marks = totals[places, self.wanted][:, None]
        ranks: Integers = ((totals >= marks) & self.allowed).sum(axis=1)
        return ranks


def gather(
    decoder: Decoder,
    code_rows: Integers,
    index: Index,
    asked: Asked,
    place_power: float,
    seed: int,
    closeness: Closeness | None = None,
) -> Terms:
    """Return all terms of the tracks that the index may recommend, or of a sample of them.

    Closeness is nothing where nobody was asked, or without something that compares.
    """
    positions = asked.positions
    columns = _columns(index, positions, seed)
    allowed = np.ones((len(positions), len(columns)), bool)
    values = np.zeros((len(positions), len(TERMS), len(columns)), np.float32)
    is_new = index.popularity[columns] == 0.0
    values[:, TERMS.index("popularity")] = np.where(is_new, 0.0, index.popularity[columns])
    values[:, TERMS.index("new")] = is_new
    scored = decoder_scores(decoder, code_rows, positions)
    for place, (position, scores) in enumerate(zip(positions, scored, strict=True)):
        context = Context.of(position.moments, position.texts, place_power)
        values[place, TERMS.index("decoder")] = scores[columns]
        values[place, TERMS.index("words")] = word_share(index, context)[columns]
        if closeness is not None and position.texts:
            asked_for = question(position.moments, position.texts, index.tracks)
            values[place, TERMS.index("closeness")] = closeness.of(asked_for, len(index))[columns]
        for name, term in sparse_terms(index, context).items():
            values[place, TERMS.index(name)] = term.dense(len(index))[columns]
        allowed[place] = ~np.isin(columns, position.excluded)
    wanted = np.searchsorted(columns, [position.wanted for position in positions])
    return Terms(values, wanted, allowed, asked.kinds, asked.weights)


def decoder_ranks(
    decoder: Decoder, code_rows: Integers, recommendable: npt.NDArray[np.bool_], positions: Sequence[Position]
) -> list[int]:
    """Return the wanted tracks' ranks by the decoder alone."""
    return [
        rank_of(np.where(recommendable, scores, -np.inf), position.wanted, position.excluded)
        for position, scores in zip(positions, decoder_scores(decoder, code_rows, positions), strict=True)
    ]


@torch.inference_mode()
def decoder_scores(decoder: Decoder, code_rows: Integers, positions: Sequence[Position]) -> Iterator[Floats]:
    """Yield every track's decoder logit at each position, [tracks]."""
    decoder.eval()
    device = decoder.plain.weight.device
    columns = np.ascontiguousarray(code_rows.T)
    for start in range(0, len(positions), _BATCH):
        chunk = positions[start : start + _BATCH]
        prompts = [prompt(position.moments, position.now_ms) for position in chunk]
        logits = decoder.code_logits(decoder.last(Batch.of(prompts, code_rows, device))).cpu().numpy()
        for row in logits:
            yield np.sum([row[column] for column in columns], axis=0, dtype=np.float32)


def _columns(index: Index, positions: Sequence[Position], seed: int) -> Integers:
    """Return the rows that stand for the catalogue, ascending: all, or a sample and every wanted one."""
    rows = np.flatnonzero(index.recommendable)
    if len(rows) > MOST_TRACKS:
        rows = np.random.default_rng(seed).choice(rows, MOST_TRACKS, replace=False)
    return np.union1d(rows, [position.wanted for position in positions]).astype(np.int64)
