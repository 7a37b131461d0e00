"""What the demo measures: counts and latencies, collected as things happen. Knows no screen and no connection."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime
from statistics import quantiles

from rich.table import Table

from deploy.local.config import StackConfig
from segue.events import ListeningEvent, PlaylistEvent
from segue.recommendations import RecommendationCause, RecommendationList


class Figures:
    """The figures of one run; `started` is when the command began, in seconds since the epoch."""

    def __init__(self, started: float) -> None:
        self._started = started
        self._first: float | None = None
        self._newest: dict[str, datetime] = {}
        self._milliseconds: dict[str, list[float]] = defaultdict(list)
        self._events: Counter[str] = Counter()
        self.recommendations = 0
        self.degraded = 0

    def sent(self, way: str, event: ListeningEvent | PlaylistEvent) -> None:
        """Count an event, and wait for the list that covers it."""
        kind = "listening events" if isinstance(event, ListeningEvent) else "playlist edits"
        self._events[f"{kind} over {way}"] += 1
        if isinstance(event, ListeningEvent) and event.event_time is not None:
            self._newest[event.listener_id] = event.event_time

    def arrived(self, recommended: RecommendationList) -> float:
        """Count a list from the log and return its age: milliseconds since the newest event that it covers."""
        if recommended.cause is not RecommendationCause.LISTENING or recommended.event_time is None:
            return 0.0
        self._count(recommended)
        if recommended.event_time >= self._newest.get(recommended.listener_id, recommended.event_time):
            self._newest.pop(recommended.listener_id, None)
        milliseconds = (datetime.now(UTC) - recommended.event_time).total_seconds() * 1_000
        self._milliseconds["event to recommendation"].append(milliseconds)
        return milliseconds

    def answered(self, call: str, answer: RecommendationList, seconds: float) -> None:
        """Count the answer to a call."""
        self._count(answer)
        self._milliseconds[call].append(seconds * 1_000)

    def waiting(self) -> list[str]:
        """Return the listeners whose newest event no list covers yet."""
        return sorted(self._newest)

    def table(self, config: StackConfig) -> Table:
        """Return addresses, counts and latencies for a person."""
        table = Table("what", "measured", box=None, header_style="bold")
        for name, address in {"gateway": config.gateway, "Kafka": config.kafka, "Triton": config.triton}.items():
            table.add_row(name, address)
        table.add_row("seconds to the first recommendation", f"{self._first or 0:.1f}")
        for kind, count in self._events.items():
            table.add_row(kind, str(count))
        table.add_row("recommendations, of them degraded", f"{self.recommendations}, {self.degraded}")
        for name, milliseconds in self._milliseconds.items():
            median, high = percentiles(milliseconds)
            table.add_row(f"{name}, p50 and p99 of {len(milliseconds)}", f"{median:.1f} ms, {high:.1f} ms")
        return table

    def json(self) -> str:
        """Return the figures on one line."""
        found: dict[str, float | int | None] = {
            "seconds_to_first_recommendation": self._first and round(self._first, 2),
            "recommendations": self.recommendations,
            "degraded": self.degraded,
            "events": self._events.total(),
            "seconds": round(time.time() - self._started, 2),
        }
        for name, milliseconds in self._milliseconds.items():
            median, high = percentiles(milliseconds)
            key = name.lower().replace(" ", "_")
            found |= {f"{key}_p50_ms": round(median, 1), f"{key}_p99_ms": round(high, 1)}
        return json.dumps(found)

    def _count(self, recommended: RecommendationList) -> None:
        if self._first is None and recommended.tracks:
            self._first = time.time() - self._started
        self.recommendations += 1
        self.degraded += recommended.degraded


def percentiles(values: list[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile."""
    if len(values) == 1:
        return values[0], values[0]
    cuts = quantiles(values, n=100, method="inclusive")
    return cuts[49], cuts[98]
