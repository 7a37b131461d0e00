"""The table of states: the newest state is seen at once, written once, and awaited until the changelog has it."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from aiokafka.errors import KafkaTimeoutError
from faust.streams import current_event

from segue import session as sessions
from segue.session import Offer, Position, Session, SessionEvent
from services.runtime.metrics import DAMAGED
from services.runtime.settings import Settings
from services.sessions import table
from services.sessions.table import SessionTable

START_MS = 1_700_000_000_000


class Changelog(dict[bytes, bytes]):
    """Faust's table: a dictionary whose changes are acknowledged when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[tuple[bytes, Any]] = []
        self.reads = 0
        self.last_change: asyncio.Future[Any]
        self.newest: Any = None

    def __setitem__(self, key: bytes, value: bytes) -> None:
        super().__setitem__(key, value)
        self.changes.append((key, current_event()))
        self.last_change = asyncio.get_running_loop().create_future()

    def get(self, key: bytes, default: Any = None) -> Any:
        self.reads += 1
        return super().get(key, default)


class App:
    def __init__(self, changelog: Changelog) -> None:
        self._changelog = changelog

    def Table(self, *_: object, **__: object) -> Changelog:  # noqa: N802  Faust's name
        return self._changelog


class Event:
    """Stands for a Faust event."""


def tables() -> tuple[SessionTable, Changelog]:
    changelog = Changelog()
    app: Any = App(changelog)
    return SessionTable(app, Settings()), changelog


def state(number: int, listener: str = "ada") -> Session:
    return Session(listener, events=(SessionEvent(number, f"event-{number}", "track", 1),))


async def test_changes_are_seen_at_once_and_written_together() -> None:
    kept, changelog = tables()
    events = [Event() for _ in range(3)]
    for number, event in enumerate(events):
        kept.change(b"ada", state(number), event)
        assert kept.get(b"ada") == state(number)
    assert changelog.changes == []
    assert kept.write(b"ada") is changelog.last_change
    assert changelog.changes == [(b"ada", events[-1])], "once, in the partition of the newest event"
    assert sessions.decode(changelog[b"ada"]) == state(2)


async def test_who_rests_on_a_state_that_is_on_its_way_waits_for_it_too() -> None:
    kept, _ = tables()
    kept.change(b"ada", state(1), Event())
    written = kept.write(b"ada")
    assert written is not None
    assert kept.write(b"ada") is written
    written.set_result(None)
    await asyncio.sleep(0)
    assert kept.write(b"ada") is None


async def test_who_rests_on_a_state_that_did_not_arrive_hears_of_it_too() -> None:
    kept, _ = tables()
    kept.change(b"ada", state(1), Event())
    written = kept.write(b"ada")
    assert written is not None
    written.set_exception(KafkaTimeoutError())
    await asyncio.sleep(0)
    assert kept.write(b"ada") is written
    with pytest.raises(KafkaTimeoutError):
        await written


async def test_an_older_change_that_arrives_does_not_pass_for_the_newer_one() -> None:
    kept, _ = tables()
    event = Event()
    kept.change(b"ada", state(1), event)
    older = kept.write(b"ada")
    kept.change(b"ada", state(2), event)
    newer = kept.write(b"ada")
    assert older is not None
    older.set_result(None)
    await asyncio.sleep(0)
    assert kept.write(b"ada") is newer


async def test_what_is_kept_decoded_is_bounded_and_what_gave_way_is_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(table, "MOST_DECODED_BYTES", 10 * len(sessions.encode(state(0))))
    kept, changelog = tables()
    event = Event()
    for number in range(100):
        key = str(number).encode()
        kept.change(key, state(0), event)
        written = kept.write(key)
        assert written is not None
        written.set_result(None)
    assert len(kept._decoded) == 10
    assert kept.get(b"99") == state(0)
    assert changelog.reads == 0
    assert kept.get(b"0") == state(0)
    assert changelog.reads == 1


async def test_nothing_is_left_of_what_was_written() -> None:
    kept, _ = tables()
    for number in range(10):
        kept.change(str(number).encode(), state(number), Event())
        written = kept.write(str(number).encode())
        assert written is not None
        written.set_result(None)
    await asyncio.sleep(0)
    assert kept._changed == {}
    assert kept._on_its_way == {}


async def test_after_a_rebalance_the_table_alone_counts() -> None:
    kept, changelog = tables()
    kept.change(b"ada", state(1), Event())
    kept.write(b"ada")
    kept.change(b"ada", state(2), Event())
    kept.forget_decoded()
    dict.__setitem__(changelog, b"ada", sessions.encode(state(7)))  # another worker's, from the changelog
    assert kept.get(b"ada") == state(7)
    assert kept.write(b"bea") is None


async def test_a_forgotten_listener_is_gone_from_everywhere() -> None:
    kept, changelog = tables()
    kept.change(b"ada", state(1), Event())
    kept.write(b"ada")
    kept.delete(b"ada")
    assert kept.get(b"ada") is None
    assert list(kept.entries()) == []
    assert changelog == {}


@pytest.mark.parametrize("damaged", [b"\xc1", b"\x91\x05", sessions.encode(state(1))[:-3]])
async def test_a_damaged_state_counts_as_absent_and_is_counted_until_it_is_written_anew(damaged: bytes) -> None:
    kept, changelog = tables()
    dict.__setitem__(changelog, b"ada", damaged)
    before = DAMAGED.labels("sessions")._value.get()
    assert kept.get(b"ada") is None
    assert DAMAGED.labels("sessions")._value.get() == before + 1
    kept.change(b"ada", state(2), Event())
    kept.write(b"ada")
    kept.forget_decoded()
    assert kept.get(b"ada") == state(2)


def read(offset: int, hours: int = 0) -> bytes:
    at = Position("listening-events", 0, offset, START_MS + hours * 3_600_000)
    return sessions.encode(msgspec.structs.replace(state(offset), seen=(at,)))


def test_recovery_keeps_the_state_that_has_read_further() -> None:
    _, changelog = tables()
    assert changelog.newest(None, read(3), START_MS) == read(3)
    assert changelog.newest(read(3), read(5), START_MS) == read(5)
    assert changelog.newest(read(5), read(3), START_MS) == read(5)
    assert changelog.newest(b"\xc1", read(3), START_MS) == read(3)


def test_a_deletion_counts_only_for_a_state_that_was_idle_when_it_was_written() -> None:
    _, changelog = tables()
    month = 31 * 24
    assert changelog.newest(read(3), None, START_MS + month * 3_600_000) is None
    assert changelog.newest(read(3, hours=month), None, START_MS + month * 3_600_000) == read(3, hours=month)
    assert changelog.newest(None, None, START_MS) is None
    assert changelog.newest(b"\xc1", None, START_MS) is None


async def test_what_a_turn_is_answered_with_is_written_with_the_state() -> None:
    table, changelog = tables()
    table.change(b"ada", state(1), Event())
    table.offer(b"ada", Offer(5, ("one", "two")))
    table.write(b"ada")
    assert sessions.decode(changelog[b"ada"]).offered == (Offer(5, ("one", "two")),)


async def test_an_offer_after_the_state_was_written_waits_for_the_next_change() -> None:
    table, changelog = tables()
    table.change(b"ada", state(1), Event())
    table.write(b"ada")
    table.offer(b"ada", Offer(5, ("one",)))
    known = table.get(b"ada")
    assert known is not None
    assert known.offered == (Offer(5, ("one",)),)
    assert sessions.decode(changelog[b"ada"]).offered == ()
