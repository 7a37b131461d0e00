"""What the track_tokens service counts and measures. Labels are bounded: topics, outcomes, never an id."""

import time

from prometheus_client import Counter, Histogram

from services.runtime.metrics import DEAD_LETTERS, EVENTS, MODEL_CALL, QUEUE_DEPTH

__all__ = [
    "AGE",
    "DEAD_LETTERS",
    "EVENTS",
    "MODEL_CALL",
    "PUBLISHED",
    "QUEUE_DEPTH",
    "STATE_SIZE",
    "note_published",
    "note_refused",
]

SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0)

PUBLISHED = Counter(
    "segue_track_tokens_published_total", "Records written to track-tokens, by what they say", ["outcome"]
)
AGE = Histogram(
    "segue_track_tokens_age_seconds",
    "From the newest event time that a track's tokens reflect to their publication",
    buckets=SECONDS,
)
STATE_SIZE = Histogram(
    "segue_track_tokens_state_size_bytes",
    "Size of one playlist's or track's state",
    ["table"],
    buckets=(256, 512, 1024, 2048, 4096, 8192, 16384, 65536),
)


def note_refused(topic: str, reason: str) -> None:
    """Count a record that the broker has acknowledged as a dead letter."""
    EVENTS.labels(topic, reason).inc()
    DEAD_LETTERS.labels(topic, reason).inc()


def note_published(*, removed: bool, event_ms: int) -> None:
    """Count a record of `track-tokens` that the broker has acknowledged, and how old the news in it is."""
    PUBLISHED.labels("tombstone" if removed else "tokens").inc()
    AGE.observe(max(0.0, time.time() - event_ms / 1_000))
