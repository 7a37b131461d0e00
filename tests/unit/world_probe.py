"""A ranker without a model: how alike a track and the tracks so far are, by one kind of evidence after another.

Each kind gives a similarity; a conditional logit (McFadden, 1974) weighs them on some positions, and hit@10 on others
tells what they are worth together. So what a kind adds is what the others do not tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import logsumexp
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import normalize

from segue.catalog import Track

Floats = NDArray[np.float64]

NEGATIVES = 150


@dataclass(frozen=True, slots=True)
class Place:
    """Where a track was wanted: the features of every track there, by kind, [tracks] each, and those ruled out."""

    wanted: int
    features: Mapping[str, Floats]
    excluded: Sequence[int]


def tags_alike(tracks: Sequence[Track]) -> Floats:
    """The cosine of two tracks' tags, [tracks, tracks]."""
    return _cosines([dict.fromkeys(track.tags, 1) for track in tracks], 16)


def metadata_alike(tracks: Sequence[Track]) -> Floats:
    """The cosine of two tracks' artists, decades, and words of titles."""
    return _cosines([_credits(track) for track in tracks], 48)


def lyrics_alike(tracks: Sequence[Track]) -> Floats:
    """The cosine of two tracks' words."""
    return _cosines([dict.fromkeys(track.lyrics.split(), 1) for track in tracks], 24)


def audio_alike(tracks: Sequence[Track]) -> Floats:
    """How near two tracks' energy, valence and tempo are, 0 to 1; 0 where nothing was measured."""
    names = ("energy", "valence")
    sound = np.array([[track.audio_features.get(name, np.nan) for name in names] for track in tracks])
    distance = ((sound[:, None] - sound[None]) ** 2).sum(2)
    return np.nan_to_num(1.0 / (1.0 + distance / 0.05))


def played_together(playlists: Sequence[Sequence[int]], tracks: int) -> Floats:
    """The cosine of two tracks' playlists: item-based nearest neighbours."""
    rows = [row for row, playlist in enumerate(playlists) for _ in playlist]
    columns = [track for playlist in playlists for track in playlist]
    holds = csr_matrix((np.ones(len(rows)), (rows, columns)), (len(playlists), tracks))
    together = (holds.T @ holds).toarray()
    counts = np.maximum(np.diag(together), 1.0)
    np.fill_diagonal(together, 0.0)
    return np.asarray(together / np.sqrt(np.outer(counts, counts)))


def hits(training: Sequence[Place], test: Sequence[Place], kinds: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each test position's track is among the ten best, by these kinds of evidence, weighed on training."""
    weights = _fitted(training, kinds)
    found = []
    for place in test:
        scores = _table(place, kinds) @ weights
        scores[list(place.excluded)] = -np.inf
        found.append((scores >= scores[place.wanted]).sum() <= 10)
    return np.array(found)


def drop(whole: NDArray[np.bool_], without: NDArray[np.bool_]) -> tuple[float, float]:
    """The fall of hit@10, and the lower end of its 90 % interval: a paired bootstrap over positions."""
    difference = whole.astype(float) - without
    draws = np.random.default_rng(1).integers(0, len(difference), (1_000, len(difference)))
    return float(difference.mean()), float(np.quantile(difference[draws].mean(1), 0.05))


def _fitted(places: Sequence[Place], kinds: Sequence[str]) -> Floats:
    random = np.random.default_rng(1)
    tables = np.stack([_sampled(random, place, kinds) for place in places])
    spread = tables.reshape(-1, tables.shape[2]).std(0)
    tables = tables / spread

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = tables @ weights
        total = logsumexp(scores, axis=1, keepdims=True)
        shares = np.exp(scores - total)
        gradient = np.einsum("pc,pcf->f", shares, tables) - tables[:, 0].sum(0)
        return float((total[:, 0] - scores[:, 0]).sum() + weights @ weights), gradient + 2.0 * weights

    found: Floats = minimize(loss, np.zeros(tables.shape[2]), jac=True, method="L-BFGS-B").x
    return np.asarray(found / spread)


def _sampled(random: np.random.Generator, place: Place, kinds: Sequence[str]) -> Floats:
    table = _table(place, kinds)
    return table[np.concatenate(([place.wanted], random.integers(0, len(table), NEGATIVES)))]


def _table(place: Place, kinds: Sequence[str]) -> Floats:
    """Each kind once as it is and once with falling returns, [tracks, 2 kinds]."""
    columns = [place.features[kind] for kind in kinds]
    return np.stack([*columns, *(np.log(np.abs(column) + 0.02) / 4.0 for column in columns)], axis=1)


def _cosines(features: Sequence[Mapping[str, float]], topics: int) -> Floats:
    """The cosine of rows in the space of their main topics (latent semantic analysis), at least 0."""
    weighed = TfidfTransformer().fit_transform(DictVectorizer().fit_transform(features))
    rows = normalize(TruncatedSVD(topics, random_state=1).fit_transform(weighed))
    return np.asarray((rows @ rows.T).clip(0.0))


def _credits(track: Track) -> dict[str, float]:
    words = {f"word {word.casefold()}": 1.0 for word in f"{track.title} {' '.join(track.artists)}".split()}
    return {f"artist {track.artists[0]}": 2.0, f"decade {track.release_date[:3]}": 2.0, **words}
