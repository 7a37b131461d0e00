"""A table's changelog: recovery keeps the newest state, and what another worker wrote is not taken for held."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError
from faust.tables.base import Collection

from services.runtime.changelog import AcknowledgedTable
from services.runtime.metrics import FOREIGN_CHANGES

AT = SimpleNamespace(topic="changelog", partition=0)


class Store:
    """One partition on disk, as Faust's RocksDB store looks to a table."""

    def __init__(self) -> None:
        self.held: int | None = None
        self.values: dict[bytes, bytes] = {}

    def persisted_offset(self, _at: object) -> int | None:
        return self.held

    def set_persisted_offset(self, _at: object, offset: int) -> None:
        self.held = offset

    def _db_for_partition(self, _partition: int) -> dict[bytes, bytes]:
        return self.values

    def apply_changelog_batch(self, batch: Any, **_: object) -> None:
        for event in batch:
            message = event.message
            self.held = message.offset
            if message.value is None:
                self.values.pop(message.key, None)
            else:
                self.values[message.key] = message.value


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> AcknowledgedTable:
    """A table without an app, over a store of the test's."""
    store = Store()
    monkeypatch.setattr(Collection, "data", store)
    monkeypatch.setattr(AcknowledgedTable, "name", "sessions", raising=False)
    kept: AcknowledgedTable = object.__new__(AcknowledgedTable)
    kept._held, kept._heard = {}, {}
    kept._on_their_way, kept._failure = set(), None
    kept.app = SimpleNamespace(in_transaction=False)  # type: ignore[assignment]
    kept.newest = None
    return kept


def sent(table: AcknowledgedTable, *offsets: int) -> int | None:
    """The broker acknowledges the table's changes at these offsets; returns how far the disk is said to hold them."""
    for offset in offsets:
        done: Any = SimpleNamespace(result=lambda offset=offset: SimpleNamespace(topic_partition=AT, offset=offset))
        table._on_changelog_sent(done)
    held: int | None = table.data.persisted_offset(AT)  # type: ignore[arg-type]
    return held


def recovered(table: AcknowledgedTable, first: int, *pairs: tuple[bytes, bytes | None]) -> dict[bytes, bytes]:
    """What is on disk once recovery has read these records."""
    table.apply_changelog_batch(
        SimpleNamespace(message=SimpleNamespace(tp=AT, partition=0, offset=offset, key=key, value=value, timestamp=1.0))
        for offset, (key, value) in enumerate(pairs, start=first)
    )
    store: Any = table.data
    values: dict[bytes, bytes] = store.values
    return values


def newest(known: bytes | None, other: bytes | None, _time_ms: int) -> bytes | None:
    return max(known or b"", other or b"") or None


def test_a_worker_that_writes_alone_holds_what_it_wrote(table: AcknowledgedTable) -> None:
    assert sent(table, 0, 1, 2) == 2


def test_what_lies_behind_another_workers_record_is_read_again_by_the_next_recovery(table: AcknowledgedTable) -> None:
    before = FOREIGN_CHANGES.labels("sessions")._value.get()
    assert sent(table, 0, 1, 4, 5) == 1
    assert FOREIGN_CHANGES.labels("sessions")._value.get() == before + 2
    recovered(table, 2, (b"c", b"2"), (b"d", b"3"), (b"e", b"4"), (b"f", b"5"))
    assert sent(table, 6, 7) == 7


def test_a_worker_that_held_nothing_does_not_take_over_what_it_did_not_read(table: AcknowledgedTable) -> None:
    assert sent(table, 7, 8) is None


def test_recovery_without_a_rule_keeps_the_last(table: AcknowledgedTable) -> None:
    assert recovered(table, 0, (b"ada", b"2"), (b"ada", b"1"), (b"bea", b"1"), (b"bea", None)) == {b"ada": b"1"}


def test_recovery_keeps_the_newest_within_a_batch_and_against_what_is_on_disk(table: AcknowledgedTable) -> None:
    table.newest = newest
    assert recovered(table, 0, (b"ada", b"2"), (b"ada", b"1")) == {b"ada": b"2"}
    assert recovered(table, 2, (b"ada", b"0"), (b"ada", None), (b"bea", b"1")) == {b"ada": b"2", b"bea": b"1"}
    assert table.data.persisted_offset(AT) == 4  # type: ignore[arg-type]


async def test_changes_are_written_once_the_broker_has_all(table: AcknowledgedTable) -> None:
    table._on_their_way = {asyncio.get_running_loop().create_future() for _ in range(2)}
    waiting = asyncio.ensure_future(table.written())
    await asyncio.sleep(0)
    assert not waiting.done()
    for change in list(table._on_their_way):
        change.set_result(None)
    await asyncio.wait_for(waiting, 5)


async def test_a_change_that_failed_before_anybody_waited_fails_whoever_waits(
    table: AcknowledgedTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = iter([asyncio.get_running_loop().create_future() for _ in range(2)])
    monkeypatch.setattr(Collection, "send_changelog", lambda *_, **__: next(changes))
    failed, arrived = table.send_changelog(0, b"ada", b"1"), table.send_changelog(0, b"bea", b"1")
    failed.set_exception(KafkaTimeoutError())
    arrived.set_result(None)
    await asyncio.sleep(0)
    assert table._on_their_way == set()
    with pytest.raises(KafkaTimeoutError):
        await table.written()
