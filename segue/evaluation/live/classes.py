"""Codes alone: which class of tracks follows which, and which track of its class it is.

A class-based bigram model (Brown et al., 1992): p(track | playlist) = p(its code | the playlist's codes) times
p(track | its code). The first is learnt from counts, so it can be learnt again from scratch in no time; the second is
the track's share of its class's recent additions. It shows what codes are worth that stand still, whose assignments
move, that are made anew each week, and whose meaning moves under a model that does not. Knows codes and counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix

from segue.evaluation.live.history import History
from segue.evaluation.live.shelves import Question
from segue.evaluation.live.walk import Day
from segue.tokens.clustering import cluster
from segue.tokens.codebook import Floats, Integers
from segue.tokens.fitting import CodebookRules
from segue.tokens.pmi import factorised, positive_pmi

# What a class is given beside its counts, in pairs, shared out as all classes occur.
SMOOTHING = 20.0
# Additions that every track has had in its class's eyes.
FLOOR = 1e-4
ABSENT = -1


@dataclass(frozen=True, slots=True)
class Following:
    """How likely each class follows each, [classes, classes]."""

    chances: Floats

    @classmethod
    def learnt(cls, counts: csr_matrix, codes: Integers, classes: int) -> Following:
        """Learn from pairs of tracks, [tracks, tracks], and their codes, [tracks]; ABSENT ones are left out."""
        rows = np.flatnonzero(codes >= 0)
        by = csr_matrix((np.ones(len(rows), np.float32), (rows, codes[rows])), (counts.shape[0], classes))
        between = np.asarray((by.T @ counts @ by).todense(), np.float64)
        shares = (between.sum(0) + 1.0) / (between.sum() + classes)
        return cls(((between + SMOOTHING * shares) / (between.sum(1, keepdims=True) + SMOOTHING)).astype(np.float32))

    def scores(self, context: Integers, codes: Integers, popularity: Floats, place_power: float) -> Floats:
        """Return log p of each track, [tracks], from the codes of the playlist's newest tracks, newest first."""
        told = context[context >= 0]
        classes = len(self.chances)
        coded = codes >= 0
        scores = np.full(len(codes), -np.inf, np.float32)
        weights = np.arange(1.0, len(told) + 1) ** -place_power
        chances = np.full(classes, 1.0 / classes) if not len(told) else weights @ self.chances[told] / weights.sum()
        shares = popularity[coded] + FLOOR
        sums = np.bincount(codes[coded], shares, minlength=classes)
        scores[coded] = np.log(chances)[codes[coded]] + np.log(shares / sums[codes[coded]])
        return scores


@dataclass(slots=True)
class ClassArm:
    """Codes alone; `coded` gives codes [known at least] and the model as of a day, `as_of` what popularity has seen."""

    name: str
    history: History
    coded: Callable[[int], tuple[Integers, Following]]
    as_of: Callable[[int], int]
    days: float
    place_power: float = 0.5

    def answers(self, day: Day) -> Iterator[Mapping[str, Floats]]:
        """See Arm."""
        codes, following = self.coded(day.day)
        padded = np.full(day.known, ABSENT, np.int64)
        padded[: len(codes)] = codes[: day.known]
        popularity = self.history.popularity(day.known, self.as_of(day.day), self.days)
        for question in day.questions:
            yield {self.name: following.scores(_told(question, padded), padded, popularity, self.place_power)}


@dataclass(slots=True)
class Refits:
    """Codes made anew from all pairs before a day, kept until another day is asked for."""

    history: History
    rules: CodebookRules
    _day: int = -1
    _made: tuple[csr_matrix, Integers, int] | None = field(default=None)

    def made(self, day: int) -> tuple[csr_matrix, Integers, int]:
        """Return counts, codes [tracks] and the number of classes as of a day."""
        if self._made is None or self._day != day:
            self._day, counts = day, self.history.counts(day)
            self._made = (counts, *fitted(counts, self.rules))
        return self._made


def fitted(counts: csr_matrix, rules: CodebookRules) -> tuple[Integers, int]:
    """Return codes [tracks], as playlist codebooks make them, ABSENT without a pair; and how many classes there are."""
    present = np.flatnonzero(np.diff(counts.indptr))
    information = positive_pmi(csr_matrix(counts[present][:, present]))
    dimensions = min(rules.dimensions, rules.playlist_dimensions, int(len(present) ** 0.5))
    vectors = factorised(information, dimensions, rules.seed)
    clusters = cluster(vectors, rules.most_codes, rules.tracks_per_code, rules.seed)
    codes = np.full(counts.shape[0], ABSENT, np.int64)
    codes[present] = clusters.nearest(vectors)
    return codes, len(clusters.centroids)


def renumbered(codes: Integers, classes: int, old: Integers, old_classes: int) -> Integers:
    """Return new codes under the old numbers that share most tracks with them: as much of their meaning as can stay."""
    both = (codes[: len(old)] >= 0) & (old >= 0)
    shared = np.zeros((classes, old_classes), np.int64)
    np.add.at(shared, (codes[: len(old)][both], old[both]), 1)
    numbers = shared.argmax(1)
    new_numbers, old_numbers = linear_sum_assignment(-shared)
    numbers[new_numbers] = old_numbers
    return np.where(codes >= 0, numbers[codes], ABSENT)


def _told(question: Question, codes: Integers) -> Integers:
    return codes[[moment.row for moment in reversed(question.context)]] if question.context else codes[:0]
