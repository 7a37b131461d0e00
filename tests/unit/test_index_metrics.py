"""What the recommender's process shows of its index, and the port on which one process follows another."""

from __future__ import annotations

import time
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from prometheus_client import REGISTRY

from deploy.local.config import free_ports
from services.runtime import index_metrics
from services.runtime.health import Readiness
from services.runtime.index_metrics import IndexMetrics, MetricsPort
from services.runtime.settings import Settings


def value(name: str, **labels: str) -> float:
    found = REGISTRY.get_sample_value(name, labels)
    assert found is not None, f"{name} {labels} is not shown"
    return found


def test_every_outcome_is_shown_before_it_happens_and_counted_when_it_does() -> None:
    metrics = IndexMetrics()
    before = {name: value("segue_index_tokens_total", outcome=name) for name in index_metrics.OUTCOMES}
    metrics.applied([0, 0], 0.1)
    metrics.failed()
    metrics.refused()
    after = {name: value("segue_index_tokens_total", outcome=name) for name in index_metrics.OUTCOMES}
    assert {name: after[name] - before[name] for name in after} == {"applied": 2, "failed": 1, "refused": 1}


def test_ages_count_once_caught_up() -> None:
    metrics, before = IndexMetrics(), value("segue_index_age_seconds_count")
    metrics.applied([0], 0.1)
    assert value("segue_index_age_seconds_count") == before
    metrics.caught_up()
    assert value("segue_index_caught_up") == 1
    metrics.applied([0, 0], 0.1)
    assert value("segue_index_age_seconds_count") == before + 2


def test_the_lag_is_shown_with_the_time_at_which_it_was_measured() -> None:
    metrics, before = IndexMetrics(), time.time()
    metrics.behind(7)
    assert value("segue_index_lag") == 7
    assert value("segue_index_measured_timestamp_seconds") >= before


def test_a_port_that_the_process_before_still_has_is_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_metrics, "RETRY", 0.001)
    settings = Settings(metrics_port=free_ports(1)[0])
    one, two = (MetricsPort(settings, Readiness(name)) for name in ("one", "two"))
    one.start()
    eventually(settings, "one")
    two.start()
    one.stop()
    eventually(settings, "two")
    two.stop()
    with pytest.raises(URLError):
        urlopen(f"http://127.0.0.1:{settings.metrics_port}/live", timeout=5)


def eventually(settings: Settings, missing: str) -> None:
    """Until the port says that it is this one which is not ready."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            urlopen(f"http://127.0.0.1:{settings.metrics_port}/ready", timeout=5)
        except URLError as error:
            if missing in getattr(error, "read", lambda: b"")().decode():
                return
    raise AssertionError(f"{missing} does not serve")
