"""What the sessions service counts and measures. Labels are bounded: topics, partitions, outcomes, never an id."""

from prometheus_client import Counter, Gauge, Histogram

from services.runtime.metrics import DEAD_LETTERS, EVENTS, LAG, MODEL_CALL, QUEUE_DEPTH, SECONDS, STATE_BYTES, UNDER_WAY

__all__ = [
    "AGE",
    "DEAD_LETTERS",
    "EVENTS",
    "EXPIRED",
    "LAG",
    "LOG_AGE",
    "MODEL_BATCH",
    "MODEL_CALL",
    "MODEL_INFO",
    "QUEUE_DEPTH",
    "RECOMMENDATIONS",
    "SESSION_BYTES",
    "STATE_BYTES",
    "UNDER_WAY",
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
EXPIRED = Counter("segue_sessions_expired_total", "Idle listeners forgotten")
MODEL_INFO = Gauge("segue_model_info", "1 for the versions that answered last", ["model_version", "token_version"])
