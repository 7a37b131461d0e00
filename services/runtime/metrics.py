"""What every service counts under one name. Labels are bounded: topics, partitions, outcomes, never an id.

A process that imports several services, as a test run does, may declare each name only once: what two share is here.
"""

from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)

EVENTS = Counter("segue_events_total", "Records read, by what became of them", ["topic", "outcome"])
DEAD_LETTERS = Counter("segue_dead_letters_total", "Records written to dead-letter", ["topic", "reason"])
MODEL_CALL = Histogram("segue_model_call_seconds", "Calls to a model", ["outcome"], buckets=SECONDS)
QUEUE_DEPTH = Gauge("segue_queue_depth", "What was read and waits to be worked on, by queue", ["queue"])
UNDER_WAY = Gauge("segue_records_under_way", "Records read and not yet acknowledged")
LAG = Gauge(
    "segue_consumer_lag", "Offsets from the committed one to the partition's end: not done yet", ["topic", "partition"]
)
UNREAD = Gauge(
    "segue_consumer_unread",
    "Offsets from the one read next to the partition's end: not begun yet",
    ["topic", "partition"],
)
COMMITTED = Gauge("segue_consumer_committed", "The committed offset; 0 before the first one", ["topic", "partition"])
DAMAGED = Counter("segue_damaged_states_total", "Reads of stored states that are damaged", ["table"])
FOREIGN_CHANGES = Counter(
    "segue_foreign_changes_total", "Changelog records of this worker's partitions that it did not write", ["table"]
)
STATE_BYTES = Gauge("segue_state_bytes", "Size of this worker's tables on disk")
