"""The five codebooks together: a track in, five codes out.

Codes from content need nothing but what is here. The playlist code comes from the company that a track keeps, so it is
absent for a new track until its neighbours are known (`from_neighbours`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

import numpy as np

from segue.catalog import Track, TrackCodes
from segue.cooccurrence.clusters import FrozenClusters
from segue.cooccurrence.rules import LiveRules
from segue.cooccurrence.suggestion import Suggestion
from segue.tokens.codebook import Codebook, Integers
from segue.tokens.content import MODALITIES, content
from segue.tokens.transforms import transform_arrays, transform_told

_VERSION_DIGITS = 12


@dataclass(frozen=True)
class Codebooks:
    """One codebook for each modality, and how playlist codes move while playlists change."""

    books: Mapping[str, Codebook]
    live: LiveRules = field(default_factory=LiveRules)

    @cached_property
    def version(self) -> str:
        """Made from all that decides a track's codes, so the same before saving and after loading.

        The human names of codes decide nothing: renaming leaves codes valid.
        """
        mark = sha256()
        for modality in MODALITIES:
            for piece in _deciding(self.books[modality]):
                mark.update(piece)
        return mark.hexdigest()[:_VERSION_DIGITS]

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """The number of codes of each modality, the absent one not counted, in the order of MODALITIES."""
        return tuple(self.books[modality].absent for modality in MODALITIES)

    def encode(self, track: Track) -> TrackCodes:
        """Return the codes of a track's content; its playlist code is absent."""
        return self.as_message(self.content_codes([track])[0])

    def content_codes(self, tracks: Sequence[Track]) -> Integers:
        """Return codes from content alone, [tracks, modalities]."""
        columns = {
            modality: book.codes([content(track, modality) for track in tracks])
            for modality, book in self.books.items()
            if modality != "playlist"
        }
        columns["playlist"] = np.full(len(tracks), self.books["playlist"].absent, np.int64)
        return np.stack([columns[modality] for modality in MODALITIES], axis=1)

    def from_neighbours(self, neighbour_codes: Integers, weights: Sequence[float]) -> int:
        """Return the playlist code nearest to the weighted mean of the neighbours' playlist centroids."""
        book = self.books["playlist"]
        known = [
            (int(code), weight) for code, weight in zip(neighbour_codes, weights, strict=True) if code < book.absent
        ]
        if not known:
            return book.absent
        centroids = book.centroids[[code for code, _ in known]]
        mean = np.average(centroids, axis=0, weights=[weight for _, weight in known])
        return int(book.nearest(mean[None].astype(np.float32))[0])

    def freeze(self, tracks: Sequence[Track], codes: Integers) -> FrozenClusters:
        """Return the clusters of these tracks, the checkpoint's, as live codes need them; codes: [tracks, modalities].

        What content suggests is learnt from the tracks that have a playlist code.
        """
        book, homes = self.books["playlist"], codes[:, 0]
        known = np.flatnonzero(homes < book.absent)
        suggestion = Suggestion.learnt(
            book.centroids[homes[known]].astype(np.float64),
            codes[known, 1:],
            [tracks[row].artists for row in known],
            self.sizes[1:],
        )
        by_track = {tracks[row].track_id: int(homes[row]) for row in known}
        return FrozenClusters(self.version, book.centroids, book.clusters.offsets, by_track, suggestion, self.live)

    def as_message(self, codes: Sequence[int] | Integers) -> TrackCodes:
        """Return a row of code numbers as the schema's message, absent ones as None, and whose numbers they are."""
        present = {
            modality: int(code)
            for modality, code, size in zip(MODALITIES, codes, self.sizes, strict=True)
            if 0 <= code < size
        }
        return TrackCodes(**present, codebook_version=self.version)

    def made(self, codes: TrackCodes) -> bool:
        """Whether these codebooks made the codes: only then do the numbers mean what they mean here."""
        return codes.codebook_version == self.version

    def as_row(self, codes: TrackCodes | None) -> tuple[int, ...]:
        """Return the message as a row of code numbers; a code that no book has counts as absent."""
        given = [getattr(codes, modality, None) for modality in MODALITIES]
        return tuple(
            code if code is not None and code < size else size for code, size in zip(given, self.sizes, strict=True)
        )

    def name(self, modality: str, code: int) -> str:
        """Return the human name of a code; empty for an absent one."""
        return self.books[modality].name(code)


def _deciding(book: Codebook) -> Iterator[bytes]:
    """Yield whatever of a book decides which code a track gets."""
    yield repr(transform_told(book.transform)).encode()
    arrays = {"centroids": book.centroids, "offsets": book.clusters.offsets, **transform_arrays(book.transform)}
    for name, values in sorted(arrays.items()):
        yield f"{name} {values.shape}".encode()
        yield values.astype("<f4").tobytes()
