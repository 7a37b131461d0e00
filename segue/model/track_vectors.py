"""Vectors of a catalogue's own texts as a checkpoint keeps them: on their main axes, around their mean, in eight bits.

Products with them are what the encoder's own vectors would give, less the mean over the catalogue. Needs no torch, and
knows nothing about the encoder that the vectors come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from segue.tokens.codebook import Floats

Arrays = dict[str, npt.NDArray[Any]]

# Half of MiniLM's find as much as all (docs/lab-log.md).
MOST_AXES = 192
_LEVELS = 127


@dataclass(frozen=True, slots=True)
class TrackVectors:
    """Vectors row by row: `levels` [tracks, axes] are numbers of steps, each as long as `step`.

    `mean` [dimensions] is what was taken off the encoder's vectors before they were turned onto `axes` [dimensions,
    axes].
    """

    levels: npt.NDArray[np.int8]
    step: float
    mean: Floats
    axes: Floats

    def __len__(self) -> int:
        return len(self.levels)

    @classmethod
    def of(cls, vectors: Floats, most_axes: int = MOST_AXES) -> TrackVectors:
        """Turn and round an encoder's vectors, [tracks, dimensions]."""
        mean = vectors.mean(axis=0)
        spread = vectors - mean
        axes = _half(np.linalg.eigh(spread.T @ spread)[1][:, ::-1][:, :most_axes])
        turned = spread @ axes
        step = float(np.float32(np.abs(turned).max(initial=0.0) / _LEVELS)) or 1.0
        return cls(np.rint(turned / step).astype(np.int8), step, mean.astype(np.float32), axes)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> TrackVectors:
        """Return what `arrays` gave. Raises KeyError where one is missing, ValueError where they do not fit."""
        levels, step, mean, axes = (arrays[name] for name in ("levels", "step", "mean", "axes"))
        if levels.dtype != np.int8 or step.shape != (1,) or axes.shape != (*mean.shape, *levels.shape[1:]):
            raise ValueError(f"vectors of the form {levels.dtype} {levels.shape} on axes of the form {axes.shape}")
        return cls(levels, float(step[0]), mean.astype(np.float32), axes.astype(np.float32))

    def arrays(self) -> Arrays:
        """Return the arrays to keep."""
        return {
            "levels": self.levels,
            "step": np.array([self.step], np.float32),
            "mean": self.mean,
            "axes": self.axes.astype(np.float16),
        }


def _half(values: npt.NDArray[Any]) -> Floats:
    """Return what half precision keeps, so that what is loaded is what was saved."""
    return np.ascontiguousarray(values, np.float16).astype(np.float32)
