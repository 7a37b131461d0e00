"""What the recommender's process counts of the tokens that its index follows, and the port where it is scraped.

A port of its own, beside Triton's: Triton's custom metrics end the whole server when two threads of a model write them
(seen with Triton 2.51), and the follower is a second thread. Labels are bounded: outcomes and the versions served.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from wsgiref.simple_server import WSGIServer

import structlog
from prometheus_client import Counter, Gauge, Histogram

from segue.errors import StackError
from services.runtime import health
from services.runtime.health import Readiness
from services.runtime.settings import Settings

log = structlog.get_logger()

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
# Between two attempts to listen, in seconds.
RETRY = 1.0

LAG = Gauge("segue_index_lag", "Records of track-tokens that the index does not hold yet")
MEASURED = Gauge("segue_index_measured_timestamp_seconds", "When the lag was last measured; 0: nothing is followed")
CAUGHT_UP = Gauge("segue_index_caught_up", "1 once the index held what track-tokens held when the following began")
TOKENS = Counter("segue_index_tokens_total", "Tracks' news from track-tokens, by what became of them", ["outcome"])
APPLY = Histogram("segue_index_apply_seconds", "Making an index of one batch and swapping it in", buckets=SECONDS)
AGE = Histogram(
    "segue_index_age_seconds",
    "From the broker's time of a track's tokens to the index that holds them, once caught up",
    buckets=SECONDS,
)
INFO = Gauge("segue_index_info", "1 for the checkpoint that is served", ["model_version", "codebook_version"])
OUTCOMES = ("applied", "failed", "refused")


class IndexMetrics:
    """What the follower tells, as metrics (`services.runtime.follower.Watch`)."""

    def __init__(self) -> None:
        self._caught_up = False
        for outcome in OUTCOMES:
            TOKENS.labels(outcome)
        MEASURED.set_to_current_time()

    def behind(self, records: int) -> None:
        """Set the lag."""
        LAG.set(records)
        MEASURED.set_to_current_time()

    def caught_up(self) -> None:
        """From now on ages count: what came before is as old as the topic."""
        self._caught_up = True
        CAUGHT_UP.set(1)

    def applied(self, written_ms: Sequence[int], seconds: float) -> None:
        """Count tracks, and how long they took."""
        TOKENS.labels("applied").inc(len(written_ms))
        APPLY.observe(seconds)
        now = time.time()
        for written in written_ms if self._caught_up else ():
            AGE.observe(max(0.0, now - written / 1_000))

    def failed(self) -> None:
        """Count a track."""
        TOKENS.labels("failed").inc()

    def refused(self) -> None:
        """Count a record."""
        TOKENS.labels("refused").inc()


class MetricsPort:
    """/metrics, /live and /ready from the moment at which the port is free.

    While one version of a model takes another's place both run, and the old one still has it.
    """

    def __init__(self, settings: Settings, readiness: Readiness) -> None:
        self._settings = settings
        self._readiness = readiness
        self._server: WSGIServer | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def start(self) -> None:
        """Listen, now or later."""
        self._thread.start()

    def stop(self) -> None:
        """Leave the port to the next one."""
        self._stopping.set()
        self._thread.join()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def _run(self) -> None:
        while self._server is None and not self._stopping.is_set():
            try:
                self._server = health.serve(self._readiness, self._settings.bind, self._settings.metrics_port)
            except StackError as error:
                log.info("metrics wait for their port", error=str(error))
                self._stopping.wait(RETRY)
