"""Dead letters on their way: reading goes on meanwhile, and a record is done once its dead letter is acknowledged.

So whoever sends bad records holds up nobody else's. Knows neither Faust nor what is wrong with a record.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from segue.errors import InvalidMessage
from services.runtime.acknowledgement import OrderedAcknowledgement
from services.runtime.emitter import Outbox
from services.runtime.record import Record
from services.sessions import metrics

# On their way at once: some four of the producer's batches of records of a kilobyte. What they hold in bytes is bounded
# with all that is read and not yet acknowledged.
MOST_AT_ONCE = 1_000


class Burials:
    """The dead letters that the broker has not acknowledged; `start` runs a coroutine, and its failure ends the app."""

    def __init__(
        self,
        start: Callable[[Coroutine[Any, Any, None]], object],
        emitter: Outbox,
        acknowledgement: OrderedAcknowledgement,
    ) -> None:
        self._start = start
        self._emitter = emitter
        self._acknowledgement = acknowledgement
        self._under_way = 0

    def begin(self, record: Record, error: InvalidMessage) -> None:
        """Send a record to the dead letters, and acknowledge it when it is there."""
        self._under_way += 1
        self._start(self._bury(record, error))

    def is_full(self) -> bool:
        """Whether so many are on their way that nothing more should be read."""
        return self._under_way >= MOST_AT_ONCE

    async def _bury(self, record: Record, error: InvalidMessage) -> None:
        try:
            await self._emitter.bury(record, error)
        finally:
            self._under_way -= 1
        self._acknowledgement.done(record.place)
        metrics.DEAD_LETTERS.labels(record.topic, error.reason).inc()
        metrics.EVENTS.labels(record.topic, error.reason).inc()
