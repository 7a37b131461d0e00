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
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from threadpoolctl import threadpool_limits

from segue.catalog import Track
from segue.dataset import Dataset
from segue.errors import DatasetError
from segue.evaluation.metrics import RankingMetrics, rank_of
from segue.evaluation.positions import Position, positions, spread
from segue.model.checkpoint import Checkpoint
from segue.model.decoder import Decoder
from segue.model.decoder_config import DecoderConfig
from segue.model.index import Index, NeighbourList, RelatedArtists
from segue.model.scoring import BlendWeights, Context, near
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
from segue.training.blend import alone, choose
from segue.training.card import model_card
from segue.training.cooccurrence import Recency, additions, cooccurrences, neighbour_lists, related_artists
from segue.training.distributed import Peers
from segue.training.loop import LoopRules, Trainer
from segue.training.progress import RunFile
from segue.training.terms import TERMS, Asked, Terms, decoder_ranks, gather
from segue.training.watch import Silence, Watch

# Tried on validation, in days; None does not fade.
RECENCY_DAYS = (None, 180.0, 60.0, 20.0, 7.0)
PLACE_POWERS = (0.5, 1.0, 1.5)
# However many of the tracks that people add are new, the others count for as much in choosing the blend: an archive of
# playlists knows only those new tracks that were added, a catalogue has many more.
MOST_FOR_ARRIVALS = 0.5


@dataclass(frozen=True, slots=True)
class TrainingRules:
    """What a training run depends on, beside the dataset."""

    until: datetime | None = None
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
    knows no other, so `validation` looks for no other and ranks among no other. `arrivals` are positions whose wanted
    track came later; they stand for `arrival_share` of all held-back positions.
    """

    tracks: Sequence[Track]
    vocabulary: Vocabulary
    histories: Sequence[History]
    training: Sequence[History]
    validation: Sequence[Position]
    arrivals: Sequence[Position]
    arrival_share: float
    recommendable: npt.NDArray[np.bool_]
    now_ms: int
    validation_ms: int


def train(
    dataset: Dataset,
    out: Path,
    rules: TrainingRules,
    watch: Watch,
    peers: Peers = Peers(),  # noqa: B008  no state
) -> Checkpoint:
    """Train on a dataset and write the checkpoint folder. Raises DatasetError where there is nothing to learn from.

    A run that was interrupted goes on from its last epoch when it is started again with the same data and rules. Of
    several processes the leading one writes.
    """
    started = time.monotonic()
    watch = watch if peers.leads else Silence()
    torch.set_num_threads(1)
    torch.manual_seed(rules.loop.seed)
    with threadpool_limits(limits=1):
        watch.phase("Reading the dataset")
        corpus = read_corpus(dataset, rules)
        watch.phase("Making codebooks")
        codebooks, codes = _codebooks(corpus, rules)
        watch.phase("Training the decoder")
        decoder = _decoder(corpus, codebooks, rules)
        run = RunFile.beside(out, _digest(corpus, codes, decoder.config, rules))
        epochs = _train_decoder(decoder, corpus, codes, rules, watch, peers, run)
        watch.phase("Choosing the blend")
        blend, recency, measured = _blend(decoder, corpus, codes, rules.loop.seed)
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
    if not peers.leads:
        return checkpoint
    version = checkpoint.save(out, popular_tracks(index), model_card(checkpoint))
    run.remove()
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
    known = [each for each in held if recommendable[each.wanted]]
    arrived = [each for each in held if not recommendable[each.wanted]]
    return Corpus(
        tracks=tracks,
        vocabulary=vocabulary,
        histories=histories,
        training=training,
        validation=spread(known, rules.most_validation_positions),
        arrivals=spread(arrived, rules.most_validation_positions),
        arrival_share=len(arrived) / max(1, len(held)),
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
    return fit_codebooks(corpus.tracks, counts, names, rules.codebooks)


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


def _digest(corpus: Corpus, codes: Integers, config: DecoderConfig, rules: TrainingRules) -> str:
    """Return a digest of all that the decoder's training depends on; more time or patience makes no other run of it."""
    loop = replace(rules.loop, minutes=0.0, patience=0)
    digest = sha256(repr((asdict(loop), asdict(config), corpus.validation_ms, len(corpus.validation))).encode())
    digest.update(codes.tobytes())
    for history in corpus.training:
        digest.update(repr((history.kind, [moment[:4] for moment in history.moments])).encode())
    return digest.hexdigest()


def _train_decoder(
    decoder: Decoder,
    corpus: Corpus,
    codes: Integers,
    rules: TrainingRules,
    watch: Watch,
    peers: Peers = Peers(),  # noqa: B008  no state
    run: RunFile | None = None,
) -> list[dict[str, float]]:
    code_rows = codes + np.array(decoder.config.code_offsets, np.int64)
    trainer = Trainer(decoder, corpus.training, code_rows, rules.loop, peers, run)

    def validate(measured: Decoder) -> dict[str, float]:
        metrics = asdict(RankingMetrics.of(decoder_ranks(measured, code_rows, corpus.recommendable, corpus.validation)))
        return {name: round(value, 5) for name, value in metrics.items()}

    return trainer.run(validate, watch)


