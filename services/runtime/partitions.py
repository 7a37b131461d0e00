"""The partitions that Faust assigned to this worker: whether they can be read, and how far behind it is.

Knows Faust's consumer and recovery; reports to the readiness and the metrics.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import faust

from services.runtime import metrics
from services.runtime.health import Readiness
from services.runtime.progress import Partition, Progress

ASSIGNED = "partitions assigned and tables recovered"


class AssignedPartitions:
    """The share of the topics that this worker has."""

    def __init__(self, app: faust.App, topics: Collection[str], progress: Progress) -> None:
        # Faust's own types leave out half of what its objects have.
        self._app: Any = app
        self._topics = frozenset(topics)
        self._progress = progress
        self._measured: set[Partition] = set()

    def behind(self) -> dict[Partition, int]:
        """How many records of each partition wait to be read."""
        consumer = self._app.consumer
        return {
            (at.topic, at.partition): max(
                0, (consumer.highwater(at) or 0) - self._progress.next_offset((at.topic, at.partition))
            )
            for at in self._assigned()
        }

    def note_committed(self) -> None:
        """Before the first record of a partition is read, the committed offset says how far it was worked through."""
        for at in self._assigned():
            partition = (at.topic, at.partition)
            # Faust shows the position before the first record nowhere else.
            committed = self._app.consumer._committed_offset.get(at)  # noqa: SLF001
            if committed is not None and not self._progress.knows(partition):
                self._progress.start(partition, committed)

    def tell(self, readiness: Readiness) -> None:
        """Say whether records can be read: assigned, recovered, and not rebalancing."""
        recovered = self._app.tables.recovery.completed.is_set()
        if recovered and self._assigned() and not self._app.rebalancing:
            readiness.satisfied(ASSIGNED)
        else:
            readiness.lost(ASSIGNED, "rebalancing or recovering")

    def measure(self, state: Path) -> None:
        """Set the gauges of lag and of the tables' size in this folder."""
        behind = self.behind()
        for partition in self._measured - behind.keys():
            metrics.LAG.remove(*partition)  # another worker's now
        for partition, records in behind.items():
            metrics.LAG.labels(*partition).set(records)
        self._measured = set(behind)
        metrics.STATE_BYTES.set(folder_bytes(state))

    def _assigned(self) -> list[Any]:
        return [at for at in self._app.consumer.assignment() if at.topic in self._topics]


def folder_bytes(folder: Path) -> int:
    """Return the size of everything in a folder, in bytes."""
    sizes = 0
    for path in folder.rglob("*"):
        try:
            sizes += path.stat().st_size
        except FileNotFoundError:  # RocksDB removes files while they are counted
            continue
    return sizes
