"""What the dashboard shows: rows of panels, each with its expressions.

Knows the metrics' names and units, and nothing of Grafana's JSON. tests/contract/test_dashboards.py checks that the
metrics and labels exist.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Panel:
    """One panel: what it shows, its unit in Grafana's names, and each expression under the legend of its lines."""

    title: str
    unit: str
    lines: dict[str, str]
    says: str = ""
    kind: str = "timeseries"
    options: dict[str, Any] = field(default_factory=dict)


def quantile(share: float, histogram: str, *by: str) -> str:
    """Return the expression of a quantile over the dashboard's interval, for each value of the labels."""
    return (
        f"histogram_quantile({share}, sum by ({', '.join([*by, 'le'])}) (rate({histogram}_bucket[$__rate_interval])))"
    )


def rate(counter: str, *by: str) -> str:
    """Return the expression of a counter's rate a second, summed for each value of the labels."""
    return f"sum by ({', '.join(by)}) (rate({counter}[$__rate_interval]))"


def triton_mean(phase: str) -> str:
    """Return the expression of the mean seconds that a call spends in a phase; Triton counts microseconds."""
    return (
        f"{rate(f'nv_inference_{phase}_duration_us', 'model')} / {rate('nv_inference_request_success', 'model')} / 1e6"
    )


def mean(histogram: str) -> str:
    """Return the expression of a histogram's mean."""
    return f"sum(rate({histogram}_sum[$__rate_interval])) / sum(rate({histogram}_count[$__rate_interval]))"


VERSIONS = "count by (model_version) (segue_model_info == 1)"
INDEXED = "count by (model_version, codebook_version) (segue_index_info == 1)"

