"""What a dead letter looks like: the original bytes and key, and headers that say where it was and why it is here.

A record that the topic does not take leaves its beginning, and headers that say how large it was.
"""

from __future__ import annotations

from segue.errors import InvalidMessage
from services.runtime.record import Record

MAX_ERROR_BYTES = 2_000
# What is kept of a record that is too large, enough to recognise its producer.
KEY_BYTES = 1_000
VALUE_BYTES = 10_000

Headers = list[tuple[str, bytes | None]]


def whole(record: Record, error: InvalidMessage) -> Headers:
    """Return the headers of a dead letter: the original ones, then its place in the log, the reason and the error."""
    return [*record.headers, *_why(record, error)]


def beginning(record: Record, error: InvalidMessage) -> tuple[bytes | None, bytes | None, Headers]:
    """Return key, value and headers of a dead letter for what is too large: cut off, without the original headers.

    `segue-size` and `segue-key-size` are those of the original value and key in bytes.
    """
    key, value = record.key, record.value
    sizes: Headers = [
        ("segue-size", str(len(value or b"")).encode()),
        ("segue-key-size", str(len(key or b"")).encode()),
    ]
    return key and key[:KEY_BYTES], value and value[:VALUE_BYTES], [*_why(record, error), *sizes]


def _why(record: Record, error: InvalidMessage) -> Headers:
    return [
        ("segue-topic", record.topic.encode()),
        ("segue-partition", str(record.partition).encode()),
        ("segue-offset", str(record.offset).encode()),
        ("segue-reason", error.reason.encode()),
        ("segue-error", str(error).encode("utf-8", "replace")[:MAX_ERROR_BYTES]),
    ]
