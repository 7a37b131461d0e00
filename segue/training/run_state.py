"""Where a training run stands, on disk, so that one that was interrupted goes on from its last epoch.

One file beside the checkpoint that is being made, written whole or not at all. It belongs to one run: whoever reads it
says which run that is, and another run's file counts as none. Knows tensors and files, not what is trained.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

State = dict[str, torch.Tensor]


@dataclass(slots=True)
class RunState:
    """Everything that the next epoch depends on; `best` are the best parameters so far, `reached` what they reach.

    `mean` is the running mean of the decoder's parameters, and `steps` how many it has followed.
    """

    epoch: int
    decoder: State
    mean: State
    steps: int
    optimiser: dict[str, Any]
    best: State
    reached: float
    since_best: int
    measured: list[dict[str, float]]


@dataclass(frozen=True, slots=True)
class RunFile:
    """The file of one run; `run` is a digest of all that the run depends on."""

    path: Path
    run: str

    @classmethod
    def beside(cls, checkpoint: Path, run: str) -> RunFile:
        """Return the file of the run that makes this checkpoint folder."""
        return cls(checkpoint.with_name(f".{checkpoint.name}.training"), run)

    def read(self) -> RunState | None:
        """Return where the run stands; None where it is new, or what lies there is another's or damaged."""
        try:
            stored = torch.load(self.path, map_location="cpu", weights_only=True)
        except (OSError, EOFError, RuntimeError, pickle.UnpicklingError):
            return None
        if not isinstance(stored, dict) or stored.pop("run", None) != self.run:
            return None
        return RunState(**stored)

    def write(self, state: RunState) -> None:
        """Replace what was written before."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f"{self.path.name}.partial")
        contents = {name: getattr(state, name) for name in RunState.__slots__}
        torch.save({"run": self.run, **contents}, partial)
        partial.replace(self.path)

    def remove(self) -> None:
        """The checkpoint is written: nothing is left to go on with."""
        self.path.unlink(missing_ok=True)
