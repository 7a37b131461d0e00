"""One record as it lies in the log, whatever library read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from segue.errors import MalformedMessage, Violation
from segue.spelling import camel
from services.runtime.acknowledgement import Place

# What a message may be called by; the longest that is valid is the longest that is logged.
IDS = ("event_id", "turn_id", "request_id")
LONGEST_ID = 128
# Not read through for a log line: what is larger is known by its place alone.
MOST_READ = 1 << 16

# Where records of a key lie; see `partitioner.py`.
PartitionOf = Callable[[bytes], int]


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it lies in the log. `time_ms` is the broker's append time in Unix milliseconds."""

    topic: str
    partition: int
    offset: int
    time_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    @property
    def place(self) -> Place:
        """Where it lies: topic, partition, offset."""
        return self.topic, self.partition, self.offset

    def names(self) -> dict[str, str | int]:
        """What logs call it: its place, and the ids in its value where that can be read; never what else it says."""
        fields = self._fields()
        said = {name: fields.get(name, fields.get(camel(name))) for name in IDS}
        ids = {name: value for name, value in said.items() if isinstance(value, str) and 0 < len(value) <= LONGEST_ID}
        return {"topic": self.topic, "partition": self.partition, "offset": self.offset, **ids}

    def _fields(self) -> dict[str, object]:
        if self.value is None or len(self.value) > MOST_READ:
            return {}
        try:
            said = orjson.loads(self.value)
        except orjson.JSONDecodeError:
            return {}
        return said if isinstance(said, dict) else {}


def refuse_other_partition(record: Record, partition_of: PartitionOf) -> None:
    """Raise MalformedMessage when the record lies in another partition than its key's, where another writer's state is.

    Only once the key is known to be an id: what is looked up is remembered.
    """
    expected = partition_of(record.key or b"")
    if record.partition != expected:
        raise MalformedMessage(
            Violation(
                "partition",
                f"is {record.partition}; Kafka's default partitioner (murmur2) puts this key into {expected}, where "
                "its state is: set the producer's partitioner (librdkafka: partitioner=murmur2_random)",
            )
        )
