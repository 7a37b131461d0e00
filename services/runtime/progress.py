"""How far each partition was worked through. Pure; `partitions.py` asks the broker's side of it."""

from __future__ import annotations

from collections.abc import Iterable

from segue.events import SourceOffset
from services.runtime.acknowledgement import Place
from services.runtime.gaps import Gaps, Partition


class Progress:
    """The next offset of each partition: everything before it was worked through, or holds no record."""

    def __init__(self, gaps: Gaps | None = None) -> None:
        self._gaps = gaps or Gaps()
        self._next: dict[Partition, int] = {}

    def advance(self, place: Place) -> None:
        """The record at this place was worked through, and so were all before it in its partition."""
        topic, partition, offset = place
        self.start((topic, partition), offset + 1)

    def start(self, partition: Partition, offset: int) -> None:
        """Everything before this offset was worked through."""
        self._next[partition] = max(offset, self._next.get(partition, 0))

    def reached(self, positions: Iterable[SourceOffset]) -> bool:
        """Whether all these positions were worked through."""
        return all(self.next_offset((at.topic, at.partition)) > at.offset for at in positions)

    def knows(self, partition: Partition) -> bool:
        """Whether anything is known of the partition."""
        return partition in self._next

    def next_offset(self, partition: Partition) -> int:
        """The first offset of the partition that was not worked through and may hold a record."""
        return self._gaps.first_record(partition, self._next.get(partition, 0))

    def forget(self) -> None:
        """Partitions were assigned anew."""
        self._next.clear()
