"""Whether alerts, recorded series and dashboard speak of metrics and labels that exist. Needs no server.

The services declare theirs in `metrics.py`; Triton's are named here, from its documentation
(https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/metrics.html).
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.grafana import dashboard

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))

# What every scraped series has, and what Prometheus itself says of a target.
SCRAPED = frozenset({"job", "instance"})
ABOUT_TARGETS = {"up": SCRAPED}
TRITON = {
    name: SCRAPED | {"model", "version"}
    for name in (
        "nv_inference_request_success",
        "nv_inference_count",
        "nv_inference_exec_count",
        "nv_inference_pending_request_count",
        "nv_inference_request_duration_us",
        "nv_inference_queue_duration_us",
        "nv_inference_compute_input_duration_us",
        "nv_inference_compute_infer_duration_us",
        "nv_inference_compute_output_duration_us",
    )
}
TRITON["nv_inference_request_failure"] = SCRAPED | {"model", "version", "reason"}

# Printed by a process of its own: two services may declare a metric of the same name.
DECLARED = """
import importlib, json, sys
from prometheus_client import REGISTRY
importlib.import_module(sys.argv[1])
print(json.dumps([(m.name, m.type, list(c._labelnames)) for c in list(REGISTRY._collector_to_names)
                  if hasattr(c, "_labelnames") for m in c.describe()]))
"""
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}

METRIC = re.compile(r"(?<![\w:\"$])((?:segue|nv)_\w+|\w+:\w+:\w+|up)\b(?!\s*\()(\{[^}]*\})?")
GROUPING = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")


def modules() -> list[str]:
    found = sorted((ROOT / "services").glob("*/metrics.py"))
    shared = ("services.runtime.health", "services.runtime.index_metrics")
    return [*shared, *(f"services.{path.parent.name}.metrics" for path in found)]


@cache
def declared() -> dict[str, frozenset[str]]:
    """The labels of each series that a service, Triton, Prometheus or a recording rule gives."""
    series: dict[str, frozenset[str]] = {**ABOUT_TARGETS, **TRITON}
    for module in modules():
        command = [sys.executable, "-c", DECLARED, module]
        answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
        for name, kind, labels in json.loads(answer):
            for suffix in SUFFIXES[kind]:
                le = {"le"} if suffix == "_bucket" else set()
                series[name + suffix] = series.get(name + suffix, frozenset()) | SCRAPED | frozenset(labels) | le
    for rule in rules():
        if "record" in rule:
            by = GROUPING.search(rule["expr"])
            series[rule["record"]] = frozenset(_names(by.group(1)) if by else ()) - {"le"}
    return series


def rules() -> list[dict[str, Any]]:
    return [rule for path in RULES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression, under the name of the rule or panel that holds it."""
    for rule in rules():
        yield rule.get("record") or rule["alert"], rule["expr"]
    for panel in dashboard.dashboard()["panels"]:
        for target in panel.get("targets", ()):
            yield f"panel {panel['title']}", target["expr"]


def _names(listed: str) -> set[str]:
    return {name.strip() for name in listed.split(",") if name.strip()}


@pytest.mark.parametrize(("name", "expression"), list(expressions()))
def test_an_expression_uses_metrics_that_are_declared_with_labels_that_they_have(name: str, expression: str) -> None:
    used = METRIC.findall(expression)
    assert used, f"{name}: no metric found in {expression}"
    allowed: set[str] = set()
    for metric, matchers in used:
        assert metric in declared(), f"{name}: nothing declares {metric}"
        unknown = set(MATCHER.findall(matchers)) - declared()[metric]
        assert not unknown, f"{name}: {metric} has no label {unknown}; it has {sorted(declared()[metric])}"
        allowed |= declared()[metric]
    grouped = set().union(*(_names(listed) for listed in GROUPING.findall(expression)))
    assert grouped <= allowed, f"{name}: groups by {grouped - allowed}, which none of its metrics has"


@pytest.mark.parametrize(
    "panel", [p for p in dashboard.dashboard()["panels"] if "targets" in p], ids=lambda p: p["title"]
)
def test_a_panels_legend_names_labels_that_its_expression_keeps(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        kept = set().union(*(declared()[metric] for metric, _ in METRIC.findall(target["expr"])))
        by = GROUPING.search(target["expr"])
        assert named <= (_names(by.group(1)) if by else kept)


def test_every_alert_says_what_to_do_and_the_operations_guide_explains_it() -> None:
    guide = (ROOT / "docs" / "operations.md").read_text()
    for rule in rules():
        if "alert" in rule:
            assert rule["labels"]["severity"] in {"page", "warning", "info"}
            assert ": " in rule["annotations"]["summary"], f"{rule['alert']}: say what is wrong, a colon, what to do"
            assert f"**{rule['alert']}**" in guide, f"docs/operations.md does not explain {rule['alert']}"


def test_the_dashboard_that_is_checked_in_is_the_one_its_program_writes() -> None:
    assert dashboard.TARGET.read_bytes() == dashboard.rendered(), "run python -m deploy.grafana.dashboard"


def test_every_panel_reads_from_the_data_source_that_is_provisioned() -> None:
    provisioned = ROOT / "deploy" / "grafana" / "provisioning" / "datasources" / "prometheus.yml"
    sources = {source["uid"] for source in yaml.safe_load(provisioned.read_text())["datasources"]}
    used = {panel["datasource"]["uid"] for panel in dashboard.dashboard()["panels"] if "targets" in panel}
    assert used == sources


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard.dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + dx, at["y"] + dy) for dx in range(at["w"]) for dy in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < dashboard.COLUMNS
        taken |= cells


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed (Debian, Ubuntu: apt-get install prometheus)")
    return found


@pytest.mark.parametrize("configuration", ["compose.yml", "local.yml"])
def test_prometheus_accepts_the_configuration_and_its_rules(promtool: str, configuration: str) -> None:
    _run(promtool, "check", "config", str(PROMETHEUS / configuration))


def test_alerts_fire_when_they_should_and_only_then(promtool: str) -> None:
    _run(promtool, "test", "rules", *map(str, sorted((PROMETHEUS / "tests").glob("*.yml"))))


def test_prometheus_can_read_every_panels_expressions(promtool: str, tmp_path: Path) -> None:
    written = [expression.replace("$__rate_interval", "1m") for name, expression in expressions() if "panel" in name]
    named = [{"record": f"panel:{number}:checked", "expr": expression} for number, expression in enumerate(written)]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": named}]}))
    _run(promtool, "check", "rules", str(tmp_path / "panels.yml"))


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
