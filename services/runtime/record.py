"""One record as it lies in the log, whatever library read it."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.acknowledgement import Place


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it lies in the log. `time_ms` is the broker's append time in Unix milliseconds."""

    topic: str
    partition: int
    offset: int
    time_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def place(self) -> Place:
        """Where it lies: topic, partition, offset."""
        return self.topic, self.partition, self.offset
