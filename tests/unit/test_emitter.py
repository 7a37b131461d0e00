"""What a service writes, what becomes of what cannot be written, and what the log says of it."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
import structlog
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError

from segue.errors import InvalidMessage, MalformedMessage, Violation
from services.runtime.emitter import Emitter
from services.runtime.record import MOST_READ, Record
from services.runtime.settings import Settings

SAID = "what somebody said"


class Producer:
    """aiokafka's producer: `refuses` at once, or `fails` to have a record acknowledged."""

    def __init__(self, refuses: Exception | None = None, fails: Exception | None = None) -> None:
        self._refuses = refuses
        self._fails = fails
        self.sent: list[tuple[str, bytes | None, dict[str, Any]]] = []

    async def partitions_for(self, _topic: str) -> set[int]:
        return {0, 1}

    async def send(self, topic: str, value: bytes | None, key: bytes | None, **where: Any) -> asyncio.Future[None]:
        if self._refuses:
            raise self._refuses
        self.sent.append((topic, value, {"key": key, **where}))
        acknowledgement: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._fails:
            acknowledgement.set_exception(self._fails)
        else:
            acknowledgement.set_result(None)
        return acknowledgement


def emitter(producer: Producer) -> Emitter:
    made = Emitter(Settings(), "test")
    made._producer = producer
    return made


def record(value: bytes | None, **changes: Any) -> Record:
    return Record(
        **{"topic": "chat-turns", "partition": 3, "offset": 17, "time_ms": 0, "key": b"ada", **changes}, value=value
    )


@pytest.mark.parametrize("where", ["refuses", "fails"])
async def test_what_is_too_large_is_the_messages_fault_wherever_that_is_found_out(where: str) -> None:
    producer = Producer(**{where: MessageSizeTooLargeError("1000012 bytes")})
    with pytest.raises(InvalidMessage, match="answers is too large"):
        await emitter(producer).send("answers", None, b"x")


async def test_a_broker_that_is_away_is_not_the_messages_fault() -> None:
    with pytest.raises(KafkaConnectionError):
        await emitter(Producer(fails=KafkaConnectionError())).send("answers", None, b"x")


async def test_a_partition_that_does_not_exist_is_the_messages_fault() -> None:
    producer = Producer()
    with pytest.raises(InvalidMessage, match="is 7; answers has no such partition"):
        await emitter(producer).send("answers", None, b"x", partition=7)
    assert producer.sent == []


async def test_a_dead_letter_is_the_record_itself_and_says_where_it_was_and_why() -> None:
    producer = Producer()
    bad = record(b"{", headers=(("trace", None), ("trace", b"\xff")))
    await emitter(producer).bury(bad, MalformedMessage(Violation("", "not JSON")))
    ((topic, value, where),) = producer.sent
    assert (topic, value, where["key"]) == ("dead-letter", b"{", b"ada")
    assert where["headers"] == [
        ("trace", None),
        ("trace", b"\xff"),
        ("segue-topic", b"chat-turns"),
        ("segue-partition", b"3"),
        ("segue-offset", b"17"),
        ("segue-reason", b"malformed"),
        ("segue-error", b"not JSON"),
    ]


async def test_the_log_line_of_a_dead_letter_carries_the_ids_and_no_text() -> None:
    turn = {"turn_id": "turn-1", "request_id": "request-1", "listener_id": "ada", "text": SAID}
    with structlog.testing.capture_logs() as lines:
        await emitter(Producer()).bury(record(orjson.dumps(turn)), InvalidMessage(Violation("count", "is 500")))
    (line,) = lines
    assert {name: line[name] for name in ("topic", "partition", "offset", "turn_id", "request_id", "reason")} == {
        "topic": "chat-turns",
        "partition": 3,
        "offset": 17,
        "turn_id": "turn-1",
        "request_id": "request-1",
        "reason": "invalid",
    }
    assert SAID not in str(lines)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"{",
        b"[1]",
        b'{"event_id": 5}',
        b'{"event_id": ""}',
        b'{"event_id": "' + b"x" * 129 + b'"}',
        b'{"event_id": "e", "note": "' + b"x" * MOST_READ + b'"}',
    ],
)
def test_what_carries_no_id_that_can_be_read_is_called_by_its_place(value: bytes | None) -> None:
    assert record(value).names() == {"topic": "chat-turns", "partition": 3, "offset": 17}


class SmallTopic(Producer):
    """A producer whose topic takes a few kilobytes, headers included."""

    async def send(self, topic: str, value: bytes | None, key: bytes | None, **where: Any) -> asyncio.Future[None]:
        headers = where.get("headers", ())
        size = len(value or b"") + len(key or b"") + sum(len(name) + len(said or b"") for name, said in headers)
        self._fails = MessageSizeTooLargeError(f"{size} bytes") if size > 20_000 else None
        return await super().send(topic, value, key, **where)


@pytest.mark.parametrize(
    "large", [{"value": b"v" * 30_000}, {"key": b"k" * 30_000}, {"headers": (("trace", b"h" * 30_000),)}]
)
async def test_a_record_that_is_too_large_for_the_dead_letters_leaves_its_beginning(large: dict[str, Any]) -> None:
    producer = SmallTopic()
    bad = record(**{"value": b"{", **large})
    await emitter(producer).bury(bad, MalformedMessage(Violation("", "x" * 9_000)))
    topic, value, where = producer.sent[-1]
    assert topic == "dead-letter"
    assert bad.value is not None
    assert value
    assert bad.value.startswith(value)
    assert bad.key is not None
    assert bad.key.startswith(where["key"])
    said = dict(where["headers"])
    assert (said["segue-topic"], said["segue-partition"], said["segue-offset"]) == (b"chat-turns", b"3", b"17")
    assert (said["segue-reason"], said["segue-size"]) == (b"malformed", str(len(bad.value)).encode())
    assert said["segue-key-size"] == str(len(bad.key)).encode()
    assert "trace" not in said


async def test_a_broker_that_is_away_leaves_no_beginning() -> None:
    producer = Producer(fails=KafkaConnectionError())
    with pytest.raises(KafkaConnectionError):
        await emitter(producer).bury(record(b"{"), MalformedMessage(Violation("", "not JSON")))
    assert len(producer.sent) == 1
