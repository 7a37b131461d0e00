"""What artists say about tracks: whose tracks a session holds, and whom playlists put beside those artists.

A new track has no neighbours and nobody has added it yet, but it has artists, and most new tracks that people add to
playlists are by artists who are known. Knows the index and a session's context, not how the terms are weighed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from segue.model.index import Index
from segue.model.scoring import Context, SparseTerm, summed

# Artists beside those of the session whose tracks count, the closest ones.
MAX_RELATED = 100


def heard_artists(index: Index, context: Context) -> dict[str, float]:
    """Return the artists of the context's tracks with the sums of the tracks' weights."""
    heard: defaultdict[str, float] = defaultdict(float)
    for row, weight in zip(context.rows.tolist(), context.row_weights.tolist(), strict=True):
        track = index.tracks[row]
        for artist in dict.fromkeys(track.artists if track is not None else ()):
            heard[artist] += weight
    return dict(heard)


def related_artists(index: Index, heard: Mapping[str, float]) -> dict[str, float]:
    """Return the artists whom playlists put beside those that were heard, the MAX_RELATED closest, with weights."""
    near: defaultdict[str, float] = defaultdict(float)
    for artist, weight in heard.items():
        for other, closeness in index.related_artists.get(artist, ()):
            near[other] += weight * closeness
    closest = sorted(near, key=lambda artist: (-near[artist], artist))[:MAX_RELATED]
    return {artist: near[artist] for artist in closest}


def tracks_of(index: Index, weights: Mapping[str, float]) -> SparseTerm:
    """Return the artists' weights for their tracks; of several artists each gives 1 / sqrt(how many) of its own."""
    lists = [(index.by_artist[artist], weight) for artist, weight in weights.items() if artist in index.by_artist]
    rows = np.concatenate([rows for rows, _ in lists]) if lists else np.zeros(0, np.int64)
    values = np.repeat([weight for _, weight in lists], [len(rows) for rows, _ in lists])
    found = summed(rows, values.astype(np.float32))
    return SparseTerm(found.rows, found.values * index.artist_credit[found.rows])
