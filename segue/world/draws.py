"""What was drawn, and what else might have been: from this record the oracle knows the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from segue.world.dice import Floats


class Draw(NamedTuple):
    """A track that was drawn, whether it was wanted, and the odds of each track to be drawn and wanted, [tracks]."""

    track: int
    wanted: bool
    odds: Floats


DrawWatch = Callable[[Draw], None]


def unwatched(_: Draw) -> None:
    """Look away."""
