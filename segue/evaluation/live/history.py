"""Pairs and additions of a log of edits, as of any day: what item-kNN and popularity know, standing still or following.

Pairs of tracks within reach of each other in a playlist, with the day on which they came to be; additions with theirs.
A question is answered as of a day: what is later is not looked at, what is older counts less. So one store serves
those that stand still and those that follow. Sources: `segue/evaluation/baselines/item_knn.py`.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from segue.cooccurrence.pairs import REACH
from segue.evaluation.live.shelves import Question
from segue.tokens.codebook import Floats

# Of each track's pairs, the newest so many are kept in mind.
MOST_PAIRS = 4_000
_DAYS_KEPT = 8


@dataclass(frozen=True, slots=True)
class Settings:
    """What item-kNN depends on: days in which a pair fades by 1/e, power of occurrences, of places, of distances."""

    days: float = 20.0
    exponent: float = 0.5
    place_power: float = 0.5
    session_length: int = 40


@dataclass(frozen=True, slots=True)
class _Pairs:
    """One track's pairs, oldest first."""

    rows: array[int] = field(default_factory=lambda: array("i"))
    days: array[int] = field(default_factory=lambda: array("i"))
    weights: array[float] = field(default_factory=lambda: array("f"))

    def put(self, row: int, day: int, weight: float) -> None:
        self.rows.append(row)
        self.days.append(day)
        self.weights.append(weight)
        if len(self.rows) > 2 * MOST_PAIRS:
            for column in (self.rows, self.days, self.weights):
                del column[:MOST_PAIRS]


class History:
    """Pairs and additions so far."""

    def __init__(self, tracks: int) -> None:
        self._pairs: defaultdict[int, _Pairs] = defaultdict(_Pairs)
        self._rows, self._days = array("i"), array("i")
        self._tracks = tracks
        self._occurrences: dict[int, npt.NDArray[np.int64]] = {}

    def put(self, day: int, before: Sequence[int], added: Sequence[int]) -> None:
        """Learn what a playlist gained: rows that stand in it, the newest last, and the rows that came."""
        standing = list(before[-REACH:])
        for row in added:
            for distance, other in enumerate(reversed(standing[-REACH:]), start=1):
                if other != row:
                    self._pairs[row].put(other, day, distance**-0.5)
                    self._pairs[other].put(row, day, distance**-0.5)
            standing.append(row)
            self._rows.append(row)
            self._days.append(day)

    def occurrences(self, as_of: int) -> npt.NDArray[np.int64]:
        """Return how often each track was added before a day that has been told whole, [tracks]."""
        if as_of not in self._occurrences:
            if len(self._occurrences) == _DAYS_KEPT:
                self._occurrences.clear()
            end = int(np.searchsorted(np.frombuffer(self._days, np.int32), as_of))
            self._occurrences[as_of] = np.bincount(np.frombuffer(self._rows, np.int32)[:end], minlength=self._tracks)
        return self._occurrences[as_of]

    def counts(self, as_of: int) -> csr_matrix:
        """Return the symmetric weights of all pairs before a day, not faded, [tracks, tracks]."""
        rows, others, weights = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)], [np.zeros(0, np.float32)]
        for row, pairs in self._pairs.items():
            end = int(np.searchsorted(np.frombuffer(pairs.days, np.int32), as_of))
            rows.append(np.full(end, row, np.int64))
            others.append(np.frombuffer(pairs.rows, np.int32)[:end].copy())
            weights.append(np.frombuffer(pairs.weights, np.float32)[:end].copy())
        entries = (np.concatenate(weights), (np.concatenate(rows), np.concatenate(others)))
        return csr_matrix(entries, (self._tracks, self._tracks))

    def neighbours(self, question: Question, as_of: int, settings: Settings) -> Floats:
        """Return item-kNN's scores of the known tracks, [known], from before a day; 0 where it knows nothing."""
        occurrences = self.occurrences(as_of)
        scores = np.zeros(question.known, np.float64)
        newest = [moment.row for moment in reversed(question.context)][: settings.session_length]
        for place, row in enumerate(newest, start=1):
            if (pairs := self._pairs.get(row)) is None:
                continue
            days = np.frombuffer(pairs.days, np.int32)
            end = int(np.searchsorted(days, as_of))
            rows = np.frombuffer(pairs.rows, np.int32)[max(0, end - MOST_PAIRS) : end]
            fading = np.exp((days[max(0, end - MOST_PAIRS) : end] - as_of) / settings.days)
            weights = np.frombuffer(pairs.weights, np.float32)[max(0, end - MOST_PAIRS) : end] * fading
            own = float(max(1, occurrences[row])) ** -settings.exponent * place**-settings.place_power
            np.add.at(scores, rows, own * weights)
        return (scores * np.maximum(1, occurrences[: question.known]) ** -settings.exponent).astype(np.float32)

    def popularity(self, known: int, as_of: int, days: float) -> Floats:
        """Return how often each known track was added before a day, fading by 1/e in some days, [known]."""
        end = int(np.searchsorted(np.frombuffer(self._days, np.int32), as_of))
        rows = np.frombuffer(self._rows, np.int32)[:end]
        fading = np.exp((np.frombuffer(self._days, np.int32)[:end] - as_of) / days)
        return np.bincount(rows, fading, minlength=known)[:known].astype(np.float32)
