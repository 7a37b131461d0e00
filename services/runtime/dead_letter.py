"""What a dead letter looks like: the original bytes and key, and headers that say where it was and why it is here."""

from __future__ import annotations

from segue.errors import InvalidMessage

MAX_ERROR_BYTES = 2_000


def headers(
    topic: str, partition: int, offset: int, error: InvalidMessage, original: list[tuple[str, bytes | None]]
) -> list[tuple[str, bytes | None]]:
    """Return the headers of a dead letter: the original ones, then its place in the log, the reason and the error."""
    return [
        *original,
        ("segue-topic", topic.encode()),
        ("segue-partition", str(partition).encode()),
        ("segue-offset", str(offset).encode()),
        ("segue-reason", error.reason.encode()),
        ("segue-error", str(error).encode("utf-8", "replace")[:MAX_ERROR_BYTES]),
    ]
