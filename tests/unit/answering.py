"""Sessions' answering with fakes all around, for the tests of its answers and of its lanes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from segue import wire
from segue.catalog import Track
from segue.errors import InvalidMessage, RecommenderUnavailable
from segue.events import ReplyTo, SourceOffset
from segue.popularity import Popularity
from segue.ranking import Query, Ranking
from segue.recommendations import RecommendationCause, RecommendationList, RecommendedTrack
from segue.session import Offer, Session
from services.runtime.acknowledgement import OrderedAcknowledgement
from services.runtime.progress import Progress
from services.runtime.record import Record
from services.runtime.settings import Settings
from services.sessions.answering import Answering
from services.sessions.fallback import Fallback
from services.sessions.handlers import Task
from services.sessions.queue import WorkQueue

PATIENT = timedelta(seconds=30)
SOON = timedelta(milliseconds=80)


class Model:
    """Ranks one track for everyone, once `answers` is set; `down` makes it unavailable, `fails` for some listeners."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.answers.set()
        self.asked = asyncio.Event()
        self.down = False
        self.fails: dict[str, Exception] = {}
        self.batches: list[int] = []
        self.under_way = self.most_at_once = 0
        self.changed = asyncio.Condition()

    async def called(self, count: int) -> None:
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(lambda: len(self.batches) >= count)

    async def rank(self, queries: Sequence[Query], timeout: float) -> list[Ranking]:
        async with self.changed:
            self.batches.append(len(queries))
            self.under_way += 1
            self.most_at_once = max(self.most_at_once, self.under_way)
            self.changed.notify_all()
        try:
            return await self._rank(queries, timeout)
        finally:
            self.under_way -= 1

    async def _rank(self, queries: Sequence[Query], timeout: float) -> list[Ranking]:
        self.asked.set()
        if self.down:
            raise RecommenderUnavailable("the server is away")
        for query in queries:
            if error := self.fails.get(query.session.listener_id):
                raise error
        try:
            await asyncio.wait_for(self.answers.wait(), timeout)
        except TimeoutError as error:
            raise RecommenderUnavailable("late") from error
        return [Ranking((RecommendedTrack("ranked", "Ranked"),), model_version="model-1") for _ in queries]

    async def ready(self) -> bool:
        return not self.down


@dataclass
class Outbox:
    """What was written; `fails` says what a record for a listener's answer does instead."""

    sent: list[tuple[str, RecommendationList]] = field(default_factory=list)
    buried: list[tuple[Record, str]] = field(default_factory=list)
    fails: Callable[[RecommendationList], Exception | None] = lambda _answer: None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, topic: str, key: bytes | None, value: bytes | None, **where: Any) -> None:
        assert (topic, key is None, set(where)) in (("answers", True, {"partition"}), ("recommendations", False, set()))
        answer = wire.decode(value, RecommendationList)
        if error := self.fails(answer):
            raise error
        self.sent.append((topic, answer))
        self.changed.set()

    async def bury(self, record: Record, error: InvalidMessage) -> None:
        self.buried.append((record, error.reason))
        self.changed.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.sent) + len(self.buried) < count:
                self.changed.clear()
                await self.changed.wait()


class App:
    should_stop = False


class Bench:
    """Answering with fakes all around."""

    def __init__(self, **settings: Any) -> None:
        self.model = Model()
        self.outbox = Outbox()
        self.queue = WorkQueue(Progress())
        self.acknowledgement = OrderedAcknowledgement()
        self.acknowledged: list[int] = []
        self.written: dict[bytes, asyncio.Future[Any]] = {}
        self.offered: list[tuple[bytes, Offer]] = []
        self.writes: list[bytes] = []
        self.fallback = Fallback(Popularity([Track("popular", "Popular", ("Everybody",))]))
        self.answering = Answering(
            App(), Settings(**settings), self.queue, self.fallback, self.acknowledgement, self.outbox, self
        )

    def write(self, key: bytes) -> asyncio.Future[Any] | None:
        self.writes.append(key)
        return self.written.get(key)

    def offer(self, key: bytes, offer: Offer) -> None:
        self.offered.append((key, offer))

    def owe(self, task: Task) -> None:
        self.read(task)
        self.answering.put(task)

    def read(self, task: Task) -> None:
        for place in task.covers:
            self.acknowledgement.track(place, partial(self.acknowledged.append, place[2]))

    @asynccontextmanager
    async def running(self, behind: Callable[[], int] = lambda: 0) -> AsyncIterator[asyncio.Task[None]]:
        lanes = asyncio.gather(
            self.answering.answer_asked(self.model), self.answering.answer_listening(self.model, behind)
        )
        try:
            yield lanes  # type: ignore[misc]
        finally:
            lanes.cancel()
            await asyncio.gather(lanes, return_exceptions=True)

    async def acknowledged_all(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.acknowledged) < count:  # noqa: ASYNC110  an acknowledgement tells nobody
                await asyncio.sleep(0)

    async def idle(self, lanes: asyncio.Task[None]) -> None:
        """Return once both lanes have done what they can."""
        for _ in range(50):
            await asyncio.sleep(0)
        assert not lanes.done()

    @property
    def answers(self) -> list[RecommendationList]:
        return [answer for _, answer in self.outbox.sent]


def asked(offset: int = 0, listener: str = "ada", within: timedelta | None = PATIENT, **changes: Any) -> Task:
    reply_to = None if within is None else ReplyTo(1, f"call-{offset}", datetime.now(UTC) + within)
    source = SourceOffset("requests", 0, offset)
    value = f'{{"request_id": "request-{offset}"}}'.encode()
    record = Record("requests", 0, offset, 0, listener.encode(), value)
    task = Task(Session(listener), RecommendationCause.REQUEST, source, (record.place,), record, reply_to=reply_to)
    return msgspec.structs.replace(task, **changes)


def heard(offset: int = 0, listener: str = "ada") -> Task:
    source = SourceOffset("listening-events", 0, offset)
    record = Record("listening-events", 0, offset, 0, listener.encode(), b"{}")
    return Task(Session(listener), RecommendationCause.LISTENING, source, (record.place,), record)
