"""Who may watch: so many at a time, and nobody is kept who left; and what they see: what is published from then on."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from segue import wire
from segue.errors import RequestFailed
from segue.recommendations import RecommendationList
from services.gateway import feed as feeds
from services.gateway.feed import Feed
from services.runtime.settings import Settings
from services.runtime.topology import RECOMMENDATIONS


class Ends:
    """Every partition holds as many records as said."""

    reachable = True

    def __init__(self, records: int = 0) -> None:
        self.records = records

    async def of(self, partitions: Any) -> dict[Any, int]:
        return dict.fromkeys(partitions, self.records)


class Publisher:
    """Takes a moment to tell the partition, as for a topic whose metadata is not known yet."""

    async def partition_of(self, _topic: str, _key: bytes) -> int:
        await asyncio.sleep(0)
        return 0


def feed(ends: Any = None) -> Feed:
    ends = ends or Ends()
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


async def test_a_watcher_sees_nothing_from_before_it_watched_though_the_consumer_is_behind() -> None:
    ends = Ends(records=5)
    watched = feed(ends)
    async with watched.watching("ada") as first:
        ends.records = 6
        async with watched.watching("ada") as second:
            for offset in (5, 6):
                watched._pass_on(published("ada", offset))
            assert [(await first.get()).recommendation_id for _ in range(2)] == ["list-5", "list-6"]
            assert (await second.get()).recommendation_id == "list-6"


def published(listener_id: str, offset: int) -> Any:
    value = wire.encode(RecommendationList(f"list-{offset}", listener_id))
    return SimpleNamespace(
        topic=RECOMMENDATIONS.name, partition=0, offset=offset, key=listener_id.encode(), value=value
    )
