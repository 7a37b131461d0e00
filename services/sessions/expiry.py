"""Finds idle listeners in the table, slowly, and hands them out to be deleted by the stream that owns their partition.

A table may only be changed while one of its partition's records is read, and a deletion must not be seen by the fold:
an idle state is one that the next event would start anew anyway (`segue/session.py`).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable

from segue import session as sessions
from segue.session import FoldRules
from services.runtime import stored

# States looked at between two pauses, and how long a pause is, in seconds: at most 2,000 states a second.
STEP = 200
PAUSE = 0.1
# Deleted while one record is read.
AT_ONCE = 4
# Found and waiting in each partition.
MOST_WAITING = 10_000


class IdleSweep:
    """The idle listeners found so far, by partition."""

    def __init__(self, rules: FoldRules) -> None:
        self._rules = rules
        self._scans = 0
        self._now_ms: dict[int, int] = {}
        self._idle: defaultdict[int, list[bytes]] = defaultdict(list)

    def advance(self, partition: int, time_ms: int) -> None:
        """A record of this partition was appended at this time; its clock stands there."""
        self._now_ms[partition] = max(time_ms, self._now_ms.get(partition, 0))

    def take(self, partition: int) -> list[bytes]:
        """Return a few idle listeners of the partition."""
        idle = self._idle[partition]
        taken, self._idle[partition] = idle[:AT_ONCE], idle[AT_ONCE:]
        return taken

    def interrupt(self) -> None:
        """Partitions are assigned anew: what a scan under way looks at is being closed, and it must not go on."""
        self._scans += 1
        self._idle.clear()

    async def scan(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Look at every state, giving way to other work in between, until interrupted."""
        self.interrupt()
        scan = self._scans
        for number, (key, value) in enumerate(entries, start=1):
            if number % STEP == 0:
                await asyncio.sleep(PAUSE)
                if scan != self._scans:
                    return
            state = stored.read("sessions", value, sessions.decode)
            if state is None:  # begun anew by the listener's next record
                continue
            partition = state.seen[0].partition if state.seen else 0
            waiting = self._idle[partition]
            if len(waiting) < MOST_WAITING and sessions.is_idle(state, self._now_ms.get(partition, 0), self._rules):
                waiting.append(key)