ROWS: dict[str, list[Panel]] = {
    "Is it well": [
        Panel(
            "Ready", "none", {"{{job}} {{instance}}": "segue_ready"}, "1: takes work. 0: /ready says why not.", "stat"
        ),
        Panel(
            "Degraded answers",
            "percentunit",
            {"share": "segue:degraded:ratio5m"},
            "Answers given without the model: the last list, or the popular one.",
            "stat",
        ),
        Panel("Records behind", "short", {"{{topic}}": "topic:segue_consumer_lag:sum"}, kind="stat"),
        Panel(
            "Versions that answer",
            "none",
            {"model {{model_version}}": VERSIONS},
            "How many workers last answered with each.",
            "stat",
            {"textMode": "value_and_name"},
        ),
    ],
    "Calls to the gateway": [
        Panel(
            "Calls by method and status",
            "reqps",
            {"{{method}} {{status}}": rate("segue_gateway_requests_total", "method", "status")},
        ),
        Panel(
            "How long they take",
            "s",
            {
                "p50 {{method}}": quantile(0.5, "segue_gateway_request_seconds", "method"),
                "p99 {{method}}": quantile(0.99, "segue_gateway_request_seconds", "method"),
            },
            "A watch lasts as long as its caller wants.",
        ),
        Panel(
            "Degraded answers", "reqps", {"{{method}} by {{by}}": rate("segue_gateway_degraded_total", "method", "by")}
        ),
        Panel(
            "Calls under way",
            "short",
            {
                "{{method}}": "sum by (method) (segue_gateway_in_flight_requests)",
                "watchers": "sum(segue_gateway_watchers)",
            },
        ),
        Panel(
            "Records written",
            "cps",
            {"{{topic}} {{outcome}}": rate("segue_gateway_published_total", "topic", "outcome")},
        ),
        Panel(
            "Until the log has them", "s", {"p99 {{topic}}": quantile(0.99, "segue_gateway_publish_seconds", "topic")}
        ),
    ],
    "Events in, recommendations out": [
        Panel(
            "Events by topic and outcome",
            "cps",
            {"{{topic}} {{outcome}}": rate("segue_events_total", "topic", "outcome")},
        ),
        Panel(
            "Answers by cause and outcome",
            "cps",
            {"{{cause}} {{outcome}}": rate("segue_recommendations_total", "cause", "outcome")},
        ),
        Panel(
            "From event time to recommendation",
            "s",
            {
                "p50 {{cause}}": quantile(0.5, "segue_recommendation_age_seconds", "cause"),
                "p99 {{cause}}": quantile(0.99, "segue_recommendation_age_seconds", "cause"),
            },
            "By the producer's clock, so that what producers hold back counts.",
        ),
        Panel(
            "From the log to recommendation",
            "s",
            {
                "p50 {{cause}}": quantile(0.5, "segue_recommendation_log_age_seconds", "cause"),
                "p99 {{cause}}": quantile(0.99, "segue_recommendation_log_age_seconds", "cause"),
            },
            "By the broker's clock: what Segue itself takes.",
        ),
    ],
    "Behind the stream": [
        Panel(
            "Consumer lag",
            "short",
            {"{{topic}}/{{partition}}": "max by (topic, partition) (segue_consumer_lag)"},
            "Records in a partition that are not folded yet.",
        ),
        Panel("Queue depth", "short", {"{{queue}} {{instance}}": "segue_queue_depth"}, "Answers owed, by lane."),
        Panel(
            "Dead letters",
            "short",
            {"{{topic}} {{reason}}": "sum by (topic, reason) (increase(segue_dead_letters_total[$__rate_interval]))"},
            "Records refused, with the reason; `internal` is a defect.",
        ),
        Panel("State on disk", "bytes", {"{{job}} {{instance}}": "segue_state_bytes"}),
    ],
    "Tracks": [
        Panel(
            "Records of track-tokens",
            "cps",
            {"{{outcome}}": rate("segue_track_tokens_published_total", "outcome")},
            "Tracks whose codes or neighbours changed, and tracks that are gone.",
        ),
        Panel(
            "From playlist edit to tokens",
            "s",
            {
                "p50": quantile(0.5, "segue_track_tokens_age_seconds"),
                "p99": quantile(0.99, "segue_track_tokens_age_seconds"),
            },
            "By the producer's clock, of the newest edit that the tokens reflect.",
        ),
        Panel(
            "Index behind track-tokens",
            "short",
            {"{{instance}}": "segue_index_lag"},
            "Records that the recommender's index does not hold yet.",
        ),
        Panel(
            "Tokens taken into the index",
            "cps",
            {"{{outcome}}": rate("segue_index_tokens_total", "outcome")},
            "`failed` is a defect, `refused` a record that is no tokens; each costs its own track only.",
        ),
        Panel(
            "From tokens to the index",
            "s",
            {"p50": quantile(0.5, "segue_index_age_seconds"), "p99": quantile(0.99, "segue_index_age_seconds")},
            "By the broker's clock: from then on recommendations know of it.",
        ),
        Panel(
            "Making an index",
            "s",
            {"p50": quantile(0.5, "segue_index_apply_seconds"), "p99": quantile(0.99, "segue_index_apply_seconds")},
            "Of one batch of tokens, beside the requests. Grows with the catalogue.",
        ),
        Panel(
            "Size of a state",
            "bytes",
            {
                "p99 listener": quantile(0.99, "segue_session_bytes"),
                "p99 of {{table}}": quantile(0.99, "segue_track_tokens_state_size_bytes", "table"),
            },
            "Bounded by design: a line that grows is a defect.",
        ),
    ],
    "The model": [
        Panel(
            "Served",
            "none",
            {"model {{model_version}}, codebooks {{codebook_version}}": INDEXED},
            "Recommenders by checkpoint and codebooks; codes of other codebooks are not read.",
            "stat",
            {"textMode": "value_and_name"},
        ),
        Panel(
            "Model call",
            "s",
            {
                "p50 {{job}}": quantile(0.5, "segue_model_call_seconds", "job"),
                "p99 {{job}}": quantile(0.99, "segue_model_call_seconds", "job"),
            },
            "As the service sees it that waits for the answer.",
        ),
        Panel(
            "Model calls by outcome",
            "cps",
            {"{{job}} {{outcome}}": rate("segue_model_call_seconds_count", "job", "outcome")},
        ),
        Panel(
            "Queries in a call",
            "short",
            {"mean": mean("segue_model_batch_size")},
        ),
        Panel(
            "Inside Triton",
            "s",
            {"queue {{model}}": triton_mean("queue"), "compute {{model}}": triton_mean("compute_infer")},
            "Mean time of a call. A queue that grows beside a steady compute time wants more compute.",
        ),
        Panel(
            "Triton's calls",
            "cps",
            {
                "answered {{model}}": rate("nv_inference_request_success", "model"),
                "failed {{model}} {{reason}}": rate("nv_inference_request_failure", "model", "reason"),
            },
        ),
    ],
}
