"""Training from end to end: a dataset folder in, a checkpoint folder out.

The newest part of the history before the cut is validation: it stops the decoder's training and chooses the blend.
Neighbours, popularity and the playlist codes of tracks that are new in it are then brought up to the cut. Knows every
part of training; prints nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from threadpoolctl import threadpool_limits

from segue.catalog import Track
from segue.dataset import Dataset
from segue.errors import DatasetError
from segue.evaluation.metrics import RankingMetrics
from segue.evaluation.positions import Position, positions, spread
from segue.model.checkpoint import Checkpoint
from segue.model.decoder import Decoder
from segue.model.decoder_config import DecoderConfig
from segue.model.index import Index, NeighbourList
from segue.model.scoring import BlendWeights
from segue.popularity import POPULAR_TRACKS
from segue.session import to_ms
from segue.tokens.codebook import Floats, Integers
from segue.tokens.codebooks import Codebooks
from segue.tokens.content import MODALITIES
from segue.tokens.fitting import CodebookRules, fit_codebooks
from segue.tokens.histories import (
    PLAYLIST,
    History,
    cut,
    existing_tracks,
    held_back_from,
    read_histories,
    word_vocabulary,
)
from segue.tokens.vocabulary import Vocabulary
from segue.training.ablation import without
from segue.training.blend import alone, choose
from segue.training.card import model_card
from segue.training.cooccurrence import Recency, additions, cooccurrences, neighbour_lists
from segue.training.loop import LoopRules, Trainer
from segue.training.terms import decoder_ranks, gather, with_evidence
from segue.training.watch import Watch

# Tried on validation, in days; None does not fade.
RECENCY_DAYS = (None, 180.0, 60.0, 20.0, 7.0)


@dataclass(frozen=True, slots=True)
class TrainingRules:
    """What a training run depends on, beside the dataset; `without` names modalities whose codes are left out."""

    until: datetime | None = None
    without: tuple[str, ...] = ()
    width: int = 256
    layers: int = 4
    most_words: int = 4_000
    word_buckets: int = 256
    validation_share: float = 0.06
    most_validation_positions: int = 500
    codebooks: CodebookRules = field(default_factory=CodebookRules)
    loop: LoopRules = field(default_factory=LoopRules)


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a dataset gives to training as of the cut: tracks, histories, and the part of them that is held back.

    `recommendable` tells which tracks were there when the held-back part began, [tracks]: a catalogue as of then
    knows no other, so validation looks for no other and ranks among no other.
    """

    tracks: Sequence[Track]
    vocabulary: Vocabulary
    histories: Sequence[History]
    training: Sequence[History]
    validation: Sequence[Position]
    recommendable: npt.NDArray[np.bool_]
    now_ms: int
    validation_ms: int


def train(dataset: Dataset, out: Path, rules: TrainingRules, watch: Watch) -> Checkpoint:
    """Train on a dataset and write the checkpoint folder. Raises DatasetError where there is nothing to learn from."""
    started = time.monotonic()
    torch.set_num_threads(1)
    torch.manual_seed(rules.loop.seed)
    with threadpool_limits(limits=1):
        watch.phase("Reading the dataset")
        corpus = read_corpus(dataset, rules)
        watch.phase("Making codebooks")
        codebooks, codes = _codebooks(corpus, rules)
        watch.phase("Training the decoder")
        decoder = _decoder(corpus, codebooks, rules)
        epochs = _train_decoder(decoder, corpus, codes, rules, watch)
        watch.phase("Choosing the blend")
        blend, recency, measured = _blend(decoder, corpus, codes)
        watch.phase("Bringing neighbours up to the cut")
        index = _index(corpus, codebooks, codes, recency)
    metrics: dict[str, Any] = {
        "validation": measured,
        "epochs": epochs,
        "recency_days": recency.days,
        "trained_until": None if rules.until is None else rules.until.isoformat(),
        "seed": rules.loop.seed,
        "parameters": sum(each.numel() for each in decoder.parameters()),
    }
    checkpoint = Checkpoint(
        config=decoder.config,
        parameters={name: values.float().numpy() for name, values in decoder.state_dict().items()},
        codebooks=codebooks,
        vocabulary=corpus.vocabulary,
        index=index,
        weights=blend,
        metrics=metrics,
    )
    version = checkpoint.save(out, popular_tracks(index), model_card(checkpoint))
    metrics["minutes"] = round((time.monotonic() - started) / 60, 2)
    return replace(checkpoint, version=version)


def read_corpus(dataset: Dataset, rules: TrainingRules) -> Corpus:
    """Read tracks and histories as of the cut, and hold the newest part back for validation."""
    until_ms = None if rules.until is None else to_ms(rules.until)
    tracks = existing_tracks(dataset, until_ms)
    rows = {track.track_id: row for row, track in enumerate(tracks)}
    vocabulary = word_vocabulary(dataset, tracks, rules.most_words, rules.word_buckets)
    histories = read_histories(dataset, rows, vocabulary, until_ms)
    if not any(moment.wanted for history in histories for moment in history.moments):
        raise DatasetError(f"{dataset.folder} holds no playlist, session or dialogue to learn from before the cut")
    times = np.sort([moment.time_ms for history in histories for moment in history.moments if moment.time_ms])
    validation_ms = int(times[int(len(times) * (1.0 - rules.validation_share))]) if len(times) else 0
    starts = [held_back_from(history, validation_ms) for history in histories]
    held = [
        position for history, start in zip(histories, starts, strict=True) for position in positions(history, start)
    ]
    training = [cut(history, start) for history, start in zip(histories, starts, strict=True) if start > 1]
    recommendable = _known(training, len(tracks)) | ~_known(histories, len(tracks))
    return Corpus(
        tracks=tracks,
        vocabulary=vocabulary,
        histories=histories,
        training=training,
        validation=spread([each for each in held if recommendable[each.wanted]], rules.most_validation_positions),
        recommendable=recommendable,
        now_ms=until_ms or (int(times[-1]) if len(times) else 0),
        validation_ms=validation_ms,
    )


