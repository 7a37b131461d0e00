"""Training from end to end: a dataset folder in, a checkpoint folder out.

The newest part of the history before the cut is validation: it stops the decoder's training and chooses the blend.
Neighbours, popularity and the playlist codes of tracks that are new in it are then brought up to the cut. Knows every
part of training; prints nothing.
"""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from segue.catalog import Track
from segue.dataset import Dataset
from segue.evaluation.metrics import RankingMetrics
from segue.model.checkpoint import Checkpoint
from segue.model.decoder import Decoder
from segue.model.decoder_config import DecoderConfig
from segue.model.index import Index
from segue.popularity import POPULAR_TRACKS
from segue.tokens.codebook import Integers
from segue.tokens.codebooks import Codebooks
from segue.tokens.content import MODALITIES
from segue.tokens.fitting import fit_codebooks
from segue.tokens.histories import (
    PLAYLIST,
)
from segue.training.ablation import bare, has_company
from segue.training.beginning import begin_at_centroids
from segue.training.card import model_card
from segue.training.cooccurrence import Recency, Shares, cooccurrences
from segue.training.corpus import Corpus, TrainingRules, read_corpus
from segue.training.distributed import Peers
from segue.training.listening import listen
from segue.training.loop import Trainer
from segue.training.run_state import RunFile
from segue.training.terms import decoder_ranks
from segue.training.watch import Silence, Watch
from segue.training.weighing import Sources, evidence, weigh


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
        corpus = replace(corpus, tracks=bare(corpus.tracks, rules.without))
        watch.phase("Making codebooks")
        codebooks, codes = _codebooks(corpus, rules)
        watch.phase("Training the decoder")
        decoder = _decoder(corpus, codebooks, rules)
        begin_at_centroids(decoder, codebooks, rules.loop.seed)
        run = RunFile.beside(out, _digest(corpus, codes, decoder.config, rules))
        epochs = _train_decoder(decoder, corpus, codes, rules, watch, peers, run)
        listening = listen(corpus, rules, watch)
        watch.phase("Choosing the blend")
        closeness = None if listening is None else listening.closeness(corpus.tracks)
        blend, sources, measured = weigh(
            decoder, corpus, codes, rules.loop.seed, closeness, company=has_company(rules.without)
        )
        watch.phase("Bringing neighbours up to the cut")
        index = _index(corpus, codebooks, codes, sources)
    metrics: dict[str, Any] = {
        "validation": measured,
        "epochs": epochs,
        "recency_days": sources.recency.days,
        "sitting_share": sources.shares.sittings,
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
    if listening is not None and blend.closeness:
        checkpoint = replace(checkpoint, text_difference=listening.difference, text_vectors=listening.vectors)
    if not peers.leads:
        return checkpoint
    version = checkpoint.save(out, popular_tracks(index), model_card(checkpoint))
    run.remove()
    metrics["minutes"] = round((time.monotonic() - started) / 60, 2)
    return replace(checkpoint, version=version)


def popular_tracks(index: Index) -> list[Track]:
    """Return the most popular tracks of an index, most popular first; ties go by row."""
    order = np.argsort(-index.popularity, kind="stable")[:POPULAR_TRACKS]
    return [index.track(int(row)) for row in order]


def _codebooks(corpus: Corpus, rules: TrainingRules) -> tuple[Codebooks, Integers]:
    # What was taken in one sitting tells of a track's company as much as a playlist does.
    company = float(has_company(rules.without))
    shares = Shares(company, company)
    counts = cooccurrences(corpus.training, len(corpus.tracks), Recency(corpus.validation_ms), shares)
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


def _index(corpus: Corpus, codebooks: Codebooks, codes: Integers, sources: Sources) -> Index:
    """Return the index as of the cut: all neighbours, and playlist codes for tracks that had none in training."""
    neighbours, popularity, related, shelves = evidence(corpus.histories, corpus.tracks, sources)
    column = MODALITIES.index("playlist")
    absent = codebooks.sizes[column]
    known = codes[:, column].copy()
    for row in np.flatnonzero(known == absent):
        near, weights = neighbours[row]
        if len(near):
            codes[row, column] = codebooks.from_neighbours(known[near], weights.tolist())
    return Index.of(corpus.tracks, codes, codebooks.sizes, neighbours, popularity, related, shelves)
