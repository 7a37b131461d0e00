"""The partitions that Faust assigned to this worker: whether they can be read, and how far behind it is.

Two distances to a partition's end: `unread` from what was read last, `lag` from what was committed, which is what
would be read again after a crash. Knows Faust's consumer and recovery; reports to the readiness and the metrics.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from faust.types import TP

from services.runtime import metrics
from services.runtime.commit import OrderedApp
from services.runtime.gaps import Partition
from services.runtime.health import Readiness
from services.runtime.progress import Progress

ASSIGNED = "partitions assigned and tables recovered"
# Seconds between two looks at the tables' size: each walks through all their files while nothing else runs.
SIZE_EVERY = 30.0


class AssignedPartitions:
    """The share of the topics that this worker has."""

    def __init__(self, app: OrderedApp, topics: Collection[str], progress: Progress) -> None:
        # Faust's own types leave out half of what its objects have.
        self._app: Any = app
        self._gaps = app.gaps
        self._topics = frozenset(topics)
        self._progress = progress
        self._measured: set[Partition] = set()
        self._sized = -SIZE_EVERY

    def unread(self) -> dict[Partition, int]:
        """How many offsets of each partition wait to be read."""
        return {at: max(0, self._end(at) - self._progress.next_offset(at)) for at in self._assigned()}

    def lag(self) -> dict[Partition, int]:
        """How many offsets of each partition are not committed; markers behind the last record do not count."""
        return {
            at: max(0, self._end(at) - self._gaps.first_record(at, self._committed(at) or 0)) for at in self._assigned()
        }

    def committed(self) -> dict[Partition, int]:
        """The committed offset of each partition; 0 before the first one."""
        return {at: self._committed(at) or 0 for at in self._assigned()}

    def note_committed(self) -> None:
        """Before the first record of a partition is read, the committed offset says how far it was worked through."""
        for at in self._assigned():
            committed = self._committed(at)
            if committed is not None and not self._progress.knows(at):
                self._progress.start(at, committed)

    def tell(self, readiness: Readiness) -> None:
        """Say whether records can be read: assigned, recovered, and not rebalancing.

        A worker beyond the partitions' even share is assigned none, and is as ready as the others: to take over.
        """
        if self._app.tables.recovery.completed.is_set() and not self._app.rebalancing:
            readiness.satisfied(ASSIGNED)
        else:
            readiness.lost(ASSIGNED, "rebalancing or recovering")

    def measure(self, state: Path) -> None:
        """Set the gauges of both distances and of what is committed, and every 30 s that of the tables' size here."""
        measures = ((metrics.LAG, self.lag()), (metrics.UNREAD, self.unread()), (metrics.COMMITTED, self.committed()))
        for gauge, measured in measures:
            for partition in self._measured - measured.keys():
                gauge.remove(*partition)  # another worker's now
            for partition, offsets in measured.items():
                gauge.labels(*partition).set(offsets)
        self._measured = set(self._assigned())
        if (now := time.monotonic()) - self._sized >= SIZE_EVERY:
            self._sized = now
            metrics.STATE_BYTES.set(folder_bytes(state))

    def _assigned(self) -> list[Partition]:
        return [(at.topic, at.partition) for at in self._app.consumer.assignment() if at.topic in self._topics]

    def _end(self, partition: Partition) -> int:
        return self._app.consumer.highwater(TP(*partition)) or 0

    def _committed(self, partition: Partition) -> int | None:
        # Faust shows it, and the position before the first record, nowhere else.
        committed: int | None = self._app.consumer._committed_offset.get(TP(*partition))  # noqa: SLF001
        return committed


def folder_bytes(folder: Path) -> int:
    """Return the size of everything in a folder, in bytes."""
    sizes = 0
    for path in folder.rglob("*"):
        try:
            sizes += path.stat().st_size
        except FileNotFoundError:  # RocksDB removes files while they are counted
            continue
    return sizes
