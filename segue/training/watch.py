"""What training tells while it runs. The command line shows it; tests and programs may ignore it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Watch(Protocol):
    """Hears of the training's progress."""

    def phase(self, name: str) -> None:
        """A new part of the work begins."""

    def step(self, done: int, of: int, loss: float, tracks_per_second: float) -> None:
        """One optimiser step is done; `of` is the most there will be."""

    def validated(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """The decoder was measured on validation."""


class Silence:
    """A watch that keeps what it hears to itself."""

    def phase(self, name: str) -> None:
        """See Watch."""

    def step(self, done: int, of: int, loss: float, tracks_per_second: float) -> None:
        """See Watch."""

    def validated(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """See Watch."""
