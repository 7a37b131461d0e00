"""aiokafka's producer, which gives a request up soon and a record late.

aiokafka has one time for both: a broker that went away without a word would hold up everything for as long as a record
is tried again. Knows nothing about what is written.
"""

from __future__ import annotations

from typing import Any

from aiokafka import AIOKafkaProducer

# How long a connection may take to be made and a request to be answered before another is tried, in seconds.
REQUEST_SECONDS = 10.0
# How long a record is tried again while the broker is away, in seconds. aiokafka's own 40 s would end the process.
PATIENCE = 1_200.0


class PatientProducer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka has no types
    """A producer whose requests take REQUEST_SECONDS at most, and whose records are tried for PATIENCE, in order."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "request_timeout_ms": int(REQUEST_SECONDS * 1_000)})
        # How long a record waits for room, and how long it is tried from then on: aiokafka's public way to both is the
        # request's time, and who tried again outside would mix up the order.
        self._request_timeout_ms = int(PATIENCE * 1_000)
        self._message_accumulator._batch_ttl = PATIENCE  # noqa: SLF001
