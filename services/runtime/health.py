"""Whether this process lives and is ready, and the HTTP port that says so beside its metrics.

`/live` answers while the process runs, `/ready` lists what is still missing, `/metrics` is for Prometheus.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson
from prometheus_client import Gauge, make_wsgi_app

from segue.errors import StackError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

READY = Gauge("segue_ready", "1 when the process takes work, else 0")


class Readiness:
    """Named conditions that must all hold before the process takes work."""

    def __init__(self, *conditions: str) -> None:
        self._lock = threading.Lock()
        self._missing = dict.fromkeys(conditions, "not yet")
        READY.set(0)

    def satisfied(self, condition: str) -> None:
        """The condition holds now."""
        self._change(lambda missing: missing.pop(condition, None))

    def lost(self, condition: str, why: str) -> None:
        """The condition holds no longer."""
        self._change(lambda missing: missing.update({condition: why}))

    @property
    def missing(self) -> dict[str, str]:
        """The conditions that do not hold, each with why."""
        with self._lock:
            return dict(self._missing)

    def _change(self, change: Callable[[dict[str, str]], object]) -> None:
        with self._lock:
            change(self._missing)
            READY.set(0 if self._missing else 1)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the base class's
        """Leave scrapes and probes out of the log."""


def serve(readiness: Readiness, bind: str, port: int) -> WSGIServer:
    """Serve /live, /ready and /metrics in a thread of their own. Raises StackError when the port is taken."""
    metrics = make_wsgi_app()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        if path == "/metrics":
            return cast(Iterable[bytes], metrics(environ, start_response))
        missing = readiness.missing if path == "/ready" else {}
        known = path in ("/live", "/ready")
        status = "404 Not Found" if not known else "503 Service Unavailable" if missing else "200 OK"
        start_response(status, [("Content-Type", "application/json")])
        return [orjson.dumps({"ok": known and not missing, "missing": missing})]

    try:
        server = make_server(bind, port, app, server_class=_Server, handler_class=_QuietHandler)
    except OSError as error:
        raise StackError(f"cannot listen on {bind}:{port} (SEGUE_METRICS_PORT): {error.strerror}") from error
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
