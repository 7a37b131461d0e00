"""What event time allows: nothing dated after it reached the log, nothing far behind what is known already.

Knows instants in Unix milliseconds, not whose events they are: `session.py` and `cooccurrence/` say what is newest.
"""

from __future__ import annotations

from datetime import timedelta

from segue.errors import FutureEvent, LateEvent, Violation


def refuse_future(time_ms: int, record_ms: int, clock_skew: timedelta) -> None:
    """Raise FutureEvent when an event is dated after its record by more than clocks may differ."""
    ahead_ms = time_ms - record_ms
    if ahead_ms > clock_skew.total_seconds() * 1_000:
        raise FutureEvent(
            Violation("event_time", f"lies {ahead_ms / 1_000:.0f} s after the moment the event reached the log")
        )


def refuse_late(time_ms: int, newest_ms: int, lateness: timedelta) -> None:
    """Raise LateEvent when an event lies before the newest one of its kind by more than the lateness."""
    behind_ms = newest_ms - time_ms
    if behind_ms > lateness.total_seconds() * 1_000:
        raise LateEvent(
            Violation("event_time", f"lies {behind_ms / 1_000:.0f} s before the newest event; at most {lateness}")
        )
