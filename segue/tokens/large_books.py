"""A large fit's codebooks: fitted to the sample, or to the company of all tracks; then a shard's tracks coded by them.

Knows codebooks and rows; `large.py` orders the steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import isqrt
from typing import Any

import msgspec
import numpy as np
from scipy.sparse import csr_matrix, load_npz

from segue import wire
from segue.catalog import Track
from segue.tokens.clustering import cluster
from segue.tokens.codebook import Codebook
from segue.tokens.content import MODALITIES, content
from segue.tokens.counting import Doubles
from segue.tokens.fitting import CodebookRules, code_facts, cosines, fit_audio_book, fit_text_book
from segue.tokens.large_work import Work
from segue.tokens.naming import playlist_labels, typical_names
from segue.tokens.pmi import factorised
from segue.tokens.shards import shard_lines
from segue.tokens.text import Integers, TextEncoder

CONTENT = tuple(modality for modality in MODALITIES if modality != "playlist")

_TRACKS_AT_ONCE = 2_048


@dataclass(frozen=True, slots=True)
class Tally:
    """Of each code the number of tracks and the sum of their cosines to the centroid, [codes]."""

    sizes: Integers
    cosines: Doubles

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.sizes + other.sizes, self.cosines + other.cosines)


@dataclass(frozen=True, slots=True)
class Coded:
    """Codes of a shard's tracks, [tracks, content modalities], and each book's tally."""

    codes: np.ndarray[tuple[int, int], np.dtype[np.uint16]]
    tallies: Mapping[str, Tally]


def fit_content(work: Work, modality: str, rules: CodebookRules, encoder: TextEncoder | None) -> Codebook:
    """Return the codebook of a content modality, fitted to the sample."""
    rows, tracks = work.sampled()
    if modality == "audio":
        return fit_audio_book(tracks, rules)[0]
    company = csr_matrix(load_npz(work.information)[rows][:, rows])
    return fit_text_book(tracks, modality, csr_matrix(company + company.T), rules, encoder)[0]


def fit_company(work: Work, rules: CodebookRules) -> tuple[Codebook, Integers]:
    """Return the playlist codebook and the codes of all tracks, [tracks]."""
    information = load_npz(work.information)
    present = np.diff(information.indptr) > 0
    if present.sum() < 2:
        return Codebook.empty("playlist"), np.zeros(len(present), np.int64)
    dimensions = min(rules.playlist_dimensions, isqrt(int(present.sum())))
    vectors = factorised(information, dimensions, rules.seed)
    vectors[~present] = 0.0
    clusters = cluster(vectors[present], rules.most_codes, rules.tracks_per_code, rules.seed)
    unnamed = Codebook("playlist", clusters)
    codes = unnamed.nearest(vectors)
    rows, tracks = work.sampled()
    told = msgspec.json.decode((work.folder / "names.json").read_bytes(), type=dict[int, list[str]])
    labels = (playlist_labels(track, told.get(row, ())) for row, track in zip(rows.tolist(), tracks, strict=True))
    names = typical_names(labels, codes[rows], len(clusters.centroids))
    return replace(unnamed, facts=code_facts(names, clusters, vectors[present], codes[present])), codes


def code_shard(work: Work, part: int, parts: int, books: Mapping[str, Codebook]) -> Coded:
    """Return the content codes of a shard of the catalogue."""
    codes: list[Integers] = [np.zeros((0, len(CONTENT)), np.int64)]
    tallies = {name: Tally(np.zeros(book.absent, np.int64), np.zeros(book.absent)) for name, book in books.items()}
    lines = shard_lines(work.catalog, part, parts)
    while block := [wire.decode(line, Track) for line in islice(lines, _TRACKS_AT_ONCE)]:
        columns = []
        for name in CONTENT:
            column, tally = _coded(books[name], [content(track, name) for track in block])
            columns.append(column)
            tallies[name] += tally
        codes.append(np.stack(columns, axis=1))
    return Coded(np.concatenate(codes).astype(np.uint16), tallies)


def with_tally(book: Codebook, tally: Tally) -> Codebook:
    """Return the book with sizes and cohesion of all tracks."""
    cohesions = tally.cosines / np.maximum(tally.sizes, 1)
    facts = (
        replace(fact, size=int(size), cohesion=round(float(cohesion), 4))
        for fact, size, cohesion in zip(book.facts, tally.sizes, cohesions, strict=True)
    )
    return replace(book, facts=tuple(facts))


def _coded(book: Codebook, contents: Sequence[Any]) -> tuple[Integers, Tally]:
    codes = np.full(len(contents), book.absent, np.int64)
    present = [place for place, each in enumerate(contents) if each]
    if not present or book.transform is None or not book.absent:
        return codes, Tally(np.zeros(book.absent, np.int64), np.zeros(book.absent))
    vectors = book.transform.encode([contents[place] for place in present])
    found = book.nearest(vectors)
    codes[present] = found
    coded = found < book.absent
    alike = cosines(book.clusters, vectors[coded], found[coded])
    sizes = np.bincount(found[coded], minlength=book.absent)
    return codes, Tally(sizes, np.bincount(found[coded], alike, book.absent).astype(np.float64))
