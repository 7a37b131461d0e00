"""What the services write down when a library repeats itself."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator

import pytest

from services.runtime import log
from services.runtime.log import MOST_MESSAGES, REPEAT_AFTER_SECONDS, Sparse
from services.runtime.settings import Settings


def said(name: str, message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "", 0, message, args, None)


@pytest.fixture
def unchanged_logging() -> Iterator[None]:
    root = logging.getLogger()
    before = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = before


def test_a_library_that_repeats_itself_is_heard_now_and_then() -> None:
    now = 0.0
    sparse = Sparse(lambda: now)
    assert sparse.filter(said("aiokafka.client", "cannot connect"))
    assert not sparse.filter(said("aiokafka.client", "cannot connect"))
    assert sparse.filter(said("aiokafka.client", "something else"))
    now = REPEAT_AFTER_SECONDS
    assert sparse.filter(said("aiokafka.client", "cannot connect"))


def test_the_services_own_messages_are_always_written() -> None:
    sparse = Sparse()
    assert all(sparse.filter(said("services.gateway.ends", "the broker answers")) for _ in range(3))


@pytest.mark.parametrize(
    "again",
    [
        lambda number: said("aiokafka.client", "node %s at port %s is away", number, 9_092 + number),
        lambda number: said("aiokafka.client", f"node {number} at port {9_092 + number} is away"),
    ],
    ids=["in its arguments", "in its text"],
)
def test_a_message_whose_numbers_change_is_the_same_message(again: Callable[[int], logging.LogRecord]) -> None:
    sparse = Sparse(lambda: 0.0)
    assert [sparse.filter(again(number)) for number in range(3)] == [True, False, False]


@pytest.mark.usefixtures("unchanged_logging")
def test_what_was_left_out_is_counted_and_said_with_the_next(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(log, "Sparse", lambda: Sparse(lambda: now))
    log.configure(Settings(log_format="json"), "tested")
    logger = logging.getLogger("aiokafka.client")
    for number in range(5):
        logger.warning("offset %s is away", number)
    now = REPEAT_AFTER_SECONDS
    logger.warning("offset %s is away", 5)
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["event"], first.get("left_out")) == ("offset 0 is away", None)
    assert (second["event"], second.get("left_out")) == ("offset 5 is away", 4)


def test_only_so_many_messages_are_remembered_the_latest_ones() -> None:
    sparse = Sparse(lambda: 0.0)
    for number in range(MOST_MESSAGES + 1):
        assert sparse.filter(said(f"kafka.{number}", "cannot connect"))
    assert not sparse.filter(said(f"kafka.{MOST_MESSAGES}", "cannot connect"))
    assert sparse.filter(said("kafka.0", "cannot connect"))
