"""How codebooks are made from a catalogue: features, a linear map, k-means, names.

Needs scikit-learn and all tracks at once; what comes out (`codebook.py`) needs neither. The same input and seed give
the same codebooks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD

from segue.catalog import Track
from segue.tokens.codebook import AudioTransform, Codebook, Floats, Integers, TextTransform, unit
from segue.tokens.codebooks import Codebooks
from segue.tokens.content import MODALITIES, TEXT_MODALITIES, features
from segue.tokens.naming import (
    audio_names,
    lyric_labels,
    metadata_labels,
    playlist_labels,
    tag_labels,
    typical_names,
)
from segue.tokens.words import bucket

_LABELS = {"tags": tag_labels, "metadata": metadata_labels, "lyrics": lyric_labels}


@dataclass(frozen=True, slots=True)
class CodebookRules:
    """How large codebooks may get. A code stands for `tracks_per_code` distinct tracks on average, or more."""

    most_codes: int = 512
    tracks_per_code: int = 8
    dimensions: int = 32
    feature_buckets: int = 4_096
    seed: int = 1


def fit_codebooks(
    tracks: Sequence[Track],
    cooccurrence: csr_matrix,
    playlist_names: Sequence[Sequence[str]],
    rules: CodebookRules,
) -> tuple[Codebooks, Integers]:
    """Return the codebooks, and the codes of these tracks, [tracks, modalities].

    `cooccurrence` is the symmetric [tracks, tracks] matrix of weighted counts; `playlist_names` names, for each
    track, the playlists that hold it.
    """
    books = {modality: _text_book(tracks, modality, rules) for modality in TEXT_MODALITIES}
    books["audio"] = _audio_book(tracks, rules)
    books["playlist"], playlist_codes = _playlist_book(tracks, cooccurrence, playlist_names, rules)
    codebooks = Codebooks(books)
    codes = codebooks.content_codes(tracks)
    codes[:, MODALITIES.index("playlist")] = playlist_codes
    return codebooks, codes


def _text_book(tracks: Sequence[Track], modality: str, rules: CodebookRules) -> Codebook:
    featured = [features(track, modality) for track in tracks]
    present = [row for row, named in enumerate(featured) if named]
    if len(present) < 2:
        return _empty(modality)
    transform = _fit_text([featured[row] for row in present], rules)
    vectors = transform.vectors([featured[row] for row in present])
    centroids, codes = _cluster(vectors, rules)
    label = _LABELS[modality]
    names = typical_names([label(tracks[row]) for row in present], codes, len(centroids))
    return Codebook(modality, centroids, names, transform)


def _fit_text(featured: Sequence[Mapping[str, float]], rules: CodebookRules) -> TextTransform:
    counts = np.zeros(rules.feature_buckets)
    rows: list[int] = []
    columns: list[int] = []
    weights: list[float] = []
    for row, named in enumerate(featured):
        places = {name: bucket(name, rules.feature_buckets) for name in named}
        counts[list(set(places.values()))] += 1
        rows += [row] * len(named)
        columns += places.values()
        weights += named.values()
    idf = np.log((1.0 + len(featured)) / (1.0 + counts)).astype(np.float32) + 1.0
    matrix = csr_matrix((np.array(weights) * idf[columns], (rows, columns)), (len(featured), rules.feature_buckets))
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(1)).ravel())
    normed = csr_matrix(matrix.multiply(1.0 / np.where(norms == 0, 1.0, norms)[:, None]))
    components = _svd(normed, rules).components_.T
    # Half precision halves the checkpoint; rounding here keeps codes the same after it was loaded.
    return TextTransform(idf.astype(np.float16).astype(np.float32), components.astype(np.float16).astype(np.float32))


def _audio_book(tracks: Sequence[Track], rules: CodebookRules) -> Codebook:
    present = [track.audio_features for track in tracks if track.audio_features]
    if len(present) < 2:
        return _empty("audio")
    names = tuple(sorted({name for audio in present for name in audio}))
    table = np.array([[audio.get(name, np.nan) for name in names] for audio in present])
    mean, deviation = np.nanmean(table, axis=0), np.nanstd(table, axis=0)
    transform = AudioTransform(
        names, mean.astype(np.float32), np.where(deviation < 1e-9, 1.0, deviation).astype(np.float32)
    )
    centroids, _ = _cluster(transform.vectors(present), rules)
    return Codebook("audio", centroids, audio_names(centroids, names), transform)


def _playlist_book(
    tracks: Sequence[Track], cooccurrence: csr_matrix, playlist_names: Sequence[Sequence[str]], rules: CodebookRules
) -> tuple[Codebook, Integers]:
    """Cluster the rows of the factorised positive PMI matrix (Levy and Goldberg, 2014)."""
    absent = np.zeros(len(tracks), np.int64)
    present = np.flatnonzero(np.diff(cooccurrence.indptr))
    if len(present) < 2:
        return _empty("playlist"), absent
    among = positive_pmi(csr_matrix(cooccurrence[present][:, present]))
    svd = _svd(among, rules)
    vectors = unit((svd.components_.T * np.sqrt(svd.singular_values_)).astype(np.float32))
    centroids, codes = _cluster(vectors, rules)
    labels = [playlist_labels(tracks[row], playlist_names[row]) for row in present]
    all_codes = absent + len(centroids)
    all_codes[present] = codes
    return Codebook("playlist", centroids, typical_names(labels, codes, len(centroids))), all_codes


def positive_pmi(counts: csr_matrix) -> csr_matrix:
    """Return max(0, log(p(a, b) / (p(a) p(b)))) of a symmetric matrix of weighted counts."""
    pairs = counts.tocoo()
    marginal = np.asarray(counts.sum(1)).ravel()
    information = np.log(pairs.data * marginal.sum() / (marginal[pairs.row] * marginal[pairs.col]))
    return csr_matrix((np.maximum(information, 0.0), (pairs.row, pairs.col)), counts.shape)


def _svd(matrix: csr_matrix, rules: CodebookRules) -> TruncatedSVD:
    dimensions = min(rules.dimensions, min(matrix.shape) - 1)
    return TruncatedSVD(dimensions, random_state=rules.seed, n_iter=4).fit(matrix)


def _cluster(vectors: Floats, rules: CodebookRules) -> tuple[Floats, Integers]:
    """Return centroids, in half precision's values, and the nearest one's number for each vector."""
    distinct = len(np.unique(np.round(vectors, 4), axis=0))
    codes = max(1, min(rules.most_codes, distinct // rules.tracks_per_code))
    means = KMeans(codes, n_init=1, max_iter=60, random_state=rules.seed).fit(vectors)
    book = Codebook("", means.cluster_centers_.astype(np.float16).astype(np.float32), ())
    return book.centroids, book.nearest(vectors)


def _empty(modality: str) -> Codebook:
    return Codebook(modality, np.zeros((0, 1), np.float32), ())
