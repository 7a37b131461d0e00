"""What the sessions service keeps beside its table is bounded, and idle listeners are found."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue import session as sessions
from segue.events import ListeningAction, ListeningEvent
from segue.recommendations import RecommendedTrack
from segue.session import FoldRules, Position, Session
from services.runtime.bounded import Bounded
from services.runtime.metrics import DAMAGED
from services.sessions import expiry
from services.sessions.expiry import AT_ONCE, STEP, IdleSweep
from services.sessions.last_lists import MOST_TRACKS, LastLists

RULES = FoldRules(idle_expiry=timedelta(days=30))
DAY_MS = 86_400_000


def stored(listener: str, record_ms: int, partition: int = 0) -> tuple[bytes, bytes]:
    state = Session(listener, seen=(Position("listening-events", partition, 1, record_ms),))
    return listener.encode(), sessions.encode(state)


def test_the_last_lists_keep_the_listeners_served_last() -> None:
    one = len(msgspec.msgpack.encode((RecommendedTrack("t0"),)))
    lists = LastLists(most_bytes=3 * one + 2)
    for number in range(5):
        lists.put(f"listener-{number}", [RecommendedTrack(f"t{number}")])
    lists.put("listener-2", [RecommendedTrack("t!")])
    lists.put("listener-9", [RecommendedTrack("t9")])
    kept = {name for name in (f"listener-{n}" for n in range(10)) if lists.get(name)}
    assert kept == {"listener-2", "listener-4", "listener-9"}


def test_of_a_long_list_the_beginning_is_kept() -> None:
    lists = LastLists()
    lists.put("ada", [RecommendedTrack(f"t{number}") for number in range(100)])
    assert [track.track_id for track in lists.get("ada")] == [f"t{number}" for number in range(MOST_TRACKS)]
    assert lists.get("nobody") == ()


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40)), max_size=60))
def test_a_cache_never_holds_more_bytes_than_it_may_and_keeps_what_was_used_last(puts: list[tuple[int, int]]) -> None:
    cache: Bounded[int, int] = Bounded(100)
    sizes: dict[int, int] = {}
    for key, size in puts:
        cache.put(key, size, size)
        sizes.pop(key, None)
        sizes[key] = size
        while sum(sizes.values()) > 100:
            del sizes[next(iter(sizes))]
        assert cache.bytes == sum(sizes.values()) <= 100
        assert len(cache) == len(sizes)
    assert all(cache.get(key) == size for key, size in sizes.items())


def test_what_is_larger_than_the_cache_is_not_kept() -> None:
    cache: Bounded[str, str] = Bounded(10)
    cache.put("small", "s", 4)
    cache.put("large", "l", 11)
    assert (cache.get("large"), cache.bytes) == (None, 0)
    cache.put("small", "s", 4)
    cache.clear()
    assert (cache.get("small"), cache.bytes, len(cache)) == (None, 0, 0)


async def test_no_more_idle_listeners_wait_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "MOST_WAITING", 7)
    sweep = IdleSweep(RULES)
    sweep.advance(0, 40 * DAY_MS)
    await sweep.scan([stored(f"idle-{n}", 0) for n in range(20)])
    assert sum(len(sweep.take(0)) for _ in range(20)) == 7


def test_equal_strings_of_different_messages_are_one_in_the_state() -> None:
    def heard(listener: str, number: int) -> Session:
        track = f"track-{number // 10}"
        event = ListeningEvent(f"e{number}", listener, "", track, ListeningAction.LIKED, sessions.from_ms(number))
        return sessions.apply(Session(listener), event, Position("listening-events", 0, number, number), RULES)

    assert heard("ada", 1).events[0].track_id is heard("bea", 2).events[0].track_id


def test_the_sweep_finds_who_was_silent_for_longer_than_the_expiry() -> None:
    sweep = IdleSweep(RULES)
    sweep.advance(0, 40 * DAY_MS)
    entries = [stored("idle", 0), stored("active", 30 * DAY_MS), stored("edge", 10 * DAY_MS)]
    asyncio.run(sweep.scan(entries))
    assert sweep.take(0) == [b"idle"]


def test_the_sweep_uses_the_clock_of_the_listeners_own_partition() -> None:
    sweep = IdleSweep(RULES)
    sweep.advance(1, 40 * DAY_MS)
    asyncio.run(sweep.scan([stored("other", 0, partition=0), stored("mine", 0, partition=1)]))
    assert sweep.take(0) == []
    assert sweep.take(1) == [b"mine"]


def test_only_a_few_are_deleted_with_each_record() -> None:
    sweep = IdleSweep(RULES)
    sweep.advance(0, 40 * DAY_MS)
    asyncio.run(sweep.scan([stored(f"idle-{n}", 0) for n in range(10)]))
    assert [len(sweep.take(0)) for _ in range(4)] == [AT_ONCE, AT_ONCE, 2, 0]


async def test_a_sweep_stops_where_partitions_are_assigned_anew() -> None:
    looked_at: list[int] = []

    def entries() -> Iterator[tuple[bytes, bytes]]:
        for number in range(10 * STEP):
            looked_at.append(number)
            yield stored(f"idle-{number}", 0)

    sweep = IdleSweep(RULES)
    sweep.advance(0, 40 * DAY_MS)
    scan = asyncio.ensure_future(sweep.scan(entries()))
    await asyncio.sleep(0)
    sweep.interrupt()
    await scan
    assert len(looked_at) == STEP
    assert sweep.take(0) == []


async def test_a_sweep_passes_over_a_damaged_state() -> None:
    sweep = IdleSweep(RULES)
    sweep.advance(0, 40 * DAY_MS)
    before = DAMAGED.labels("sessions")._value.get()
    await sweep.scan([stored("idle", 0), (b"damaged", b"\xc1"), stored("also-idle", 0)])
    assert sweep.take(0) == [b"idle", b"also-idle"]
    assert DAMAGED.labels("sessions")._value.get() == before + 1
