"""What the gateway measures. Labels are methods, statuses, topics and outcomes: bounded, never an id."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

# Seconds; fine where answers are expected, up to the longest deadline worth telling apart.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS = Counter("segue_gateway_requests_total", "Calls, by method and gRPC status", ["method", "status"])
REQUEST_SECONDS = Histogram(
    "segue_gateway_request_seconds",
    "Duration of calls by method and gRPC status; a watch lasts as long as its caller wants",
    ["method", "status"],
    buckets=BUCKETS,
)
IN_FLIGHT = Gauge("segue_gateway_in_flight_requests", "Calls that run now, by method", ["method"])
DEGRADED = Counter("segue_gateway_degraded_total", "Degraded answers, by method and who degraded", ["method", "by"])
PUBLISHED = Counter("segue_gateway_published_total", "Records for the log, by topic and outcome", ["topic", "outcome"])
PUBLISH_SECONDS = Histogram(
    "segue_gateway_publish_seconds", "From a record's sending to its acknowledgement", ["topic"], buckets=BUCKETS
)
ANSWERS = Counter("segue_gateway_answers_total", "Answers read: awaited, late, or malformed", ["outcome"])
WAITING = Gauge("segue_gateway_waiting_requests", "Requests that wait for their answer")
OWNED_PARTITIONS = Gauge("segue_gateway_answer_partitions", "Partitions of `answers` that this gateway owns")
WATCHERS = Gauge("segue_gateway_watchers", "Calls that watch recommendations")
WATCH_DROPPED = Counter("segue_gateway_watch_dropped_total", "Lists dropped because their watcher reads too slowly")
