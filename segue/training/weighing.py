"""What validation decides about the blend: how fast evidence fades, how far back a session counts, and all weights.

Knows the corpus, the index and the terms; trains nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from segue.catalog import Track
from segue.evaluation.metrics import RankingMetrics, rank_of
from segue.evaluation.positions import Position
from segue.model.decoder import Decoder
from segue.model.index import Index, RelatedArtists
from segue.model.neighbour_lists import NeighbourList
from segue.model.scoring import BlendWeights, Context, near
from segue.tokens.codebook import Floats, Integers
from segue.tokens.histories import PLAYLIST, History
from segue.training.blend import alone, choose
from segue.training.cooccurrence import Recency, additions, cooccurrences, neighbour_lists, related_artists
from segue.training.corpus import Corpus
from segue.training.terms import TERMS, Asked, Terms, gather

# Tried on validation, in days; None does not fade.
RECENCY_DAYS = (None, 180.0, 60.0, 20.0, 7.0)
PLACE_POWERS = (0.5, 1.0, 1.5)
# However many of the tracks that people add are new, the others count for as much in choosing the blend: an archive of
# playlists knows only those new tracks that were added, a catalogue has many more.
MOST_FOR_ARRIVALS = 0.5
# Dialogues are few beside plays, and words are all that the first turn of one has.
SPOKEN_SHARE = 0.25


def weigh(decoder: Decoder, corpus: Corpus, codes: Integers, seed: int) -> tuple[BlendWeights, Recency, dict[str, Any]]:
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
    measured = {name: _reached(terms, weights) for name, weights in rankers.items()}
    return blend, Recency(corpus.now_ms, recency.days), measured


def _asked(corpus: Corpus) -> Asked:
    """Return the positions on which the blend is chosen: of known tracks, behind words, of tracks that came later."""
    asked = [
        # Whoever takes again what is ruled out, such as the track that is playing, says nothing about weights.
        [position for position in positions if position.wanted not in position.excluded]
        for positions in (corpus.validation, corpus.spoken, corpus.arrivals)
    ]
    counts = np.array([len(positions) for positions in asked])
    spoken = SPOKEN_SHARE if asked[1] else 0.0
    arrivals = min(corpus.arrival_share, MOST_FOR_ARRIVALS)
    weights = np.array([(1.0 - spoken) * (1.0 - arrivals), spoken * (1.0 - arrivals), arrivals]) / np.maximum(1, counts)
    kinds = np.repeat([0, 1, 2], counts)
    return Asked(
        [each for positions in asked for each in positions], kinds, np.repeat(weights, counts).astype(np.float32)
    )


def _reached(terms: Terms, weights: Floats) -> dict[str, float]:
    """Return what a ranker reaches: of known tracks, and under names of their own behind words and of new tracks."""
    ranks = terms.ranks(weights)
    reached: dict[str, float] = {}
    for kind, prefix in enumerate(("", "spoken_", "arrivals_")):
        metrics = asdict(RankingMetrics.of(ranks[terms.kinds == kind].tolist()))
        reached |= {f"{prefix}{name}": value for name, value in metrics.items()}
    return reached


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
    return Index.of(corpus.tracks, codes, sizes, *evidence(corpus.training, corpus.tracks, recency))


def evidence(
    histories: Sequence[History], tracks: Sequence[Track], recency: Recency
) -> tuple[list[NeighbourList], Floats, dict[str, RelatedArtists]]:
    """Return neighbours, popularity, and which artists are close to which: these do not fade, their fame does not."""
    counts = cooccurrences(histories, len(tracks), recency)
    playlists = [each for each in histories if each.kind == PLAYLIST]
    occurrences = additions(playlists, len(tracks), Recency(recency.now_ms))
    popularity = np.log1p(additions(histories, len(tracks), recency))
    undated = counts if recency.days is None else cooccurrences(histories, len(tracks), Recency(recency.now_ms))
    return neighbour_lists(counts, occurrences), popularity, related_artists(undated, tracks)
