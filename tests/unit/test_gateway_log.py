"""What the services write down when a library repeats itself."""

from __future__ import annotations

import logging

from services.runtime.log import REPEAT_AFTER_SECONDS, Sparse


def said(name: str, message: str) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "", 0, message, (), None)


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
