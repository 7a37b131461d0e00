"""The demo's own producer and consumer: events into the topics, recommendation lists out. Knows no gateway."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from segue import wire
from segue.errors import StackError
from segue.events import ListeningEvent, PlaylistEvent
from segue.recommendations import RecommendationList
from services.runtime.topology import LISTENING_EVENTS, PLAYLIST_EVENTS, RECOMMENDATIONS


class Log:
    """A connection to the broker that reads every recommendation made after it was opened."""

    def __init__(self, kafka: str) -> None:
        logging.getLogger("kafka").setLevel(logging.ERROR)
        self._producer = KafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=0)
        self._consumer = KafkaConsumer(bootstrap_servers=kafka, group_id=None, fetch_max_wait_ms=50)
        name = RECOMMENDATIONS.name
        partitions = [TopicPartition(name, number) for number in self._consumer.partitions_for_topic(name) or ()]
        self._consumer.assign(partitions)
        self._consumer.seek_to_end()
        for partition in partitions:
            self._consumer.position(partition)  # the end is looked up when it is asked for, and that must be now

    def send(self, event: ListeningEvent | PlaylistEvent) -> None:
        """Write one event to its topic. Raises StackError when the broker does not take it."""
        match event:
            case ListeningEvent():
                topic, key = LISTENING_EVENTS, event.listener_id
            case PlaylistEvent():
                topic, key = PLAYLIST_EVENTS, event.playlist_id
        try:
            self._producer.send(topic.name, wire.encode(event), key.encode())
        except KafkaError as error:
            raise StackError(f"the broker does not take events: {error}") from error

    def lists(self, seconds: float) -> Iterator[RecommendationList]:
        """Yield what arrives within this time."""
        for records in self._consumer.poll(timeout_ms=int(seconds * 1_000)).values():
            for arrived in records:
                yield wire.decode(arrived.value, RecommendationList)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._consumer.close()
        self._producer.close(timeout=2)
