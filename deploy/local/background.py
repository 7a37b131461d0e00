"""The stack without a terminal: a supervisor of its own session, asked to start, stop and say how it is.

Knows the record and the supervisor's process; the supervisor itself is `python -m deploy.local supervise`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

from deploy.local import record
from deploy.local.config import ROOT, StackConfig
from deploy.local.probes import broker_is_ready, http_is_ok
from deploy.local.record import PartRecord, Record
from deploy.local.stack import Report, clean_after_crash
from deploy.local.triton import model_names
from segue.errors import StackError

POLL_SECONDS = 0.1
SUPERVISOR_SECONDS = 30.0


def start(config: StackConfig, report: Report) -> Record:
    """Start a supervisor and return once everything is ready. Raises StackError when it fails, with its reason."""
    with record.held(config.folder):  # says at once that one runs already
        clean_after_crash(config.folder)
    config.logs.mkdir(parents=True, exist_ok=True)
    supervisor = _supervisor(config)
    try:
        return _wait_until_running(config, supervisor, report)
    except BaseException:
        supervisor.send_signal(signal.SIGTERM)
        supervisor.wait()
        _forget(config, supervisor.pid)
        raise


def stop(config: StackConfig) -> str:
    """Stop the stack of this folder in order, or clean up after a crash. Returns what was done, as one sentence."""
    running = record.read(config.folder)
    if not record.is_held(config.folder):
        with record.held(config.folder):
            ended = clean_after_crash(config.folder)
        return f"ended {len(ended)} processes that a crash had left" if ended else "nothing was running"
    if running is None:
        raise StackError("the stack is only just starting; try again in a second")
    _send(running.supervisor, signal.SIGTERM)
    deadline = time.monotonic() + len(running.parts) * config.stop_seconds + SUPERVISOR_SECONDS
    while record.is_held(config.folder):
        if time.monotonic() > deadline:
            _send(running.supervisor, signal.SIGKILL)  # its guard ends the rest
        time.sleep(POLL_SECONDS)
    return "stopped"


def state(config: StackConfig) -> Record | None:
    """Return the stack of this folder with each part's state as it is now, or None when nothing runs."""
    known = record.read(config.folder)
    if known is None:
        return None
    if not record.is_held(config.folder):
        known.phase, known.error = "failed", "its supervisor is gone; `make down` cleans up"
    for name, part in known.parts.items():
        if part.state == "ready" and not _answers(config, name):
            part.state = "not ready"
    return known


def _supervisor(config: StackConfig) -> subprocess.Popen[bytes]:
    with (config.logs / "supervisor.txt").open("wb") as log:
        return subprocess.Popen(
            (sys.executable, "-m", "deploy.local", "supervise"),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_until_running(config: StackConfig, supervisor: subprocess.Popen[bytes], report: Report) -> Record:
    shown: dict[str, str] = {}
    while True:
        known = record.read(config.folder)
        if known is not None and known.supervisor == supervisor.pid:
            for name, part in _changed(known, shown):
                report(name, part)
            if known.phase == "running":
                return known
        if supervisor.poll() is not None:
            said = (config.logs / "supervisor.txt").read_text().strip()
            raise StackError(said or f"the supervisor ended with exit code {supervisor.returncode}")
        time.sleep(POLL_SECONDS)


def _forget(config: StackConfig, supervisor: int) -> None:
    """Remove the record that this supervisor left; another's is of a stack that was started at the same time."""
    known = record.read(config.folder)
    if known is not None and known.supervisor == supervisor:
        record.remove(config.folder)


def _changed(known: Record, shown: dict[str, str]) -> Iterator[tuple[str, PartRecord]]:
    for name, part in known.parts.items():
        if part.state not in ("waiting", shown.get(name)):
            shown[name] = part.state
            yield name, part


def _answers(config: StackConfig, name: str) -> bool:
    match name:
        case "kafka":
            return broker_is_ready(config.kafka_port)
        case "triton":
            models = model_names(config.model_repository)
            return all(http_is_ok(config.triton_http_port, f"/v2/models/{model}/ready") for model in models)
        case _:
            return http_is_ok(getattr(config, f"{name}_metrics_port"), "/ready")


def _send(process: int, number: signal.Signals) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return
