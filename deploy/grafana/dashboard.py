"""The first dashboard, as rows of panels; `python -m deploy.grafana.dashboard` writes Grafana's JSON from them.

Knows the metrics' names and units. Which of them exist is checked by tests/contract/test_dashboards.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

TARGET = Path(__file__).with_name("dashboards") / "segue.json"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
COLUMNS, HEIGHT = 24, 8


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
    return f"histogram_quantile({share}, sum by ({', '.join([*by, 'le'])}) (rate({histogram}_bucket[$__rate_interval])))"


def rate(counter: str, *by: str) -> str:
    """Return the expression of a counter's rate a second, summed for each value of the labels."""
    return f"sum by ({', '.join(by)}) (rate({counter}[$__rate_interval]))"


def triton_mean(phase: str) -> str:
    """Return the expression of the mean seconds that a call spends in a phase; Triton counts microseconds."""
    return f"{rate(f'nv_inference_{phase}_duration_us', 'model')} / {rate('nv_inference_request_success', 'model')} / 1e6"


ROWS: dict[str, list[Panel]] = {
    "Is it well": [
        Panel("Ready", "none", {"{{job}} {{instance}}": "segue_ready"}, "1: takes work. 0: /ready says why not.", "stat"),
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
            {"model {{model_version}}, tokens {{token_version}}": "count by (model_version, token_version) (segue_model_info == 1)"},
            "How many workers last answered with each.",
            "stat",
            {"textMode": "value_and_name"},
        ),
    ],
    "Requests": [],
    "Events in, recommendations out": [
        Panel("Events by topic and outcome", "cps", {"{{topic}} {{outcome}}": rate("segue_events_total", "topic", "outcome")}),
        Panel("Answers by cause and outcome", "cps", {"{{cause}} {{outcome}}": rate("segue_recommendations_total", "cause", "outcome")}),
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
    "The model": [
        Panel(
            "Model call",
            "s",
            {"p50": quantile(0.5, "segue_model_call_seconds"), "p99": quantile(0.99, "segue_model_call_seconds")},
            "As the sessions service sees it.",
        ),
        Panel("Model calls by outcome", "cps", {"{{outcome}}": rate("segue_model_call_seconds_count", "outcome")}),
        Panel(
            "Queries in a call",
            "short",
            {"mean": "sum(rate(segue_model_batch_size_sum[$__rate_interval])) / sum(rate(segue_model_batch_size_count[$__rate_interval]))"},
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
                "failed {{model}}": rate("nv_inference_request_failure", "model"),
            },
        ),
    ],
}


def dashboard() -> dict[str, Any]:
    """Return the dashboard in Grafana's JSON model."""
    return {
        "uid": "segue",
        "title": "Segue",
        "tags": ["segue"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "10s",
        "time": {"from": "now-30m", "to": "now"},
        "timezone": "utc",
        "panels": [{**panel, "id": number} for number, panel in enumerate(_panels(), start=1)],
    }


def _panels() -> Iterator[dict[str, Any]]:
    top = 0
    for title, panels in ROWS.items():
        yield {"type": "row", "title": title, "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1}, "panels": []}
        width = COLUMNS // len(panels)
        for place, panel in enumerate(panels):
            yield _panel(panel, {"x": place * width, "y": top + 1, "w": width, "h": HEIGHT})
        top += 1 + HEIGHT


def _panel(panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + number), "expr": expression, "legendFormat": legend, "datasource": SOURCE}
        for number, (legend, expression) in enumerate(panel.lines.items())
    ]
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": panel.options,
        "targets": targets,
    }


def rendered() -> bytes:
    """Return the dashboard as it lies in the file."""
    return orjson.dumps(dashboard(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


if __name__ == "__main__":
    TARGET.write_bytes(rendered())
    print(f"wrote {TARGET}")
