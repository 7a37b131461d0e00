"""Arms: who predicts, from what it knew when. Each answers the same questions with a score for every known track.

An arm stands still at the cut, is refreshed weekly, or follows the edits, which `As_of` says. Knows what arms are made
of (`history.py`, `system.py`, `classes.py`), not how they are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from segue.evaluation.live.history import History, Settings
from segue.evaluation.live.walk import Day
from segue.tokens.codebook import Floats

FROZEN, WEEKLY, LIVE = "frozen", "weekly", "live"
WEEK = 7


class Arm(Protocol):
    """Somebody who predicts, under one name or several."""

    def answers(self, day: Day) -> Iterator[Mapping[str, Floats]]:
        """Yield for each of the day's questions, by name, float32 scores [known], higher is better."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """Up to which day an arm has seen the edits: the cut, the newest beginning of a week since, or the day itself."""

    pace: str
    cut: int

    def __call__(self, day: int) -> int:
        """Return the first day that has not been seen when `day` is asked about."""
        if self.pace == FROZEN:
            return self.cut
        return self.cut + (day - self.cut) // WEEK * WEEK if self.pace == WEEKLY else day


@dataclass(frozen=True, slots=True)
class PopularityArm:
    """Additions, fading."""

    name: str
    history: History
    days: float
    as_of: Callable[[int], int]

    def answers(self, day: Day) -> Iterator[Mapping[str, Floats]]:
        """See Arm."""
        scores = self.history.popularity(day.known, self.as_of(day.day), self.days)
        for _ in day.questions:
            yield {self.name: scores}


@dataclass(frozen=True, slots=True)
class KnnArm:
    """Item-kNN with recency; tracks that it knows nothing of are tied, and rank last."""

    name: str
    history: History
    settings: Settings
    as_of: Callable[[int], int]

    def answers(self, day: Day) -> Iterator[Mapping[str, Floats]]:
        """See Arm."""
        for question in day.questions:
            scores = self.history.neighbours(question, self.as_of(day.day), self.settings)
            yield {self.name: np.where(scores > 0, scores, -np.inf).astype(np.float32)}
