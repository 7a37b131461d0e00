"""Both ends of a running stack for tests: a client, a producer, whatever lies on the topics, and what is told of it."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from deploy.local import LocalStack
from segue import wire
from segue.catalog import Track
from segue.client import Client
from segue.events import ListeningAction, ListeningEvent
from segue.recommendations import RecommendationList
from services.runtime.topology import RECOMMENDATIONS

# Much longer than anything takes on an idle machine: these tests are about what happens, not how fast.
SECONDS = 60.0

T = TypeVar("T")


class Road:
    """Both ends of a running stack: a client, a producer, a consumer."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.config = stack.config
        self.client = Client(stack.config.gateway, timeout=SECONDS)
        self.producer = KafkaProducer(bootstrap_servers=stack.config.kafka, acks="all")
        self.catalogue = read_catalogue(stack.config.checkpoint)
        self.tracks = [track.track_id for track in self.catalogue]

    def play(self, listener: str, *tracks: str) -> None:
        self.client.record_events([played(listener, track) for track in tracks])

    def send(self, topic: str, key: str, value: bytes) -> None:
        self.producer.send(topic, key=key.encode(), value=value).get(timeout=SECONDS)

    def records(self, topic: str, key: str) -> list[bytes]:
        """Everything that lies on the topic under this key now, in order."""
        with KafkaConsumer(bootstrap_servers=self.config.kafka, group_id=None) as consumer:
            partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            ends = consumer.end_offsets(partitions)
            found: list[bytes] = []
            while any(consumer.position(at) < end for at, end in ends.items()):
                for records in consumer.poll(timeout_ms=200).values():
                    found += [record.value for record in records if record.key == key.encode()]
        return found

    def lists(self, listener: str) -> list[RecommendationList]:
        return [wire.decode(value, RecommendationList) for value in self.records(RECOMMENDATIONS.name, listener)]

    def close(self) -> None:
        self.producer.close(timeout=2)
        self.client.close()


def played(listener: str, track: str) -> ListeningEvent:
    return ListeningEvent(
        event_id=uuid4().hex,
        listener_id=listener,
        track_id=track,
        action=ListeningAction.PLAY_FINISHED,
        event_time=datetime.now(UTC).replace(microsecond=0),
    )


def newcomer() -> str:
    return f"listener-{uuid4().hex[:12]}"


def eventually(look: Callable[[], T]) -> T:
    """Return the first true thing that looking gives; fail when it gives none in time."""
    deadline = time.monotonic() + SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
    return found


def read_catalogue(checkpoint: Path) -> list[Track]:
    return [wire.decode(line, Track) for line in (checkpoint / "catalog.jsonl").read_bytes().splitlines()]


def metrics(port: int) -> dict[str, set[str]]:
    """The families of a /metrics page with all their label values."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=SECONDS) as page:
        text = page.read().decode()
    return {
        family.name: {value for sample in family.samples for value in sample.labels.values()}
        for family in text_string_to_metric_families(text)
    }
