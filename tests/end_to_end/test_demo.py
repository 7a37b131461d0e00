"""The commands people start with: the demo shows and measures, up and down leave nothing, failures are one sentence."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import StackConfig
from deploy.local.config import port_fields, port_is_free, variable
from deploy.local.guard import marked
from deploy.local.record import read
from deploy.local.triton import SHARED_MEMORY

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def config(tmp_path: Path, checkpoint: Path) -> StackConfig:
    return StackConfig.for_tests(tmp_path, checkpoint=checkpoint)


def test_the_demo_recommends_talks_measures_and_leaves_nothing(config: StackConfig) -> None:
    regions = set(SHARED_MEMORY.glob("segue-*"))
    done = _run(config, "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["recommendations"] >= 30
    assert figures["degraded"] == 0
    assert figures["seconds_to_first_recommendation"] > 0
    assert "you: " in done.stdout
    assert "segue: " in done.stdout
    assert all(port_is_free(getattr(config, name)) for name in port_fields())
    assert read(config.folder / "demo") is None
    # Other stacks of this machine may come and go meanwhile, so only what a stack that has ended left counts.
    assert not [each for each in set(SHARED_MEMORY.glob("segue-*")) - regions if not list(marked(each.name[:14]))]


def test_up_leaves_it_running_status_shows_it_and_down_stops_it(config: StackConfig) -> None:
    assert _run(config, "status").returncode == 1
    try:
        up = _run(config, "up")
        assert up.returncode == 0, up.stdout + up.stderr
        known = read(config.folder)
        assert known is not None
        assert _run(config, "status").returncode == 0
        again = _run(config, "up")
        assert again.returncode == 1
        assert "already runs" in again.stderr
        assert list(marked(known.stack))
    finally:
        down = _run(config, "down")
    assert down.returncode == 0
    assert "stopped" in down.stdout
    assert not list(marked(known.stack))
    assert "nothing is running" in _run(config, "status").stdout


def test_a_port_in_use_is_one_sentence_and_nothing_is_left(config: StackConfig) -> None:
    with socket.create_server(("127.0.0.1", config.kafka_port)):
        done = _run(config, "up")
    assert done.returncode == 1
    assert f"port {config.kafka_port}, which kafka needs, is in use by" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert read(config.folder) is None


def _run(config: StackConfig, command: str) -> subprocess.CompletedProcess[str]:
    fields = ("folder", "checkpoint", *port_fields())
    chosen = {variable(name): str(getattr(config, name)) for name in fields}
    return subprocess.run(
        (sys.executable, "-m", "deploy.local", command),
        cwd=ROOT,
        env={**os.environ, **chosen},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
