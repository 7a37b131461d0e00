"""Tracks that are new on a day, ranked among all of that day's new ones: what content alone says of where they belong.

The recommender is told a new track's content and codes, as the catalogue would, and nothing else. Beside it stands
MiniLM as it comes on titles and artists: closeness to the playlist's newest tracks. Knows days and arms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from segue.catalog import Track
from segue.evaluation.baselines.minilm import MiniLm
from segue.evaluation.live.shelves import Question
from segue.evaluation.live.system import SystemArm
from segue.evaluation.live.walk import Day
from segue.tokens.codebook import Floats, Integers

LENGTHS = (1, 5, 20, 64)
SHARPNESSES = (0.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True)
class DenseSettings:
    """How many of the newest tracks are read; with `sharpness` s above 0, closeness c counts as exp(s c)."""

    length: int = 20
    sharpness: float = 10.0


@dataclass(slots=True)
class Dense:
    """MiniLM on titles and artists; vectors are made when a track is first looked at, and kept."""

    tracks: Sequence[Track]
    encoder: MiniLm = field(default_factory=MiniLm)
    _places: dict[int, int] = field(default_factory=dict)
    _vectors: list[Floats] = field(default_factory=list)

    def scores(self, question: Question, rows: Integers, settings: DenseSettings) -> Floats:
        """Return the closeness of some rows to the playlist's newest tracks, [rows]."""
        newest = [moment.row for moment in question.context[-settings.length :]]
        if not newest:
            return np.zeros(len(rows), np.float32)
        near = self.of(rows) @ self.of(newest).T
        if settings.sharpness:
            near = np.exp(settings.sharpness * (near - 1.0))
        return np.asarray(near.mean(1), np.float32)

    def of(self, rows: Sequence[int] | Integers) -> Floats:
        """Return unit vectors, [rows, width]."""
        missing = [int(row) for row in rows if int(row) not in self._places]
        if missing:
            texts = [f"{self.tracks[row].title} by {', '.join(self.tracks[row].artists)}" for row in missing]
            self._vectors += list(self.encoder.encode(texts))
            self._places |= {row: len(self._places) + place for place, row in enumerate(missing)}
        return np.stack([self._vectors[self._places[int(row)]] for row in rows])


def cold_questions(day: Day) -> list[Question]:
    """Return the questions that want new tracks, each with those alone as wanted."""
    return [
        replace(question, wanted=tuple(row for row in question.wanted if row >= day.known))
        for question in day.questions
        if any(row >= day.known for row in question.wanted)
    ]


def system_answers(arm: SystemArm, day: Day, questions: Sequence[Question]) -> list[Floats]:
    """Return the arm's scores of the day's new tracks at each question, [new]; its index must know them."""
    return [arm.of_log(scores.totals, day.after)[day.known :] for scores in arm.scored(questions)]


def reciprocal_ranks(scores: Mapping[str, Floats], question: Question, day: Day) -> dict[str, list[float]]:
    """Return 1 / rank of each wanted track among the day's new ones; ties are pessimistic."""
    return {
        name: [1.0 / float((values >= values[row - day.known]).sum()) for row in question.wanted]
        for name, values in scores.items()
    }
