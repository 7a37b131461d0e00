"""How many listeners one call to the model holds, so that a turn or request behind it waits for a short call only.

The model answers one call after the other, and one that has begun is not interrupted. Knows queries and seconds.
"""

from __future__ import annotations

# How long a call for listening should take, in seconds. One that is under way holds up whatever is asked meanwhile.
CALL_SECONDS = 0.05
# Two cost hardly more than one: a small model spends most of a call on what it does once (bench.surge).
FEWEST = 2
# What the newest call counts against those before it.
_NEWEST = 0.2


class Pace:
    """Fits the batches to what calls took of late; until one is known, as many as may be."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seconds: float | None = None

    def note(self, queries: int, seconds: float) -> None:
        """A call with so many queries, at least one, took so long."""
        each = seconds / queries
        self._seconds = each if self._seconds is None else self._seconds + _NEWEST * (each - self._seconds)

    @property
    def size(self) -> int:
        """How many queries the next call should hold."""
        if not self._seconds:
            return self._most
        return min(self._most, max(FEWEST, int(CALL_SECONDS / self._seconds)))
