"""Vectors of a catalogue's own texts, rounded to eight bits: what a checkpoint keeps to compare words with.

Needs no torch, and knows nothing about the encoder that they come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from segue.tokens.codebook import Floats

Arrays = dict[str, npt.NDArray[Any]]

_LEVELS = 127


@dataclass(frozen=True, slots=True)
class TrackVectors:
    """Vectors row by row: `levels` [tracks, dimensions] are numbers of steps, each as long as `step`."""

    levels: npt.NDArray[np.int8]
    step: float

    def __len__(self) -> int:
        return len(self.levels)

    @classmethod
    def of(cls, vectors: Floats) -> TrackVectors:
        """Round vectors, [tracks, dimensions]."""
        step = float(np.abs(vectors).max(initial=0.0)) / _LEVELS or 1.0
        return cls(np.rint(vectors / step).astype(np.int8), float(np.float32(step)))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> TrackVectors:
        """Return what `arrays` gave. Raises KeyError where one is missing, ValueError where it is no such array."""
        levels, step = arrays["levels"], arrays["step"]
        if levels.dtype != np.int8 or levels.ndim != 2 or step.shape != (1,):
            raise ValueError(f"vectors of the form {levels.dtype} {levels.shape}, with steps {step.shape}")
        return cls(levels, float(step[0]))

    def arrays(self) -> Arrays:
        """Return the arrays to keep."""
        return {"levels": self.levels, "step": np.array([self.step], np.float32)}
