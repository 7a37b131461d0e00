"""Follows `catalog` for what is said without the model: a track that was removed must not be named there either.

The catalogue itself, not `track-tokens`, which is late when the model server is away: just then this is needed. Knows
Kafka, and nothing about lists.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from prometheus_client import Counter, Gauge

from segue import wire
from segue.catalog import Track, validate_track
from segue.errors import MalformedMessage, Violation
from services.runtime.follower import Apply, Follower
from services.runtime.settings import Settings
from services.runtime.topology import CATALOG

LAG = Gauge("segue_fallback_lag", "Records of catalog that the lists without the model do not obey yet")
REFUSED = Counter("segue_fallback_refused_total", "Records of catalog that the lists without the model cannot obey")


class CatalogWatch:
    """What the follower tells, as metrics (`services.runtime.follower.Watch`)."""

    def behind(self, records: int) -> None:
        """Set the lag."""
        LAG.set(records)

    def caught_up(self) -> None:
        """The lag says it."""

    def applied(self, written_ms: Sequence[int], seconds: float) -> None:
        """Nothing is measured: it takes microseconds."""

    def failed(self) -> None:
        """Count a track."""
        REFUSED.inc()

    def refused(self) -> None:
        """Count a record."""
        REFUSED.inc()


def follower(settings: Settings, service: str, described: Container[str], apply: Apply[Track]) -> Follower[Track]:
    """Return a follower that tells which tracks are gone and which are there.

    Only the `described` tracks come with their content, and are checked as `track_tokens` checks them: reading a
    whole catalogue's would take minutes.
    """

    def read(track_id: str, value: bytes) -> Track:
        return _valid(track_id, value) if track_id in described else Track(track_id)

    return Follower(settings, service, CATALOG, read, apply, CatalogWatch())


def _valid(track_id: str, value: bytes) -> Track:
    track = wire.decode(value, Track)
    validate_track(track)
    if track.track_id != track_id:
        raise MalformedMessage(Violation("key", f"is {track_id!r}; it must be the track_id"))
    return track
