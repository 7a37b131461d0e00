"""What validation decides about the blend: what counts as evidence and how fast it fades, and all weights.

Knows the corpus, the index and the terms; trains nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from math import sqrt
from typing import Any

import numpy as np

from segue.catalog import Shelf, Track
from segue.evaluation.metrics import RankingMetrics, rank_of
from segue.evaluation.positions import Position
from segue.model.closeness import Closeness
from segue.model.decoder import Decoder
from segue.model.index import Index, RelatedArtists
from segue.model.neighbour_lists import NeighbourList
from segue.model.scoring import BlendWeights, Context, near
from segue.tokens.codebook import Floats, Integers
from segue.tokens.histories import PLAYLIST, SESSION, History
from segue.training.blend import alone, choose, found_at
from segue.training.cooccurrence import (
    Recency,
    Shares,
    additions,
    cooccurrences,
    neighbour_lists,
    related_artists,
    shelves,
)
from segue.training.corpus import Corpus
from segue.training.terms import TERMS, Asked, Terms, gather

# Tried on validation, in days; None does not fade.
RECENCY_DAYS = (None, 180.0, 60.0, 20.0, 7.0)
PLACE_POWERS = (0.5, 1.0, 1.5)
# What a pair of one sitting counts beside a pair of one playlist.
SITTING_SHARES = (0.0, 1.0)
# However many of the tracks that people add are new, the others count for as much in choosing the blend: an archive of
# playlists knows only those new tracks that were added, a catalogue has many more.
MOST_FOR_ARRIVALS = 0.5
# Dialogues are few beside plays, and words are all that the first turn of one has.
SPOKEN_SHARE = 0.25
# The first kind of positions holds some of the second, those behind words; the third are of tracks that came later.
_KNOWN = 0


@dataclass(frozen=True, slots=True)
class Sources:
    """What neighbours are made of: evidence that fades so fast, of playlists and sittings by their shares."""

    recency: Recency
    shares: Shares


def weigh(
    decoder: Decoder,
    corpus: Corpus,
    codes: Integers,
    seed: int,
    closeness: Closeness | None = None,
    *,
    company: bool = True,
) -> tuple[BlendWeights, Sources, dict[str, Any]]:
    """Choose what is evidence and how far back a session counts by the neighbours alone, then all weights.

    Closeness weighs nothing unless held-back dialogues are clearly better with it. Without `company` nothing is
    anything's neighbour.
    """
    sources, place_power = _pace(corpus, codes, decoder.config.code_sizes, company=company)
    index = replace(
        _as_of_validation(corpus, codes, decoder.config.code_sizes, sources), recommendable=np.ones(len(codes), bool)
    )
    code_rows = codes + np.array(decoder.config.code_offsets, np.int64)
    asked = _asked(corpus)
    terms = gather(decoder, code_rows, index, asked, place_power, seed, closeness)
    blend = choose(terms, place_power, seed)
    rankers = {"blend": _as_row(blend)}
    if closeness is not None:
        deaf = choose(terms, place_power, seed, without="closeness")
        rankers |= {"blend_with_closeness": _as_row(blend), "blend_without_closeness": _as_row(deaf)}
        if not _is_better(terms, asked, _as_row(blend), _as_row(deaf)):
            blend, rankers["blend"] = deaf, _as_row(deaf)
    rankers |= {name: alone(name) for name in ("decoder", "neighbours", "artists", "popularity")}
    measured = {name: _reached(terms, weights) for name, weights in rankers.items()}
    return blend, replace(sources, recency=Recency(corpus.now_ms, sources.recency.days)), measured


def _as_row(blend: BlendWeights) -> Floats:
    return np.array([getattr(blend, name) for name in TERMS], np.float32)


def _is_better(terms: Terms, asked: Asked, one: Floats, other: Floats) -> bool:
    """Return whether the first weights find more behind words: by more than a standard error, over whole dialogues."""
    chosen = np.array([bool(position.texts) for position in asked.positions], bool) & (asked.kinds != _KNOWN)
    spoken, places = terms.at(chosen), np.flatnonzero(chosen)
    gains: dict[str, float] = {}
    for place, gain in zip(places, found_at(spoken.ranks(one)) - found_at(spoken.ranks(other)), strict=True):
        name = asked.positions[place].history
        gains[name] = gains.get(name, 0.0) + float(gain)
    return sum(gains.values()) > sqrt(sum(gain * gain for gain in gains.values()))


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


def _pace(corpus: Corpus, codes: Integers, sizes: tuple[int, ...], *, company: bool) -> tuple[Sources, float]:
    """Return the sources and the power of places with which the neighbours alone do best."""
    has_sittings = any(history.kind == SESSION for history in corpus.training)
    tried = [Shares(sittings=share) for share in (SITTING_SHARES if has_sittings else (0.0,))]
    reached: list[tuple[float, Sources, float]] = []
    for days, shares in product(RECENCY_DAYS, tried if company else [Shares(playlists=0.0)]):
        sources = Sources(Recency(corpus.validation_ms, days), shares)
        index = replace(_as_of_validation(corpus, codes, sizes, sources), recommendable=corpus.recommendable)
        for power in PLACE_POWERS:
            ranks = [
                rank_of(
                    np.where(index.recommendable, near(index, _context(position, power)).dense(len(index)), -np.inf),
                    position.wanted,
                    position.excluded,
                )
                for position in corpus.validation
            ]
            reached.append((RankingMetrics.of(ranks).mrr, sources, power))
    _, sources, power = max(reached, key=lambda each: each[0])
    return sources, power


def _context(position: Position, place_power: float) -> Context:
    return Context.of(position.moments, position.texts, place_power)


def _as_of_validation(corpus: Corpus, codes: Integers, sizes: tuple[int, ...], sources: Sources) -> Index:
    """Return the index as of the begin of validation: without what is held back."""
    return Index.of(corpus.tracks, codes, sizes, *evidence(corpus.training, corpus.tracks, sources))


def evidence(
    histories: Sequence[History], tracks: Sequence[Track], sources: Sources
) -> tuple[list[NeighbourList], Floats, dict[str, RelatedArtists], dict[int, tuple[Shelf, ...]]]:
    """Return neighbours, popularity, which artists are close to which, and which playlists hold what.

    Artists do not fade, nor does their fame.
    """
    recency, shares = sources.recency, sources.shares
    unfading = Recency(recency.now_ms)
    counts = cooccurrences(histories, len(tracks), recency, shares)
    occurrences = sum(
        weight * additions([each for each in histories if each.kind == kind], len(tracks), unfading)
        for kind, weight in ((PLAYLIST, np.float32(shares.playlists)), (SESSION, np.float32(shares.sittings)))
    )
    popularity = np.log1p(additions(histories, len(tracks), recency))
    undated = counts if recency.days is None else cooccurrences(histories, len(tracks), unfading, shares)
    held = shelves(histories) if shares.playlists else {}
    return neighbour_lists(counts, np.asarray(occurrences)), popularity, related_artists(undated, tracks), held
