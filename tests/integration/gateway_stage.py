"""A gateway process and someone who answers its questions, for tests. Knows topics and ports, and no test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from deploy.local import StackConfig
from deploy.local.config import free_ports
from segue import wire
from segue.catalog import Track
from segue.client import Client
from segue.errors import RequestFailed
from segue.events import ChatTurn, SourceOffset
from segue.popularity import POPULAR_FILE
from segue.recommendations import RecommendationList, RecommendationRequest, RecommendedTrack
from services.runtime.topology import ANSWERS, CHAT_TURNS, REQUESTS

Question = RecommendationRequest | ChatTurn
Answer = TypeVar("Answer")
COMMAND = [sys.executable, "-m", "services.gateway"]
# Seconds; how long a test waits for what must happen.
PATIENCE = 30.0
# Calls that the tests' gateway lets wait at once.
MAX_WAITING = 4


def until(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Return what the condition gives as soon as it gives something, or fail."""
    end = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {patience} s in vain: {what}"
        time.sleep(0.02)
    return found


def in_time(call: Callable[[], Answer]) -> Answer:
    """Return what a call gives that is answered before its deadline; a caller may itself be late."""

    def attempt() -> tuple[Answer] | None:
        try:
            return (call(),)
        except RequestFailed as error:
            if error.status not in ("DEADLINE_EXCEEDED", "UNAVAILABLE"):
                raise
            return None

    found: tuple[Answer] = until(attempt, "an answer before the deadline")
    return found[0]


@dataclass
class Gateway:
    """A running gateway process."""

    process: subprocess.Popen[bytes]
    port: int
    metrics_port: int
    log: Path

    @property
    def address(self) -> str:
        """Where it takes calls."""
        return f"127.0.0.1:{self.port}"

    def get(self, path: str) -> str:
        """What its HTTP port says."""
        connection = HTTPConnection("127.0.0.1", self.metrics_port, timeout=10)
        connection.request("GET", path)
        return connection.getresponse().read().decode()

    def metric(self, series: str) -> float:
        """The value of one series; 0 when there is none yet."""
        for line in self.get("/metrics").splitlines():
            name, _, value = line.rpartition(" ")
            if name == series:
                return float(value)
        return 0.0

    def health(self) -> dict[str, str]:
        """What each service says of itself; nothing while it takes no calls."""
        try:
            with Client(self.address, timeout=5) as client:
                return client.health()
        except RequestFailed:
            return {}

    def wait_until_serving(self) -> None:
        """Return once every service says that it serves."""
        until(lambda: set(self.health().values()) == {"SERVING"}, f"gateway ready: {self.log.read_text()}")


def write_checkpoint(folder: Path) -> Path:
    """Write as much of a checkpoint as a gateway reads, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    popular = (Track(f"popular-{rank}", f"Popular {rank}", ("Artist",)) for rank in range(20))
    (folder / POPULAR_FILE).write_bytes(b"\n".join(map(wire.encode, popular)))
    return folder


def environment(**settings: object) -> dict[str, str]:
    """The environment of a process with these settings."""
    return {**os.environ, **{f"SEGUE_{name.upper()}": str(value) for name, value in settings.items()}}


@contextmanager
def running_gateway(folder: Path, kafka: str, *, ready: bool = True, **settings: object) -> Generator[Gateway]:
    """Run a gateway, and once the block ends make sure that it has ended."""
    checkpoint = write_checkpoint(folder)
    port, metrics_port = free_ports(2)
    chosen = environment(kafka=kafka, grpc_port=port, metrics_port=metrics_port, checkpoint=checkpoint, **settings)
    log = folder / "gateway.log"
    with log.open("wb") as output:
        process = subprocess.Popen(COMMAND, env=chosen, stdout=output, stderr=subprocess.STDOUT)
    gateway = Gateway(process, port, metrics_port, log)
    try:
        if ready:
            gateway.wait_until_serving()
        else:
            until(gateway.health, "gateway started")
        yield gateway
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        finally:
            process.kill()


def popular_answer(question: Question) -> RecommendationList:
    """An answer with as many tracks as were asked for."""
    tracks = tuple(RecommendedTrack(f"t{rank}", f"Track {rank}", ("Artist",), 1.0) for rank in range(question.count))
    return RecommendationList("answer", question.listener_id, tracks=tracks)


@dataclass
class Responder:
    """Stands in for sessions: reads every question, and answers as a test wants; None is silence."""

    kafka: str
    answer: Callable[[Question], RecommendationList | None] = popular_answer
    asked: list[Any] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Generator[Responder]:
        """Answer in a thread until the block ends."""
        consumer = KafkaConsumer(bootstrap_servers=self.kafka, enable_auto_commit=False)
        places = [
            TopicPartition(topic.name, partition)
            for topic in (REQUESTS, CHAT_TURNS)
            for partition in consumer.partitions_for_topic(topic.name)
        ]
        consumer.assign(places)
        for place, end in consumer.end_offsets(places).items():
            consumer.seek(place, end)
        producer = KafkaProducer(bootstrap_servers=self.kafka, linger_ms=0)
        thread = threading.Thread(target=self._serve, args=(consumer, producer), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stopped.set()
            thread.join(PATIENCE)
            consumer.close()
            producer.close(5)

    def asked_by(self, listener_id: str) -> list[Any]:
        """The records and questions of one listener; other tests' questions may come in late."""
        return [(record, question) for record, question in self.asked if question.listener_id == listener_id]

    def _serve(self, consumer: KafkaConsumer, producer: KafkaProducer) -> None:
        while not self._stopped.is_set():
            for records in consumer.poll(timeout_ms=50).values():
                for record in records:
                    self._take(record, producer)

    def _take(self, record: Any, producer: KafkaProducer) -> None:
        kind = RecommendationRequest if record.topic == REQUESTS.name else ChatTurn
        question: Any = wire.decode(record.value, kind)
        self.asked.append((record, question))
        answer = self.answer(question)
        if answer is None:
            return
        named = msgspec.structs.replace(
            answer,
            request_id=getattr(question, "request_id", ""),
            turn_id=getattr(question, "turn_id", ""),
        )
        producer.send(ANSWERS.name, wire.encode(named), partition=question.reply_to.partition)


def records(kafka: StackConfig, written: SourceOffset) -> Iterator[tuple[bytes | None, bytes | None]]:
    """Yield the key and value of each record up to a position, newest last."""
    consumer = KafkaConsumer(bootstrap_servers=kafka.kafka, consumer_timeout_ms=10_000)
    place = TopicPartition(written.topic, written.partition)
    consumer.assign([place])
    consumer.seek_to_beginning(place)
    for record in consumer:
        yield record.key, record.value
        if record.offset >= written.offset:
            break
    consumer.close()
