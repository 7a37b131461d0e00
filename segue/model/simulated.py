"""An untrained checkpoint over a made-up catalogue of any size, for benchmarks: what it says means nothing.

A million tracks are arrays and rules, not a million objects: tracks and ids are made when they are looked at, from
their row alone. Knows nothing about benchmarks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast, overload

import numpy as np
import torch

from segue.catalog import Track
from segue.model.checkpoint import Checkpoint
from segue.model.decoder import Decoder
from segue.model.decoder_config import DecoderConfig
from segue.model.index import NEVER, Index, RelatedArtists
from segue.model.markets import Markets
from segue.model.neighbour_lists import MAX_NEIGHBOURS, NeighbourList
from segue.model.scoring import BlendWeights
from segue.model.text_encoder import DIMENSIONS
from segue.model.track_vectors import MOST_AXES, TrackVectors
from segue.tokens.codebook import Clusters, Codebook, CodeFacts, Integers
from segue.tokens.codebooks import Codebooks
from segue.tokens.content import MODALITIES
from segue.tokens.vocabulary import Vocabulary
from segue.tokens.words import WordVocabulary

CODES = 1_024
WORDS = 4_000
# Tags, of which every track has one, so that a word finds 2 % of the tracks; tracks of one artist.
TAGS = 50
TRACKS_BY_ARTIST = 10
# Share of the tracks that may not be recommended, and that are explicit.
_GONE, _EXPLICIT = 0.01, 0.1
_NEIGHBOUR_LISTS = 997
# With it, vectors of drawn numbers are about as long as one.
_STEP = 0.001
_RELATED = tuple((step, 1.0 / (1 + step)) for step in range(1, 21))


def simulated_checkpoint(tracks: int, width: int = 256, layers: int = 4, seed: int = 1) -> Checkpoint:
    """Return a checkpoint with so many tracks and random weights; the same arguments give the same one."""
    random = np.random.default_rng(seed)
    torch.manual_seed(seed)
    codebooks = Codebooks({modality: _codebook(modality) for modality in MODALITIES})
    vocabulary = Vocabulary(WordVocabulary(tuple(f"word{number}" for number in range(WORDS)), 256))
    heads = max(2, width // 64)
    config = DecoderConfig(
        len(vocabulary),
        codebooks.sizes,
        width=width,
        layers=layers,
        heads=heads,
        key_value_heads=heads // 2,
        feed_forward=width * 11 // 4,
    )
    return Checkpoint(
        config=config,
        parameters={name: values.numpy() for name, values in Decoder(config).state_dict().items()},
        codebooks=codebooks,
        vocabulary=vocabulary,
        index=simulated_index(tracks, codebooks.sizes, random),
        weights=BlendWeights(closeness=0.5, artists=0.5, scene=0.3, popularity=0.3, new=0.1),
        metrics={},
        version="simulated",
        text_vectors=_text_vectors(tracks, random),
    )


def _text_vectors(tracks: int, random: np.random.Generator) -> TrackVectors:
    levels = random.integers(-127, 128, (tracks, MOST_AXES), np.int8)
    axes = random.normal(size=(DIMENSIONS, MOST_AXES)).astype(np.float32) / np.sqrt(DIMENSIONS)
    return TrackVectors(levels, _STEP, np.zeros(DIMENSIONS, np.float32), np.asarray(axes, np.float32))


def simulated_index(tracks: int, code_sizes: tuple[int, ...], random: np.random.Generator) -> Index:
    """Return an index whose codes, popularity and filters are drawn, and whose tracks follow from their rows."""
    codes = np.stack([random.integers(0, size, tracks) for size in code_sizes], axis=1)
    lists = cast("tuple[NeighbourList, ...]", _Neighbours(tracks, random))
    popularity = random.exponential(1.0, tracks).astype(np.float32)
    return Index(
        tracks=cast("tuple[Track | None, ...]", _Tracks(tracks)),
        rows=_Rows(tracks),
        codes=codes,
        stored_codes=codes,
        code_sizes=code_sizes,
        neighbours=lists,
        stored_neighbours=lists,
        popularity=popularity,
        stored_popularity=popularity,
        recommendable=random.random(tracks) >= _GONE,
        explicit=random.random(tracks) < _EXPLICIT,
        by_word={f"tag{tag}": np.arange(tag, tracks, TAGS) for tag in range(TAGS)},
        by_artist=_by_artist(tracks),
        related_artists=_related_artists(tracks),
        artist_credit=np.ones(tracks, np.float32),
        versions=np.full(tracks, NEVER, np.int64),
        markets=Markets.everywhere(tracks),
    )


class _Tracks(Sequence[Track]):
    def __init__(self, tracks: int) -> None:
        self._tracks = tracks

    def __len__(self) -> int:
        return self._tracks

    @overload
    def __getitem__(self, row: int) -> Track: ...

    @overload
    def __getitem__(self, row: slice) -> Sequence[Track]: ...

    def __getitem__(self, row: int | slice) -> Track | Sequence[Track]:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(self._tracks))]
        return Track(
            track_id=f"t{row}",
            title=f"Title {row}",
            artists=(_artist(row),),
            tags=(f"tag{row % TAGS}",),
        )


class _Rows(Mapping[str, int]):
    def __init__(self, tracks: int) -> None:
        self._tracks = tracks

    def __getitem__(self, track_id: str) -> int:
        row = int(track_id.removeprefix("t"))
        if not 0 <= row < self._tracks:
            raise KeyError(track_id)
        return row

    def __iter__(self) -> Iterator[str]:
        return (f"t{row}" for row in range(self._tracks))

    def __len__(self) -> int:
        return self._tracks


def _by_artist(tracks: int) -> dict[str, Integers]:
    return {
        _artist(first): np.arange(first, min(first + TRACKS_BY_ARTIST, tracks))
        for first in range(0, tracks, TRACKS_BY_ARTIST)
    }


def _related_artists(tracks: int) -> dict[str, RelatedArtists]:
    """Return the artists beside each artist: those that come next."""
    names = [_artist(first) for first in range(0, tracks, TRACKS_BY_ARTIST)]
    return {
        name: [(names[(number + step) % len(names)], closeness) for step, closeness in _RELATED]
        for number, name in enumerate(names)
    }


def _artist(row: int) -> str:
    return f"Artist {row // TRACKS_BY_ARTIST}"


class _Neighbours(Sequence[NeighbourList]):
    """Full lists of neighbours, drawn once for many rows."""

    def __init__(self, tracks: int, random: np.random.Generator) -> None:
        self._tracks = tracks
        self._drawn: Integers = random.integers(0, tracks, (_NEIGHBOUR_LISTS, MAX_NEIGHBOURS))
        self._weights = -np.sort(-random.random((_NEIGHBOUR_LISTS, MAX_NEIGHBOURS)), axis=1).astype(np.float32)

    def __len__(self) -> int:
        return self._tracks

    @overload
    def __getitem__(self, row: int) -> NeighbourList: ...

    @overload
    def __getitem__(self, row: slice) -> Sequence[NeighbourList]: ...

    def __getitem__(self, row: int | slice) -> NeighbourList | Sequence[NeighbourList]:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(self._tracks))]
        return self._drawn[row % _NEIGHBOUR_LISTS], self._weights[row % _NEIGHBOUR_LISTS]


def _codebook(modality: str) -> Codebook:
    facts = tuple(CodeFacts(f"{modality} {code}") for code in range(CODES))
    return Codebook(modality, Clusters(np.zeros((CODES, 1), np.float32), np.zeros(CODES, np.float32)), facts)
