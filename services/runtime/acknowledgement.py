"""Acknowledgement in offset order: an offset is acknowledged once it and all before it in its partition are done.

Faust's commit can pass over an unacknowledged offset when acknowledgements come out of order, so they never do. Knows
neither Faust nor Kafka.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

Place = tuple[str, int, int]  # topic, partition, offset

# A record under way keeps its message, about a kilobyte besides its value: 50 MB, and as much again for large values.
MOST_UNDER_WAY = 50_000
MOST_BYTES = 64 << 20


@dataclass(slots=True)
class _Tracked:
    offset: int
    acknowledge: Callable[[], object]
    size: int
    done: bool = False


class OrderedAcknowledgement:
    """Tracks what is under way in each partition."""

    def __init__(self, most: int = MOST_UNDER_WAY, most_bytes: int = MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._kept = 0
        self._bytes = 0
        self._partitions: dict[tuple[str, int], deque[_Tracked]] = {}
        self._under_way: dict[Place, _Tracked] = {}

    def track(self, place: Place, acknowledge: Callable[[], object], size: int = 0) -> None:
        """A record of `size` bytes was read; `acknowledge` is called once it and all read before it are done.

        One that is read again while it is under way, as after a seek, is still under way once.
        """
        if place in self._under_way:
            return
        tracked = _Tracked(place[2], acknowledge, size)
        self._partitions.setdefault(place[:2], deque()).append(tracked)
        self._under_way[place] = tracked
        self._kept += 1
        self._bytes += size

    def done(self, place: Place) -> None:
        """A record's effects are in the log. Unknown places, of an assignment that has passed, are ignored."""
        tracked = self._under_way.pop(place, None)
        if tracked is None:
            return
        tracked.done = True
        waiting = self._partitions[place[:2]]
        while waiting and waiting[0].done:
            first = waiting.popleft()
            self._kept -= 1
            self._bytes -= first.size
            first.acknowledge()

    def forget(self) -> None:
        """Partitions were assigned anew: what was under way is read again from the committed offset."""
        self._partitions.clear()
        self._under_way.clear()
        self._kept = self._bytes = 0

    def is_full(self) -> bool:
        """Whether so much is kept, under way or done behind what is under way, that no more should be read."""
        return self._kept >= self._most or self._bytes >= self._most_bytes

    def __len__(self) -> int:
        """How many records are under way."""
        return len(self._under_way)
