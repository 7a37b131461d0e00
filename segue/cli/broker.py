"""One question to a Kafka broker over a bare socket: who is alive? Knows that one call of the protocol."""

from __future__ import annotations

import socket
import struct

_METADATA, _METADATA_VERSION = 3, 4


def living_brokers(host: str, port: int, timeout: float) -> int:
    """Return how many brokers the one at this address lists as alive; none while it listens but can hold no topic.

    Asks Metadata v4 for no topics; https://kafka.apache.org/protocol#The_Messages_Metadata. Waits up to `timeout`
    seconds. Raises OSError when nothing answers, or what does is no broker.
    """
    client = b"segue"
    header = struct.pack(">hhih", _METADATA, _METADATA_VERSION, 1, len(client)) + client
    no_topics_no_creation = struct.pack(">i?", 0, False)
    request = header + no_topics_no_creation
    with socket.create_connection((host, port), timeout) as connection:
        connection.settimeout(timeout)
        connection.sendall(struct.pack(">i", len(request)) + request)
        # size, correlation id, throttle time, number of brokers
        answer = connection.recv(16, socket.MSG_WAITALL)
    if len(answer) != 16 or answer[4:8] != struct.pack(">i", 1):
        raise OSError("what listens is no broker")
    return int(struct.unpack_from(">i", answer, 12)[0])
