"""The first dashboard in Grafana's JSON; `python -m deploy.grafana.dashboard` writes it.

Knows how panels lie beside each other; what they show is in `panels.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from deploy.grafana.panels import ROWS, Panel

TARGET = Path(__file__).with_name("dashboards") / "segue.json"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
COLUMNS, HEIGHT, MOST_IN_LINE = 24, 8, 4


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
        top += 1
        for line in _lines(panels):
            width = COLUMNS // len(line)
            for place, panel in enumerate(line):
                yield _panel(panel, {"x": place * width, "y": top, "w": width, "h": HEIGHT})
            top += HEIGHT


def _lines(panels: list[Panel]) -> Iterator[list[Panel]]:
    """Yield the panels in lines of nearly equal length."""
    lines = -(-len(panels) // MOST_IN_LINE)
    return (panels[len(panels) * n // lines : len(panels) * (n + 1) // lines] for n in range(lines))


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
