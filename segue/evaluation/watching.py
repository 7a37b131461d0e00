"""What an evaluation tells while it runs. The command line shows it; tests and programs may ignore it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from segue.training.watch import Silence, Watch


class EvaluationWatch(Watch, Protocol):
    """Hears of the progress of every system."""

    def system(self, name: str, seed: int) -> None:
        """A system begins to learn."""

    def ranked(self, done: int, of: int) -> None:
        """So many positions are ranked."""

    def measured(self, name: str, seed: int, minutes: float, metrics: Mapping[str, float]) -> None:
        """A system is measured, which took so many minutes of the processor, now or in the run before this one."""


class SilentEvaluation(Silence):
    """A watch that keeps what it hears to itself."""

    def system(self, name: str, seed: int) -> None:
        """See EvaluationWatch."""

    def ranked(self, done: int, of: int) -> None:
        """See EvaluationWatch."""

    def measured(self, name: str, seed: int, minutes: float, metrics: Mapping[str, float]) -> None:
        """See EvaluationWatch."""
