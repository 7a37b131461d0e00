"""Acknowledgement in offset order: an offset is acknowledged once it and all before it in its partition are done.

Faust's commit can pass over an unacknowledged offset when acknowledgements come out of order, so they never do. Knows
neither Faust nor Kafka.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

Place = tuple[str, int, int]  # topic, partition, offset


@dataclass(slots=True)
class _Tracked:
    offset: int
    acknowledge: Callable[[], object]
    done: bool = False


class OrderedAcknowledgement:
    """Tracks what is under way in each partition."""

    def __init__(self) -> None:
        self._partitions: dict[tuple[str, int], deque[_Tracked]] = {}
        self._under_way: dict[Place, _Tracked] = {}

    def track(self, place: Place, acknowledge: Callable[[], object]) -> None:
        """A record was read; `acknowledge` is called once it and all read before it in its partition are done.

        One that is read again while it is under way, as after a seek, is still under way once.
        """
        if place in self._under_way:
            return
        tracked = _Tracked(place[2], acknowledge)
        self._partitions.setdefault(place[:2], deque()).append(tracked)
        self._under_way[place] = tracked

    def done(self, place: Place) -> None:
        """A record's effects are in the log. Unknown places, of an assignment that has passed, are ignored."""
        tracked = self._under_way.pop(place, None)
        if tracked is None:
            return
        tracked.done = True
        waiting = self._partitions[place[:2]]
        while waiting and waiting[0].done:
            waiting.popleft().acknowledge()

    def forget(self) -> None:
        """Partitions were assigned anew: what was under way is read again from the committed offset."""
        self._partitions.clear()
        self._under_way.clear()

    def __len__(self) -> int:
        """How many records are under way."""
        return len(self._under_way)