def _known(histories: Sequence[History], tracks: int) -> npt.NDArray[np.bool_]:
    """Return which tracks occur in the histories, [tracks]."""
    known = np.zeros(tracks, bool)
    known[[moment.row for history in histories for moment in history.moments if moment.is_track]] = True
    return known


def popular_tracks(index: Index) -> list[Track]:
    """Return the most popular tracks of an index, most popular first; ties go by row."""
    order = np.argsort(-index.popularity, kind="stable")[:POPULAR_TRACKS]
    return [index.track(int(row)) for row in order]


def _codebooks(corpus: Corpus, rules: TrainingRules) -> tuple[Codebooks, Integers]:
    counts = cooccurrences(corpus.training, len(corpus.tracks), Recency(corpus.validation_ms))
    names: list[list[str]] = [[] for _ in corpus.tracks]
    for history in corpus.training:
        if history.kind == PLAYLIST:
            for row in {moment.row for moment in history.moments}:
                names[row].append(history.label)
    tracks, counts = without(corpus.tracks, counts, rules.without)
    return fit_codebooks(tracks, counts, names, rules.codebooks)


def _decoder(corpus: Corpus, codebooks: Codebooks, rules: TrainingRules) -> Decoder:
    heads = max(2, rules.width // 64)
    return Decoder(
        DecoderConfig(
            plain_tokens=len(corpus.vocabulary),
            code_sizes=codebooks.sizes,
            width=rules.width,
            layers=rules.layers,
            heads=heads,
            key_value_heads=heads // 2,
            feed_forward=rules.width * 11 // 4,
        )
    )


def _train_decoder(
    decoder: Decoder, corpus: Corpus, codes: Integers, rules: TrainingRules, watch: Watch
) -> list[dict[str, float]]:
    code_rows = codes + np.array(decoder.config.code_offsets, np.int64)
    trainer = Trainer(decoder, corpus.training, code_rows, rules.loop)

    def validate() -> dict[str, float]:
        metrics = asdict(RankingMetrics.of(decoder_ranks(decoder, code_rows, corpus.recommendable, corpus.validation)))
        return {name: round(value, 5) for name, value in metrics.items()}

    return trainer.run(validate, watch)


def _blend(decoder: Decoder, corpus: Corpus, codes: Integers) -> tuple[BlendWeights, Recency, dict[str, Any]]:
    """Choose how fast evidence fades by the neighbours alone, then what every term weighs."""
    code_rows = codes + np.array(decoder.config.code_offsets, np.int64)
    paces = [Recency(corpus.validation_ms, days) for days in RECENCY_DAYS]
    lists, popularity = _evidence(corpus.training, len(corpus.tracks), paces[0])
    everything = Index.of(corpus.tracks, codes, decoder.config.code_sizes, lists, popularity)
    index = replace(everything, recommendable=corpus.recommendable)
    gathered = gather(decoder, code_rows, index, corpus.validation)
    best = (-1.0, paces[0], gathered)
    for recency in paces:
        lists, popularity = _evidence(corpus.training, len(corpus.tracks), recency)
        paced = replace(index, neighbours=tuple(lists), popularity=popularity)
        candidate = with_evidence(gathered, paced, corpus.validation)
        best = max(
            best, (alone("neighbours", candidate, corpus.validation).mrr, recency, candidate), key=lambda it: it[0]
        )
    _, recency, chosen = best
    blend, reached = choose(chosen, corpus.validation, BlendWeights())
    measured = {"blend": asdict(reached)} | {
        name: asdict(alone(name, chosen, corpus.validation)) for name in ("decoder", "neighbours", "popularity")
    }
    return blend, Recency(corpus.now_ms, recency.days), measured


def _evidence(histories: Sequence[History], tracks: int, recency: Recency) -> tuple[list[NeighbourList], Floats]:
    counts = cooccurrences(histories, tracks, recency)
    occurrences = additions([each for each in histories if each.kind == PLAYLIST], tracks, Recency(recency.now_ms))
    return neighbour_lists(counts, occurrences), np.log1p(additions(histories, tracks, recency))


def _index(corpus: Corpus, codebooks: Codebooks, codes: Integers, recency: Recency) -> Index:
    """Return the index as of the cut: all neighbours, and playlist codes for tracks that had none in training."""
    neighbours, popularity = _evidence(corpus.histories, len(corpus.tracks), recency)
    column = MODALITIES.index("playlist")
    absent = codebooks.sizes[column]
    known = codes[:, column].copy()
    for row in np.flatnonzero(known == absent):
        near, weights = neighbours[row]
        if len(near):
            codes[row, column] = codebooks.from_neighbours(known[near], weights.tolist())
    return Index.of(corpus.tracks, codes, codebooks.sizes, neighbours, popularity)
