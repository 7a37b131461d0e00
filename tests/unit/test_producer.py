"""A broker that went away without a word holds up nothing for long, and costs no record."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, RequestTimedOutError

from services.runtime import producer
from services.runtime.commit import OrderedApp
from services.runtime.emitter import Emitter
from services.runtime.producer import PatientProducer
from services.runtime.settings import Settings

SOON = 0.1


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(producer, "REQUEST_SECONDS", SOON)


class Broker:
    """aiokafka's client with one partition; it lets so many requests run out of time, then takes what comes."""

    def __init__(self, silent: int) -> None:
        self._silent = silent
        self.requests: list[Any] = []

    async def send(self, _node: int, request: Any) -> Any:
        self.requests.append(request)
        if len(self.requests) <= self._silent:
            await asyncio.sleep(SOON)
            raise RequestTimedOutError
        ((topic, partitions),) = request._topics
        return SimpleNamespace(API_VERSION=1, topics=[(topic, [(partition, 0, 7) for partition, _ in partitions])])


async def nothing(*_: object, **__: object) -> None:
    """Stands for what asks a broker."""


def connected(broker: Broker) -> PatientProducer:
    made = PatientProducer(bootstrap_servers="127.0.0.1:1", acks="all")
    client: Any = made.client
    client.bootstrap, client.send, client._maybe_wait_metadata = nothing, broker.send, nothing
    client.force_metadata_update = lambda: asyncio.ensure_future(nothing())
    client.cluster.partitions_for_topic = client.cluster.available_partitions_for_topic = lambda _topic: {0}
    client.cluster.leader_for_partition = lambda _partition: 0
    return made


async def test_a_record_outlives_requests_that_nobody_answers_and_keeps_its_place() -> None:
    broker = Broker(silent=3)
    made = connected(broker)
    await made.start()
    first = await made.send("answers", b"1")
    await asyncio.sleep(SOON / 2)
    second = await made.send("answers", b"2")
    assert (await asyncio.wait_for(first, 5)).offset == 7
    await asyncio.wait_for(second, 5)
    assert len(broker.requests) == 5
    await made.stop()


async def test_a_broker_that_accepts_and_says_nothing_is_given_up_soon() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        emitter = Emitter(Settings(kafka=f"127.0.0.1:{port}"), "test")
        with pytest.raises(KafkaConnectionError):
            await asyncio.wait_for(emitter.send("answers", None, b"x"), 5)


async def test_fausts_changelogs_are_as_patient() -> None:
    app = OrderedApp("test", broker="kafka://127.0.0.1:1", autodiscover=False)
    made: Any = app.producer
    assert isinstance(made._new_producer(), PatientProducer)
