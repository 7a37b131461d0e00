"""Whether a server answers yet: one question each, no waiting. Knows the protocols, not the processes behind them."""

from __future__ import annotations

import http.client
import socket
import struct

ANSWER_SECONDS = 2.0

_METADATA, _METADATA_VERSION = 3, 4


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
    """Whether the broker lists itself as alive: before that it listens but can hold no topic.

    Asks Metadata v4 for no topics; https://kafka.apache.org/protocol#The_Messages_Metadata.
    """
    client = b"segue"
    header = struct.pack(">hhih", _METADATA, _METADATA_VERSION, 1, len(client)) + client
    no_topics_no_creation = struct.pack(">i?", 0, False)
    request = header + no_topics_no_creation
    try:
        with socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS) as connection:
            connection.settimeout(ANSWER_SECONDS)
            connection.sendall(struct.pack(">i", len(request)) + request)
            # size, correlation id, throttle time, number of brokers
            answer = connection.recv(16, socket.MSG_WAITALL)
    except OSError:
        return False
    return len(answer) == 16 and struct.unpack(">iiii", answer)[3] > 0
