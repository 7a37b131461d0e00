"""What the sessions service counts and measures. Labels are bounded: topics, partitions, outcomes, never an id."""

from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)

EVENTS = Counter("segue_events_total", "Records read, by what became of them", ["topic", "outcome"])
DEAD_LETTERS = Counter("segue_dead_letters_total", "Records written to dead-letter", ["topic", "reason"])
RECOMMENDATIONS = Counter("segue_recommendations_total", "Answers given", ["cause", "outcome"])
AGE = Histogram(
    "segue_recommendation_age_seconds", "From the event time, by the producer's clock, to its answer", ["cause"], buckets=SECONDS
)
LOG_AGE = Histogram(
    "segue_recommendation_log_age_seconds", "From the broker's time of the record to its answer", ["cause"], buckets=SECONDS
)
MODEL_CALL = Histogram("segue_model_call_seconds", "Calls to the recommender", ["outcome"], buckets=SECONDS)
MODEL_BATCH = Histogram("segue_model_batch_size", "Queries in one call", buckets=(1, 2, 4, 8, 16, 32, 64))
QUEUE_DEPTH = Gauge("segue_queue_depth", "Answers owed, by lane", ["queue"])
UNDER_WAY = Gauge("segue_records_under_way", "Records read and not yet acknowledged")
LAG = Gauge("segue_consumer_lag", "Records in the partition that are not acknowledged", ["topic", "partition"])
STATE_BYTES = Gauge("segue_state_bytes", "Size of this worker's tables on disk")
SESSION_BYTES = Histogram(
    "segue_session_bytes", "Size of one listener's state", buckets=(256, 512, 1024, 2048, 4096, 8192, 16384, 65536)
)
EXPIRED = Counter("segue_sessions_expired_total", "Idle listeners forgotten")
MODEL_INFO = Gauge("segue_model_info", "1 for the versions that answered last", ["model_version", "token_version"])
