"""The table of listeners' states: Faust's table with its changelog, and the states used last kept decoded before it.

One writer owns a listener, so what is kept decoded cannot go stale while its partition stays assigned.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import faust

from segue import session as sessions
from segue.session import Session
from services.runtime import stream
from services.runtime.settings import Settings
from services.sessions import metrics

# About 60 MB when full and every state is full. Decoding took an eighth of the time of folding an event (bench.surge).
MOST_DECODED = 4_096


class SessionTable:
    """States by listener. Change it only while a record of the listener's partition is read."""

    def __init__(self, app: faust.App, settings: Settings) -> None:
        self._table: Any = app.Table(
            "sessions", partitions=settings.partitions, key_type=bytes, value_type=bytes, options=dict(stream.ROCKSDB)
        )
        self._decoded: OrderedDict[bytes, Session] = OrderedDict()

    def get(self, key: bytes) -> Session | None:
        """Return the listener's state, if there is one. Raises MalformedMessage when it is damaged."""
        known = self._decoded.get(key)
        if known is not None:
            self._decoded.move_to_end(key)
            return known
        stored = self._table.get(key)
        return sessions.decode(stored) if stored else None

    def put(self, key: bytes, session: Session) -> None:
        """Keep a state. Written even when it is the same as before: the changelog may lack what the table has."""
        encoded = sessions.encode(session)
        metrics.SESSION_BYTES.observe(len(encoded))
        self._table[key] = encoded
        self._decoded[key] = session
        self._decoded.move_to_end(key)
        if len(self._decoded) > MOST_DECODED:
            self._decoded.popitem(last=False)

    def delete(self, key: bytes) -> None:
        """Forget a listener."""
        self._decoded.pop(key, None)
        del self._table[key]

    def forget_decoded(self) -> None:
        """Partitions were assigned anew: another worker may have written meanwhile."""
        self._decoded.clear()

    def entries(self) -> Any:
        """Every listener's key and encoded state."""
        return self._table.items()
