"""Who may watch: so many at a time, and nobody is kept who left."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from segue.errors import RequestFailed
from services.gateway import feed as feeds
from services.gateway.feed import Feed
from services.runtime.settings import Settings


class Ends:
    """Every partition is empty."""

    reachable = True

    async def of(self, partitions: Any) -> dict[Any, int]:
        return dict.fromkeys(partitions, 0)


class Publisher:
    """Takes a moment to tell the partition, as for a topic whose metadata is not known yet."""

    async def partition_of(self, _topic: str, _key: bytes) -> int:
        await asyncio.sleep(0)
        return 0


def feed() -> Feed:
    ends: Any = Ends()
    publisher: Any = Publisher()
    return Feed(Settings(), ends, publisher)


async def watch(watched: Feed, listener_id: str, leave: asyncio.Event) -> None:
    async with watched.watching(listener_id):
        await leave.wait()


async def test_calls_that_come_together_are_no_more_than_may_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MAX_WATCHERS", 3)
    watched, leave = feed(), asyncio.Event()
    calls = [asyncio.ensure_future(watch(watched, f"listener-{number}", leave)) for number in range(10)]
    async with asyncio.timeout(5):
        while sum(call.done() for call in calls) < 7:
            await asyncio.wait([call for call in calls if not call.done()], return_when=asyncio.FIRST_COMPLETED)
    refused = [call.exception() for call in calls if call.done()]
    assert len(refused) == 7
    assert all(isinstance(error, RequestFailed) and error.status == "RESOURCE_EXHAUSTED" for error in refused)
    leave.set()
    await asyncio.gather(*calls, return_exceptions=True)
    assert watched._watchers == {}
    assert watched._next == {}
