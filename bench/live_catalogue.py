"""A catalogue of a hundred thousand tracks that changes: a checkpoint grown to that size, and news of its tracks.

The checkpoint is one that exists, so its codebooks code new tracks as they should; what is added to its index is made
up: titles, tags, codes and full lists of neighbours. Knows no stream and no server.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from segue.catalog import Neighbour, Track, TrackTokens
from segue.model.checkpoint import Checkpoint
from segue.model.index import Index
from segue.model.neighbour_lists import MAX_NEIGHBOURS, NeighbourList
from segue.model.track_vectors import TrackVectors
from segue.popularity import POPULAR_TRACKS

TRACKS = 100_000
# As many as a track's tokens name at most.
PUBLISHED_NEIGHBOURS = 64
TRACKS_BY_ARTIST = 12
TAGS = 400
_SEED = 5


def grow(folder: Path, out: Path, tracks: int = TRACKS) -> Checkpoint:
    """Write the folder's checkpoint with made-up tracks besides its own, so many in all, and return it.

    Raises CheckpointError.
    """
    checkpoint = Checkpoint.load(folder)
    index = checkpoint.index
    random = np.random.default_rng(_SEED)
    added = tracks - len(index)
    codes = np.stack([random.integers(0, size, added) for size in index.code_sizes], axis=1)
    grown = replace(
        checkpoint,
        text_vectors=_lengthened(checkpoint.text_vectors, added),
        index=Index.of(
            (*(index.track(row) for row in range(len(index))), *map(made_up, range(added))),
            np.concatenate([index.codes, codes]),
            index.code_sizes,
            (*index.neighbours, *_lists(tracks, added, random)),
            np.concatenate([index.popularity, random.exponential(1.0, added).astype(np.float32)]),
            index.related_artists,
        ),
    )
    version = grown.save(out, [grown.index.track(row) for row in range(POPULAR_TRACKS)], "Made for a benchmark.\n")
    return replace(grown, version=version)


def made_up(number: int) -> Track:
    """Return a track that no checkpoint has trained on."""
    return Track(
        track_id=f"made-up-{number:06}",
        title=f"Made up {number:06}",
        artists=(f"Nobody {number // TRACKS_BY_ARTIST:05}",),
        tags=(f"invented{number % TAGS}",),
    )


def news(checkpoint: Checkpoint, count: int, version: int) -> list[TrackTokens]:
    """Return this version of so many tracks' tokens: their codes and content, and full lists of other neighbours."""
    random = np.random.default_rng(version)
    index, size = checkpoint.index, len(checkpoint.index)
    rows = random.choice(size, count, replace=False)
    beside = random.integers(0, size, (count, PUBLISHED_NEIGHBOURS)).tolist()
    weights = np.round(-np.sort(-random.random((count, PUBLISHED_NEIGHBOURS)), axis=1), 6).tolist()
    return [
        TrackTokens(
            track_id=index.track(row).track_id,
            codes=checkpoint.codebooks.as_message(index.codes[row]),
            neighbours=tuple(
                Neighbour(index.track(near).track_id, weight) for near, weight in zip(*lists, strict=True)
            ),
            version=version,
            track=msgspec.structs.replace(index.track(row), lyrics=""),
        )
        for row, *lists in zip(rows.tolist(), beside, weights, strict=True)
    ]


def _lengthened(vectors: TrackVectors | None, added: int) -> TrackVectors | None:
    """Return the vectors with those of so many tracks more: the first ones again."""
    if vectors is None:
        return None
    rows = np.arange(len(vectors) + added) % len(vectors)
    return replace(vectors, levels=vectors.levels[rows])


def _lists(tracks: int, count: int, random: np.random.Generator) -> list[NeighbourList]:
    rows = random.integers(0, tracks, (count, MAX_NEIGHBOURS))
    # A list falls off steeply: a few close neighbours, and many that once stood in one playlist.
    weights = (1.0 / np.arange(1, MAX_NEIGHBOURS + 1)).astype(np.float32)
    return [(near, weights) for near in rows]
