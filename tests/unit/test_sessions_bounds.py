"""What the sessions service keeps beside its table is bounded, and idle listeners are found."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

from segue import session as sessions
from segue.recommendations import RecommendedTrack
from segue.session import FoldRules, Position, Session
from services.sessions.expiry import AT_ONCE, STEP, IdleSweep
from services.sessions.last_lists import LastLists

RULES = FoldRules(idle_expiry=timedelta(days=30))
DAY_MS = 86_400_000


def stored(listener: str, record_ms: int, partition: int = 0) -> tuple[bytes, bytes]:
    state = Session(listener, seen=(Position("listening-events", partition, 1, record_ms),))
    return listener.encode(), sessions.encode(state)


def test_the_last_lists_keep_the_listeners_served_last() -> None:
    lists = LastLists(most=3)
    for number in range(5):
        lists.put(f"listener-{number}", [RecommendedTrack(f"t{number}")])
    lists.put("listener-2", [RecommendedTrack("new")])
    lists.put("listener-9", [RecommendedTrack("t9")])
    kept = {name for name in (f"listener-{n}" for n in range(10)) if lists.get(name)}
    assert kept == {"listener-2", "listener-4", "listener-9"}


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
