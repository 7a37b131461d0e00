"""The replay on the topics, and the moment when everybody has read it. Knows Kafka and the tokens, no playlist.

Caught up is a condition and no pause: track_tokens has committed the ends of its topics, and a recommendation carries
the token version that all of `track-tokens` makes.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from segue import wire
from segue.catalog import TrackTokens
from segue.cli.lag import STALLED_SECONDS, Told, wait_until_none
from segue.errors import StackError
from segue.events import PlaylistEvent
from services.runtime.topology import CATALOG, PLAYLIST_EVENTS, TRACK_DELTAS, TRACK_TOKENS

TRACK_TOKENS_GROUP = "segue-track-tokens"


class Stream:
    """A connection to the broker, as an application and as an observer of track_tokens."""

    def __init__(self, kafka: str) -> None:
        logging.getLogger("kafka").setLevel(logging.ERROR)
        self._kafka = kafka
        self._producer = KafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=5)
        # Asks for what the group has committed; never joins it.
        self._group = KafkaConsumer(bootstrap_servers=kafka, group_id=TRACK_TOKENS_GROUP, enable_auto_commit=False)

    def replay(self, edits: Sequence[PlaylistEvent], told: Told) -> None:
        """Write the edits in order and return once the broker has them. Raises StackError when it does not."""
        try:
            sent = [
                self._producer.send(PLAYLIST_EVENTS.name, wire.encode(edit), edit.playlist_id.encode())
                for edit in edits
            ]
            for done, written in enumerate(sent, start=1):
                written.get(timeout=STALLED_SECONDS)
                told(done)
        except KafkaError as error:
            raise StackError(f"the broker does not take the replay: {error}") from error

    def wait_for_track_tokens(self, told: Told) -> None:
        """Return once track_tokens is done with all that lies on its topics. Raises StackError when it stalls."""
        # In this order: its work on the first two is what fills the third.
        for topics in ((PLAYLIST_EVENTS.name, CATALOG.name), (TRACK_DELTAS.name,)):
            wait_until_none(lambda topics=topics: self._behind(topics), "track_tokens", told)  # type: ignore[misc]

    def tokens(self) -> dict[str, TrackTokens | None]:
        """Return what `track-tokens` says of each track now; None for one that is gone."""
        consumer = KafkaConsumer(bootstrap_servers=self._kafka, group_id=None, enable_auto_commit=False)
        try:
            partitions = self._partitions(consumer, TRACK_TOKENS.name)
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            ends = consumer.end_offsets(partitions)
            newest: dict[str, TrackTokens | None] = {}
            while any(consumer.position(at) < end for at, end in ends.items()):
                for records in consumer.poll(timeout_ms=500).values():
                    for record in records:
                        value = record.value
                        newest[record.key.decode()] = None if value is None else wire.decode(value, TrackTokens)
            return newest
        finally:
            consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._group.close()
        self._producer.close(timeout=2)

    def _behind(self, topics: Sequence[str]) -> int:
        """Count the records of the topics that the group has not committed."""
        partitions = [at for topic in topics for at in self._partitions(self._group, topic)]
        ends: dict[TopicPartition, int] = self._group.end_offsets(partitions)
        return sum(end - (self._group.committed(at) or 0) for at, end in ends.items())

    @staticmethod
    def _partitions(consumer: KafkaConsumer, topic: str) -> list[TopicPartition]:
        numbers = consumer.partitions_for_topic(topic)
        if not numbers:
            raise StackError(f"the broker has no topic {topic}, which the stack creates when it starts")
        return [TopicPartition(topic, number) for number in sorted(numbers)]
