"""What a system is to the evaluation: something that learns from what lies before the cut, then scores every track.

A new system needs a class with `name`, `seeded` and `fit`; what `fit` returns needs `scores`. Knows neither torch nor
the systems there are: `baselines/` and `segue_system.py` hold them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from segue.catalog import Track
from segue.evaluation.positions import Position
from segue.tokens.codebook import Floats
from segue.training.corpus import Corpus
from segue.training.watch import Watch

# The score of a track of which a system can say nothing: behind all others, and with pessimistic ties behind its like.
NOTHING = np.float32(-np.inf)


@dataclass(frozen=True, slots=True)
class Material:
    """What every system may learn from: the corpus as of the cut, and the content of tracks first seen after it.

    Tracks are numbered as in the corpus, `newcomers` after them. `cold_validation` are positions of the validation
    time whose wanted track nothing before that time holds; among their candidates are all tracks of the corpus.
    """

    corpus: Corpus
    newcomers: Sequence[Track]
    cold_validation: Sequence[Position]

    @property
    def tracks(self) -> list[Track]:
        """All tracks, row by row."""
        return [*self.corpus.tracks, *self.newcomers]

    def validation_candidates(self, *, cold: bool = False) -> npt.NDArray[np.bool_]:
        """Return which tracks compete in validation, [tracks]: those there when it began; `cold`: also its own."""
        allowed = np.ones(len(self.corpus.tracks), bool) if cold else self.corpus.recommendable
        return np.concatenate([allowed, np.zeros(len(self.newcomers), bool)])


class Ranker(Protocol):
    """A fitted system."""

    @property
    def name(self) -> str:
        """What tables call it."""

    def scores(self, positions: Sequence[Position]) -> Iterator[Floats]:
        """Yield every track's score at each position, float32 [tracks], higher is better; the array may be reused."""


class System(Protocol):
    """Something that can be fitted. `seeded` says whether another seed gives another ranker."""

    @property
    def name(self) -> str:
        """What tables call it, and `--only` asks for."""

    @property
    def seeded(self) -> bool:
        """Whether `fit` depends on its seed."""

    def fit(self, material: Material, seed: int, watch: Watch) -> Ranker:
        """Learn, tuned on the material's validation positions, and return the ranker as of the cut."""
