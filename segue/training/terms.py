"""The terms of a score at validation positions, unweighed, as matrices. Knows the decoder and the scorer's terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from segue.evaluation.metrics import rank_of
from segue.evaluation.positions import Position
from segue.model.decoder import Batch, Decoder
from segue.model.index import Index
from segue.model.scoring import Context, neighbour_evidence, word_share
from segue.tokens.codebook import Floats, Integers
from segue.tokens.prompt import prompt
from segue.training.blend import Terms

_BATCH = 64


def gather(decoder: Decoder, code_rows: Integers, index: Index, positions: Sequence[Position]) -> Terms:
    """Return all terms; the index gives words, neighbours, popularity, and what may be recommended at all."""
    contexts = [Context.of(position.moments, position.texts) for position in positions]
    return Terms(
        decoder=np.stack(list(decoder_scores(decoder, code_rows, positions))),
        words=np.stack([word_share(index, context) for context in contexts]),
        evidence=np.stack([neighbour_evidence(index, context) for context in contexts]),
        popularity=index.popularity,
        recommendable=index.recommendable,
    )


def with_evidence(terms: Terms, index: Index, positions: Sequence[Position]) -> Terms:
    """Return the terms with another index's neighbours and popularity."""
    contexts = [Context.of(position.moments, position.texts) for position in positions]
    evidence = np.stack([neighbour_evidence(index, context) for context in contexts])
    return replace(terms, evidence=evidence, popularity=index.popularity)


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
    columns = np.ascontiguousarray(code_rows.T)
    for start in range(0, len(positions), _BATCH):
        chunk = positions[start : start + _BATCH]
        prompts = [prompt(position.moments, position.now_ms) for position in chunk]
        logits = decoder.code_logits(decoder.last(Batch.of(prompts, code_rows))).numpy()
        for row in logits:
            yield np.sum([row[column] for column in columns], axis=0, dtype=np.float32)