def _blend(
    decoder: Decoder, corpus: Corpus, codes: Integers, seed: int
) -> tuple[BlendWeights, Recency, dict[str, Any]]:
    """Choose how fast evidence fades and how far back a session counts by the neighbours alone, then all weights."""
    recency, place_power = _pace(corpus, codes, decoder.config.code_sizes)
    index = replace(
        _as_of_validation(corpus, codes, decoder.config.code_sizes, recency), recommendable=np.ones(len(codes), bool)
    )
    code_rows = codes + np.array(decoder.config.code_offsets, np.int64)
    terms = gather(decoder, code_rows, index, _asked(corpus), place_power, seed)
    blend = choose(terms, place_power, seed)
    rankers = {"blend": np.array([getattr(blend, name) for name in TERMS], np.float32)}
    rankers |= {name: alone(name) for name in ("decoder", "neighbours", "artists", "popularity")}
    measured = {name: _reached(terms, weights, len(corpus.validation)) for name, weights in rankers.items()}
    return blend, Recency(corpus.now_ms, recency.days), measured


def _asked(corpus: Corpus) -> Asked:
    """Return the positions on which the blend is chosen: of known tracks, and of those that came later."""
    counts = np.array([len(corpus.validation), len(corpus.arrivals)])
    arrivals = min(corpus.arrival_share, MOST_FOR_ARRIVALS)
    weights = np.array([1.0 - arrivals, arrivals]) / np.maximum(1, counts)
    asked = [*corpus.validation, *corpus.arrivals]
    return Asked(asked, np.repeat([0, 1], counts), np.repeat(weights, counts).astype(np.float32))


def _reached(terms: Terms, weights: Floats, known: int) -> dict[str, float]:
    """Return what a ranker reaches on positions of known tracks, and under `arrivals_` on those of new ones."""
    ranks = terms.ranks(weights).tolist()
    arrivals = asdict(RankingMetrics.of(ranks[known:]))
    return asdict(RankingMetrics.of(ranks[:known])) | {f"arrivals_{name}": value for name, value in arrivals.items()}


def _pace(corpus: Corpus, codes: Integers, sizes: tuple[int, ...]) -> tuple[Recency, float]:
    """Return the recency and the power of places with which the neighbours alone do best."""
    reached: list[tuple[float, Recency, float]] = []
    for days in RECENCY_DAYS:
        recency = Recency(corpus.validation_ms, days)
        index = replace(_as_of_validation(corpus, codes, sizes, recency), recommendable=corpus.recommendable)
        for power in PLACE_POWERS:
            ranks = [
                rank_of(
                    np.where(index.recommendable, near(index, _context(position, power)).dense(len(index)), -np.inf),
                    position.wanted,
                    position.excluded,
                )
                for position in corpus.validation
            ]
            reached.append((RankingMetrics.of(ranks).mrr, recency, power))
    _, recency, power = max(reached, key=lambda each: each[0])
    return recency, power


def _context(position: Position, place_power: float) -> Context:
    return Context.of(position.moments, position.texts, place_power)


def _as_of_validation(corpus: Corpus, codes: Integers, sizes: tuple[int, ...], recency: Recency) -> Index:
    """Return the index as of the begin of validation: without what is held back."""
    return Index.of(corpus.tracks, codes, sizes, *_evidence(corpus.training, corpus.tracks, recency))


def _evidence(
    histories: Sequence[History], tracks: Sequence[Track], recency: Recency
) -> tuple[list[NeighbourList], Floats, dict[str, RelatedArtists]]:
    """Return neighbours, popularity, and which artists are close to which: these do not fade, their fame does not."""
    counts = cooccurrences(histories, len(tracks), recency)
    playlists = [each for each in histories if each.kind == PLAYLIST]
    occurrences = additions(playlists, len(tracks), Recency(recency.now_ms))
    popularity = np.log1p(additions(histories, len(tracks), recency))
    undated = counts if recency.days is None else cooccurrences(histories, len(tracks), Recency(recency.now_ms))
    return neighbour_lists(counts, occurrences), popularity, related_artists(undated, tracks)


def _index(corpus: Corpus, codebooks: Codebooks, codes: Integers, recency: Recency) -> Index:
    """Return the index as of the cut: all neighbours, and playlist codes for tracks that had none in training."""
    neighbours, popularity, related = _evidence(corpus.histories, corpus.tracks, recency)
    column = MODALITIES.index("playlist")
    absent = codebooks.sizes[column]
    known = codes[:, column].copy()
    for row in np.flatnonzero(known == absent):
        near, weights = neighbours[row]
        if len(near):
            codes[row, column] = codebooks.from_neighbours(known[near], weights.tolist())
    return Index.of(corpus.tracks, codes, codebooks.sizes, neighbours, popularity, related)
