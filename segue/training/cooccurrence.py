"""Which tracks people put side by side: weighted counts, and the bounded lists of neighbours made of them.

Two additions to one playlist count as in the stream, where `segue.cooccurrence.pairs` says up to which distance and how
much, and less the longer ago. Two tracks that were taken in one sitting count likewise, a share of that. Knows rows and
histories; the same counts feed the playlist codebook and the neighbours' part of a score.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix

from segue.catalog import Shelf, Track
from segue.cooccurrence.company import READ_PLAYLISTS
from segue.cooccurrence.pairs import SLOT_MS, WEIGHT_UNIT, WEIGHTS
from segue.model.index import RelatedArtists
from segue.model.neighbour_lists import MAX_NEIGHBOURS, NO_NEIGHBOURS, NeighbourList
from segue.tokens.codebook import Floats
from segue.tokens.histories import PLAYLIST, SESSION, History
from segue.tokens.prompt import Moment
from segue.training.batches import sittings

# Artists kept beside each one.
MAX_RELATED = 40
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Recency:
    """How evidence fades: by 1/e in `days`, counted back from `now_ms`; never where `days` is None."""

    now_ms: int
    days: float | None = None

    def weights(self, times_ms: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Floats:
        """Return a weight in (0, 1] for each time; what is undated counts as happening now."""
        if self.days is None:
            return np.ones(len(times_ms), np.float32)
        ages = np.where(times_ms == 0, 0, np.maximum(0, self.now_ms - times_ms))
        return np.asarray(np.exp(-ages / (self.days * _DAY_MS)), np.float32)


@dataclass(frozen=True, slots=True)
class Shares:
    """What a pair of tracks counts that stand in one playlist, and that were taken in one sitting."""

    playlists: float = 1.0
    sittings: float = 0.0


PLAYLISTS_ALONE = Shares()


def cooccurrences(
    histories: Sequence[History], tracks: int, recency: Recency, shares: Shares = PLAYLISTS_ALONE
) -> csr_matrix:
    """Return the symmetric [tracks, tracks] matrix of weighted counts: the pair's weight, recency and share."""
    first, second, weights = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    for moments, share in _companies(histories, shares):
        rows = np.array([moment.row for moment in moments], np.int64)
        fading = recency.weights(np.array([moment.time_ms for moment in moments], np.int64)) * np.float32(share)
        for distance, weight_of_pair in enumerate(WEIGHTS[: max(0, len(rows) - 1)], start=1):
            first.append(rows[:-distance])
            second.append(rows[distance:])
            weights.append(fading[distance:] * np.float32(weight_of_pair / WEIGHT_UNIT))
    one, other, weight = np.concatenate(first), np.concatenate(second), np.concatenate(weights)
    apart = one != other
    half = coo_matrix((weight[apart], (one[apart], other[apart])), (tracks, tracks))
    return csr_matrix(half + half.T)


def _companies(histories: Sequence[History], shares: Shares) -> Iterator[tuple[Sequence[Moment], float]]:
    """Yield what counts as side by side: playlists, and the wanted tracks of sittings; each with its share."""
    for history in histories:
        if history.kind == PLAYLIST and shares.playlists:
            yield history.moments, shares.playlists
        elif history.kind == SESSION and shares.sittings:
            for begins, ends in sittings(history.moments):
                yield [moment for moment in history.moments[begins:ends] if moment.wanted], shares.sittings


def neighbour_lists(counts: csr_matrix, occurrences: Floats, most: int = MAX_NEIGHBOURS) -> list[NeighbourList]:
    """Return each track's neighbours, heaviest first: counts over the square root of both tracks' occurrences."""
    norms = np.sqrt(np.maximum(occurrences, 1.0))
    lists: list[NeighbourList] = []
    for row in range(counts.shape[0]):
        span = slice(counts.indptr[row], counts.indptr[row + 1])
        near = counts.indices[span].astype(np.int64)
        weights = (counts.data[span] / (norms[row] * norms[near])).astype(np.float32)
        order = np.lexsort((near, -weights))[:most]
        # The checkpoint keeps half precision; what rounds to nothing there is nothing here.
        order = order[weights[order] > 1e-6]
        lists.append((near[order], weights[order]) if len(order) else NO_NEIGHBOURS)
    return lists


def related_artists(counts: csr_matrix, tracks: Sequence[Track], most: int = MAX_RELATED) -> dict[str, RelatedArtists]:
    """Return, for each artist, those whom playlists put beside it, closest first.

    Closeness is the tracks' counts over the square root of what both artists have in all; of a track's several artists
    each counts for its share.
    """
    names = list(dict.fromkeys(artist for track in tracks for artist in track.artists))
    numbers = {name: number for number, name in enumerate(names)}
    shares = [
        (row, numbers[name], 1.0 / len(track.artists)) for row, track in enumerate(tracks) for name in track.artists
    ]
    rows, columns, values = zip(*shares, strict=True) if shares else ((), (), ())
    by = csr_matrix((values, (rows, columns)), (len(tracks), len(names)), np.float32)
    between = csr_matrix(by.T @ counts @ by)
    between.setdiag(0)
    between.eliminate_zeros()
    norms = np.sqrt(np.asarray(between.sum(1)).ravel())
    lists = [_closest(between, norms, number, most) for number in range(len(names))]
    return {
        name: [(names[other], closeness) for other, closeness in near]
        for name, near in zip(names, lists, strict=True)
        if near
    }


def _closest(between: csr_matrix, norms: Floats, number: int, most: int) -> list[tuple[int, float]]:
    span = slice(between.indptr[number], between.indptr[number + 1])
    others = between.indices[span]
    closeness = between.data[span] / (norms[number] * norms[others])
    order = np.lexsort((others, -closeness))[:most]
    return [(int(others[place]), float(closeness[place])) for place in order]


def shelves(histories: Sequence[History]) -> dict[int, tuple[Shelf, ...]]:
    """Return the playlists that each row was put into, by row, the newest READ_PLAYLISTS of each."""
    hours: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for history in histories:
        if history.kind == PLAYLIST:
            for moment in history.moments:
                held = hours[moment.row]
                held[history.name] = max(moment.time_ms // SLOT_MS, held.get(history.name, 0))
    return {row: _newest(held) for row, held in hours.items()}


def _newest(hours: Mapping[str, int]) -> tuple[Shelf, ...]:
    falling = sorted(((hour, name) for name, hour in hours.items()), reverse=True)
    return tuple(Shelf(name, hour) for hour, name in falling[:READ_PLAYLISTS])


def additions(histories: Sequence[History], tracks: int, recency: Recency) -> Floats:
    """Return how often each track was played, liked or put into a playlist, [tracks], fading with time."""
    counts = np.zeros(tracks, np.float64)
    for history in histories:
        wanted = [moment for moment in history.moments if moment.wanted]
        fading = recency.weights(np.array([moment.time_ms for moment in wanted], np.int64))
        np.add.at(counts, [moment.row for moment in wanted], fading)
    return counts.astype(np.float32)
