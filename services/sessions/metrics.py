"""What the sessions service counts and measures. Labels are bounded: topics, partitions, outcomes, never an id."""

import time
from collections.abc import Mapping
from datetime import datetime

from prometheus_client import Counter, Gauge, Histogram

from segue.recommendations import RecommendationCause
from services.runtime.metrics import DEAD_LETTERS, EVENTS, MODEL_CALL, QUEUE_DEPTH, SECONDS, UNDER_WAY

__all__ = [
    "AGE",
    "DEAD_LETTERS",
    "EVENTS",
    "EXPIRED",
    "LOG_AGE",
    "MODEL_BATCH",
    "MODEL_CALL",
    "MODEL_INFO",
    "QUEUE_DEPTH",
    "RECOMMENDATIONS",
    "REQUEST_AGE",
    "SESSION_BYTES",
    "TOKEN_CHANGES",
    "UNDER_WAY",
    "note_answer",
    "note_model",
    "note_queue",
]

RECOMMENDATIONS = Counter("segue_recommendations_total", "Answers given", ["cause", "outcome"])
AGE = Histogram(
    "segue_recommendation_age_seconds",
    "From the event time, by the producer's clock, to its answer",
    ["cause"],
    buckets=SECONDS,
)
LOG_AGE = Histogram(
    "segue_recommendation_log_age_seconds",
    "From the broker's time of the record to its answer",
    ["cause"],
    buckets=SECONDS,
)
MODEL_BATCH = Histogram("segue_model_batch_size", "Queries in one call", buckets=(1, 2, 4, 8, 16, 32, 64))
SESSION_BYTES = Histogram(
    "segue_session_bytes", "Size of one listener's state", buckets=(256, 512, 1024, 2048, 4096, 8192, 16384, 65536)
)
REQUEST_AGE = Gauge(
    "segue_request_age_seconds",
    "Of the call that was read last, by this host's clock; negative, or large without lag, where the gateway's differs",
)
EXPIRED = Counter("segue_sessions_expired_total", "Idle listeners forgotten")
MODEL_INFO = Gauge("segue_model_info", "1 for the model version that answered last", ["model_version"])
# Token versions change with every edit of a playlist: a label for each would be a series for each.
TOKEN_CHANGES = Counter("segue_token_changes_total", "Times that answers came with another token version than before")


def note_answer(cause: RecommendationCause, degraded: bool, record_ms: int, event_time: datetime | None) -> None:  # noqa: FBT001
    """Count an answer that the broker has acknowledged, and how old what it answers is."""
    name = cause.removeprefix("RECOMMENDATION_CAUSE_").lower()
    RECOMMENDATIONS.labels(name, "degraded" if degraded else "ok").inc()
    now = time.time()
    LOG_AGE.labels(name).observe(max(0.0, now - record_ms / 1_000))
    if event_time is not None:
        AGE.labels(name).observe(max(0.0, now - event_time.timestamp()))


def note_queue(depths: Mapping[str, int], under_way: int) -> None:
    """Set the gauges of what is owed."""
    for lane, depth in depths.items():
        QUEUE_DEPTH.labels(lane).set(depth)
    UNDER_WAY.set(under_way)


def note_model(version: str) -> None:
    """Show the model version that answered last, and none that answered before."""
    MODEL_INFO.clear()
    MODEL_INFO.labels(version).set(1)
