"""What an evaluation tells while it runs. The command line shows it; tests and programs may ignore it."""

from __future__ import annotations

from typing import Protocol

from segue.training.watch import Silence, Watch


class EvaluationWatch(Watch, Protocol):
    """Hears of the progress of every system."""

    def system(self, name: str, seed: int) -> None:
        """A system begins to learn."""

    def ranked(self, done: int, of: int) -> None:
        """So many positions are ranked."""


class SilentEvaluation(Silence):
    """A watch that keeps what it hears to itself."""

    def system(self, name: str, seed: int) -> None:
        """See EvaluationWatch."""

    def ranked(self, done: int, of: int) -> None:
        """See EvaluationWatch."""
