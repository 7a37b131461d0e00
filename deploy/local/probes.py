"""Whether a server answers yet: one question each, no waiting. Knows the protocols, not the processes behind them."""

from __future__ import annotations

import http.client

from segue.cli.broker import living_brokers

ANSWER_SECONDS = 2.0


def http_is_ok(port: int, path: str) -> bool:
    """Whether a GET of this path on this machine answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def broker_is_ready(port: int) -> bool:
    """Whether the broker on this machine lists itself as alive: before that it listens but can hold no topic."""
    try:
        return living_brokers("127.0.0.1", port, ANSWER_SECONDS) > 0
    except OSError:
        return False
