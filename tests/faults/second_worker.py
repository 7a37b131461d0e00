"""A second sessions process beside the stack's own, and what a worker says of the partitions that it has."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from deploy.local import StackConfig
from deploy.local.config import free_ports
from services.runtime.topology import LISTENING_EVENTS

# Seconds; how long a test waits for what must happen.
PATIENCE = 60.0

_OWNED = re.compile(rf'segue_consumer_committed\{{partition="(\d+)",topic="{LISTENING_EVENTS.name}"\}}')


@dataclass(frozen=True, slots=True)
class Worker:
    """A sessions process, known by its process id and its metrics."""

    pid: int
    metrics_port: int

    def owned(self) -> set[int]:
        """The partitions that it reads; none while it is not ready or does not answer."""
        try:
            if self._get("/ready")[0] != 200:
                return set()
            return {int(number) for number in _OWNED.findall(self._get("/metrics")[1])}
        except OSError:
            return set()

    def _get(self, path: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.metrics_port, timeout=2)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()


@contextmanager
def second_worker(config: StackConfig, folder: Path) -> Iterator[Worker]:
    """Run another worker with a folder of its own, and once the block ends make sure that it has ended."""
    (port,) = free_ports(1)
    settings = {
        "SEGUE_KAFKA": config.kafka,
        "SEGUE_TRITON": config.triton,
        "SEGUE_CHECKPOINT": str(config.checkpoint),
        "SEGUE_METRICS_PORT": str(port),
        "SEGUE_STATE": str(folder / "state"),
    }
    with (folder / "second.log").open("wb") as output:
        process = subprocess.Popen(
            (sys.executable, "-m", "services.sessions"),
            env={**os.environ, **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Worker(process.pid, port)
    finally:
        process.kill()
        process.wait(PATIENCE)


def until(condition: Callable[[], bool], what: str) -> None:
    """Return as soon as the condition holds, or fail."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited {PATIENCE:.0f} s in vain: {what}"
        time.sleep(0.1)
