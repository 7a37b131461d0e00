"""How many listeners one call to the model holds, so that a turn or request behind it waits for a short call only.

The model answers one call after the other, and one that has begun is not interrupted. Knows queries and seconds.
"""

from __future__ import annotations

# How long a call for listening should take, in seconds. One that is under way holds up whatever is asked meanwhile
# (bench.surge).
CALL_SECONDS = 0.05
# Two cost hardly more than one: a small model spends most of a call on what it does once (bench.surge).
FEWEST = 2


class Pace:
    """Fits the batches to what calls take: one more after a full one that was short, one less after a long one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._fewest = min(FEWEST, most)
        self.size = most

    def note(self, queries: int, seconds: float) -> None:
        """A call with so many queries was answered after so long."""
        if seconds > CALL_SECONDS:
            self.size = max(self._fewest, self.size - 1)
        elif queries >= self.size:
            self.size = min(self._most, self.size + 1)
