"""How close what was said is to what is known of every track: the cosine of two texts by one encoder.

A conversation is written as it was when the encoder was fine-tuned (`segue/training/text_examples.py`), a track as
`described` writes it. The checkpoint holds the tracks' vectors; those of tracks that came or changed since are made
here. What was said is read once, and compared with the catalogue once. Knows texts and rows, no score.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import nullcontext
from threading import Lock

import numpy as np
import torch

from segue.catalog import Track
from segue.model.index import SLICE
from segue.model.precision import fast_type
from segue.model.track_vectors import TrackVectors
from segue.model.turns import Turn
from segue.tokens.asking import asking, described
from segue.tokens.codebook import Floats
from segue.tokens.prompt import Moment, newest_sitting
from segue.tokens.text import TextEncoder
from segue.tokens.vocabulary import Control

# A cosine that is greater by so much counts as one unit: the temperature at which the encoder is fine-tuned.
UNIT = 0.05
# What was said is kept with its closeness to all tracks: the newest texts that fit, 160 at 100,000 tracks.
MOST_BYTES = 64 << 20
MOST_TEXTS = 4_096
# Rows that are made room for at first.
_ROOM = 64


def question(moments: Sequence[Moment], texts: Sequence[str], tracks: Sequence[Track | None]) -> str:
    """Return what is asked: the newest texts, and the tracks that were liked in the newest sitting."""
    told = moments[newest_sitting(moments) :]
    rows = dict.fromkeys(moment.row for moment in told if moment.control is Control.LIKED)
    return asking(texts, [track for row in rows if (track := tracks[row]) is not None])


class Closeness:
    """Compares texts with the tracks of a catalogue whose first rows, `tracks`, have these vectors.

    A track that is closer than most by UNIT gets `weight`. A row keeps its number for good, so what was learned of it
    holds in every later snapshot.
    """

    def __init__(
        self,
        encoder: TextEncoder,
        vectors: TrackVectors,
        tracks: Sequence[Track | None],
        weight: float = 1.0,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._encoder = encoder
        self._tracks = tracks
        self._weight = weight / UNIT
        self._stored = vectors
        self._vectors = torch.from_numpy(vectors.levels).to(fast_type()).mul_(vectors.step)
        self._kept: OrderedDict[str, tuple[Floats, Floats]] = OrderedDict()
        self._most_kept = max(1, min(MOST_TEXTS, most_bytes // max(1, 4 * len(tracks))))
        # What was learned: of each row its place in the arrays, which have room for more, and what was read.
        self._late: dict[int, tuple[int, str]] = {}
        self._late_rows = np.zeros(_ROOM, np.int64)
        self._late_vectors = np.zeros((_ROOM, encoder.dimensions), np.float32)
        # As much of both as is learned; replaced as one, for a request may come between.
        self._late_found = self._late_rows[:0], self._late_vectors[:0]
        # Requests and updates read with one encoder.
        self._reading = Lock()

    def of(self, asked: str, tracks: int) -> Floats:
        """Return what closeness gives each of so many rows, [tracks], around the mean; 0 to what is not learned yet.

        To be read only: it is kept.
        """
        said, stored = self._compared(asked)
        rows, vectors = self._late_found
        if not len(rows) and tracks == len(stored):
            return stored
        found = np.zeros(tracks, np.float32)
        found[: len(stored)] = stored[:tracks]
        inside = rows < tracks
        found[rows[inside]] = vectors[inside] @ said
        return found

    def learn(self, rows: Sequence[int], tracks: Sequence[Track | None], turn: Turn = nullcontext) -> None:
        """Read the tracks of these rows where they tell something else than before, each text inside a `turn`."""
        for start in range(0, len(rows), SLICE):
            with turn():
                texts = {row: described(track) for row in rows[start : start + SLICE] if (track := tracks[row])}
                changed = [(row, text) for row, text in texts.items() if text != self._text(row)]
            for row, text in changed:
                with turn():
                    self._put(row, text)

    def _put(self, row: int, text: str) -> None:
        # All of it: what is new may lie off the axes of what was there.
        vector = self._read(text) - self._stored.mean
        place = self._late[row][0] if row in self._late else len(self._late)
        if place == len(self._late_rows):
            self._late_rows = np.concatenate([self._late_rows, np.zeros_like(self._late_rows)])
            self._late_vectors = np.concatenate([self._late_vectors, np.zeros_like(self._late_vectors)])
        self._late_rows[place], self._late_vectors[place] = row, vector
        self._late[row] = place, text
        self._late_found = self._late_rows[: len(self._late)], self._late_vectors[: len(self._late)]

    def _text(self, row: int) -> str | None:
        """Return what the row's vector was made of; None where it has none."""
        if row in self._late:
            return self._late[row][1]
        track = self._tracks[row] if row < len(self._tracks) else None
        return None if track is None else described(track)

    def _compared(self, asked: str) -> tuple[Floats, Floats]:
        """Return the text's vector, weighed, and what closeness to it gives the tracks of the checkpoint."""
        kept = self._kept.pop(asked, None) or self._new(asked)
        self._kept[asked] = kept
        if len(self._kept) > self._most_kept:
            self._kept.popitem(last=False)
        return kept

    def _new(self, asked: str) -> tuple[Floats, Floats]:
        said = np.asarray(self._read(asked) * np.float32(self._weight), np.float32)
        turned = torch.from_numpy(said @ self._stored.axes).to(self._vectors.dtype)
        return said, (self._vectors @ turned).float().numpy()

    def _read(self, text: str) -> Floats:
        with self._reading:
            vector: Floats = self._encoder.encode([text])[0]
        return vector
