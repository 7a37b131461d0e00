"""How alike tracks are, by one modality after another and without a model: cosines of what is told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import normalize

from segue.catalog import Track

Floats = NDArray[np.float64]


def tags_alike(tracks: Sequence[Track]) -> Floats:
    """The cosine of two tracks' tags, [tracks, tracks]."""
    return _cosines([dict.fromkeys(track.tags, 1.0) for track in tracks], 16)


def metadata_alike(tracks: Sequence[Track]) -> Floats:
    """The cosine of two tracks' artists, decades, and words of titles."""
    return _cosines([_credits(track) for track in tracks], 48)


def lyrics_alike(tracks: Sequence[Track]) -> Floats:
    """The cosine of two tracks' words."""
    return _cosines([dict.fromkeys(track.lyrics.split(), 1.0) for track in tracks], 24)


def audio_alike(tracks: Sequence[Track]) -> Floats:
    """How near two tracks' energy and valence are, 0 to 1; 0 where nothing was measured."""
    names = ("energy", "valence")
    sound = np.array([[track.audio_features.get(name, np.nan) for name in names] for track in tracks])
    distance = ((sound[:, None] - sound[None]) ** 2).sum(2)
    return np.asarray(np.nan_to_num(1.0 / (1.0 + distance / 0.05)))


def played_together(playlists: Sequence[Sequence[int]], tracks: int) -> Floats:
    """The cosine of two tracks' playlists: item-based nearest neighbours."""
    rows = [row for row, playlist in enumerate(playlists) for _ in playlist]
    columns = [track for playlist in playlists for track in playlist]
    holds = csr_matrix((np.ones(len(rows)), (rows, columns)), (len(playlists), tracks))
    together = (holds.T @ holds).toarray()
    counts = np.maximum(np.diag(together), 1.0)
    np.fill_diagonal(together, 0.0)
    return np.asarray(together / np.sqrt(np.outer(counts, counts)))


def _cosines(features: Sequence[Mapping[str, float]], topics: int) -> Floats:
    """The cosine of rows in the space of their main topics (latent semantic analysis), at least 0."""
    weighed = TfidfTransformer().fit_transform(DictVectorizer().fit_transform(features))
    rows = normalize(TruncatedSVD(topics, random_state=1).fit_transform(weighed))
    return np.asarray((rows @ rows.T).clip(0.0))


def _credits(track: Track) -> dict[str, float]:
    words = {f"word {word.casefold()}": 1.0 for word in f"{track.title} {' '.join(track.artists)}".split()}
    return {f"artist {track.artists[0]}": 2.0, f"decade {track.release_date[:3]}": 2.0, **words}
