"""How codebooks are made from a catalogue: vectors, balanced k-means, names.

Needs scikit-learn and all tracks at once; what comes out (`codebook.py`) needs neither, and a catalogue that is too
large for that is fitted by `large.py` with the same parts. The same input and seed give the same codebooks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

import numpy as np
from scipy.sparse import csr_matrix

from segue.catalog import Track
from segue.tokens.clustering import cluster
from segue.tokens.codebook import AudioTransform, Clusters, Codebook, CodeFacts, Floats, Integers
from segue.tokens.codebooks import Codebooks
from segue.tokens.content import MODALITIES, TEXT_MODALITIES, content
from segue.tokens.naming import LABELS, audio_names, playlist_labels, typical_names
from segue.tokens.pmi import factorised, positive_pmi
from segue.tokens.text import TextEncoder
from segue.tokens.text_choice import TextRules, choose_encoder


@dataclass(frozen=True, slots=True)
class CodebookRules(TextRules):
    """How large codebooks may get; `playlist_dimensions` bounds the vector of a track's company."""

    playlist_dimensions: int = 64


def fit_codebooks(
    tracks: Sequence[Track],
    cooccurrence: csr_matrix,
    playlist_names: Sequence[Sequence[str]],
    rules: CodebookRules,
    encoder: TextEncoder | None = None,
) -> tuple[Codebooks, Integers]:
    """Return the codebooks, and the codes of these tracks, [tracks, modalities].

    `cooccurrence` is the symmetric [tracks, tracks] matrix of weighted counts; `playlist_names` names, for each
    track, the playlists that hold it. `encoder` is a pretrained text encoder, used for the modalities in which it
    makes codes that say more of the company their tracks keep; without one, text codes are lexical.
    """
    fitted = {modality: fit_text_book(tracks, modality, cooccurrence, rules, encoder) for modality in TEXT_MODALITIES}
    fitted["audio"] = fit_audio_book(tracks, rules)
    fitted["playlist"] = _playlist_book(tracks, cooccurrence, playlist_names, rules)
    codes = np.stack([fitted[modality][1] for modality in MODALITIES], axis=1)
    return Codebooks({modality: book for modality, (book, _) in fitted.items()}), codes


def fit_text_book(
    tracks: Sequence[Track],
    modality: str,
    cooccurrence: csr_matrix,
    rules: CodebookRules,
    encoder: TextEncoder | None = None,
) -> tuple[Codebook, Integers]:
    """Return the codebook of a text modality and the tracks' codes; their `cooccurrence` decides between encoders."""
    texts = [content(track, modality) for track in tracks]
    present = np.flatnonzero([bool(text) for text in texts])
    if len(present) < 2:
        return _nothing(modality, len(tracks))
    said, company = [texts[row] for row in present], csr_matrix(cooccurrence[present][:, present])
    choice = choose_encoder(said, company, rules, encoder)
    labels = LABELS[modality]
    names = typical_names((labels(tracks[row]) for row in present), choice.codes, len(choice.clusters.centroids))
    facts = code_facts(names, choice.clusters, choice.vectors, choice.codes)
    book = Codebook(modality, choice.clusters, facts, choice.encoder)
    return book, _everywhere(book, present, choice.codes, len(tracks))


def fit_audio_book(tracks: Sequence[Track], rules: CodebookRules) -> tuple[Codebook, Integers]:
    """Return the codebook of the tracks' audio features, by standard scores, and the tracks' codes."""
    present = np.flatnonzero([bool(track.audio_features) for track in tracks])
    if len(present) < 2:
        return _nothing("audio", len(tracks))
    featured = [tracks[row].audio_features for row in present]
    names = tuple(sorted({name for audio in featured for name in audio}))
    table = np.array([[audio.get(name, np.nan) for name in names] for audio in featured])
    mean, deviation = np.nanmean(table, axis=0), np.nanstd(table, axis=0)
    transform = AudioTransform(
        names, mean.astype(np.float32), np.where(deviation < 1e-9, 1.0, deviation).astype(np.float32)
    )
    vectors = transform.encode(featured)
    clusters = cluster(vectors, rules.most_codes, rules.tracks_per_code, rules.seed, spherical=False)
    codes = clusters.nearest(vectors)
    book = Codebook(
        "audio", clusters, code_facts(audio_names(clusters.centroids, names), clusters, vectors, codes), transform
    )
    return book, _everywhere(book, present, codes, len(tracks))


def code_facts(names: Sequence[str], clusters: Clusters, vectors: Floats, codes: Integers) -> tuple[CodeFacts, ...]:
    """Return name, size and cohesion of each code, from vectors, [tracks, dimensions], and their codes, [tracks]."""
    size = len(clusters.centroids)
    vectors, codes = vectors[codes < size], codes[codes < size]
    sizes = np.bincount(codes, minlength=size)
    cohesions = np.bincount(codes, cosines(clusters, vectors, codes), minlength=size) / np.maximum(sizes, 1)
    return tuple(
        CodeFacts(name, int(count), round(float(cohesion), 4))
        for name, count, cohesion in zip(names, sizes, cohesions, strict=True)
    )


def cosines(clusters: Clusters, vectors: Floats, codes: Integers) -> Floats:
    """Return the cosine of each vector and its centroid, [tracks]; 0 where either is zero."""
    centroids = clusters.centroids[codes]
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(centroids, axis=1)
    products = np.einsum("td,td->t", vectors, centroids)
    return np.asarray(products / np.where(lengths == 0.0, 1.0, lengths), np.float32)


def _playlist_book(
    tracks: Sequence[Track], cooccurrence: csr_matrix, playlist_names: Sequence[Sequence[str]], rules: CodebookRules
) -> tuple[Codebook, Integers]:
    present = np.flatnonzero(np.diff(cooccurrence.indptr))
    if len(present) < 2:
        return _nothing("playlist", len(tracks))
    information = positive_pmi(csr_matrix(cooccurrence[present][:, present]))
    dimensions = min(rules.dimensions, rules.playlist_dimensions, isqrt(len(present)))
    vectors = factorised(information, dimensions, rules.seed)
    clusters = cluster(vectors, rules.most_codes, rules.tracks_per_code, rules.seed)
    codes = clusters.nearest(vectors)
    labels = (playlist_labels(tracks[row], playlist_names[row]) for row in present)
    names = typical_names(labels, codes, len(clusters.centroids))
    book = Codebook("playlist", clusters, code_facts(names, clusters, vectors, codes))
    return book, _everywhere(book, present, codes, len(tracks))


def _everywhere(book: Codebook, present: Integers, codes: Integers, tracks: int) -> Integers:
    """Return the codes of all tracks, those of `present` given, the others absent."""
    found = np.full(tracks, book.absent, np.int64)
    found[present] = codes
    return found


def _nothing(modality: str, tracks: int) -> tuple[Codebook, Integers]:
    return Codebook.empty(modality), np.zeros(tracks, np.int64)
