"""The table of listeners' states: Faust's table with its changelog, and before it the states that are in use, decoded.

A state changes here with every record and is written when an answer that rests on it is about to be given: one write
covers whatever was folded in between, as one recommendation does. Nothing is acknowledged before it is written. One
writer owns a listener, so what is kept here cannot go stale while its partition stays assigned.
"""

from __future__ import annotations

from typing import Any

import faust

from segue import session as sessions
from segue.errors import MalformedMessage
from segue.session import Offer, Session
from segue.session_merge import merge
from services.runtime import stored, stream
from services.runtime.bounded import Bounded
from services.runtime.changelog import Written
from services.runtime.settings import Settings
from services.runtime.topology import CHAT_TURNS, LISTENING_EVENTS
from services.sessions import metrics

# Of decoded states, counted as they are encoded; decoded they take about three times that. Some 3,000 full states of
# five kilobytes. Decoding took an eighth of the time of folding an event (bench.surge).
MOST_DECODED_BYTES = 16 << 20


class SessionTable:
    """States by listener."""

    def __init__(self, app: faust.App, settings: Settings) -> None:
        table: Any = app.Table(
            "sessions", partitions=settings.partitions, key_type=bytes, value_type=bytes, options=dict(stream.ROCKSDB)
        )
        self._table = table
        self._table.newest = self._newest
        self._rules = settings.fold_rules()
        self._decoded: Bounded[bytes, Session] = Bounded(MOST_DECODED_BYTES)
        # Changed and not yet written, with the newest event that changed it. As many as listeners are owed an answer.
        self._changed: dict[bytes, tuple[Session, Any]] = {}
        # Written and not yet in the changelog.
        self._on_its_way: dict[bytes, Written] = {}

    def get(self, key: bytes) -> Session | None:
        """Return the listener's newest state, if there is one that can be read."""
        if changed := self._changed.get(key):
            return changed[0]
        known = self._decoded.get(key)
        if known is not None:
            return known
        return stored.read("sessions", self._table.get(key), sessions.decode)

    def change(self, key: bytes, session: Session, event: Any) -> None:
        """Keep a state that a Faust event made, to be written before the event is acknowledged.

        So is one that a replay left as it was: the changelog may lack what the table has.
        """
        self._changed[key] = (session, event)

    def offer(self, key: bytes, offer: Offer) -> None:
        """Add what a turn is answered with to the listener's newest state, to be written with it.

        Where that is written already, it waits in memory for the next change: after a crash before that nobody can
        point at this list any more, and nothing else is lost.
        """
        session = self.get(key)
        if session is None:
            return
        session = sessions.offer(session, offer)
        if changed := self._changed.get(key):
            self._changed[key] = (session, changed[1])
        else:
            self._decoded.put(key, session, len(sessions.encode(session)))

    def write(self, key: bytes) -> Written | None:
        """Write the listener's state, where it changed since it was written last.

        Returns what to await before anything that rests on the state is acknowledged; None when all has arrived.
        """
        session, event = self._changed.pop(key, (None, None))
        if session is None:
            return self._on_its_way.get(key)
        encoded = sessions.encode(session)
        metrics.SESSION_BYTES.observe(len(encoded))
        with stream.on_behalf_of(event):
            self._table[key] = encoded
        written: Written = self._table.last_change
        self._on_its_way[key] = written
        written.add_done_callback(lambda done: self._arrived(key, done))
        self._decoded.put(key, session, len(encoded))
        return written

    def _arrived(self, key: bytes, written: Written) -> None:
        # One that failed stays, so that whoever asks next hears of it as well.
        if self._on_its_way.get(key) is written and not written.cancelled() and written.exception() is None:
            del self._on_its_way[key]

    def delete(self, key: bytes) -> None:
        """Forget a listener; only while a record of the listener's partition is read."""
        self._changed.pop(key, None)
        self._decoded.pop(key)
        del self._table[key]

    def forget_decoded(self) -> None:
        """Partitions were assigned anew: what was not written is read again, and another worker may have written."""
        self._changed.clear()
        self._decoded.clear()

    def _newest(self, known: bytes | None, other: bytes | None, time_ms: int) -> bytes | None:
        """Of a state and what lies behind it in the changelog keep the newer one: a worker cut off may write late."""
        if known is None:
            return other
        if other is None:
            idle = stored.read("sessions", known, sessions.decode)
            return None if idle is None or sessions.is_idle(idle, time_ms, self._rules) else known
        try:
            return merge(known, other, LISTENING_EVENTS.name, CHAT_TURNS.name)
        except MalformedMessage:
            return other

    def entries(self) -> Any:
        """Every listener's key and encoded state, as written last."""
        return self._table.items()
