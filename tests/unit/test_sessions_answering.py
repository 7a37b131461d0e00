"""How answers are given: in time without the model, acknowledged last, dead-lettered where they cannot be given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError

from segue import wire
from segue.catalog import Track
from segue.errors import InvalidMessage, RecommenderFailed, RecommenderUnavailable, Violation
from segue.events import ReplyTo, SourceOffset
from segue.popularity import Popularity
from segue.ranking import Query, Ranking
from segue.recommendations import RecommendationCause, RecommendationList, RecommendedTrack
from segue.session import Offer, Session
from services.runtime.acknowledgement import OrderedAcknowledgement
from services.runtime.progress import Progress
from services.runtime.record import Record
from services.runtime.settings import Settings
from services.sessions.answering import MOST_BATCHES, Answering
from services.sessions.fallback import Fallback
from services.sessions.handlers import Task
from services.sessions.metrics import REQUEST_AGE
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


async def test_an_answer_goes_where_it_was_asked_for_and_a_recommendation_to_everyone() -> None:
    bench = Bench()
    bench.owe(asked())
    bench.owe(heard())
    bench.owe(asked(1, cause=RecommendationCause.CHAT, turn_id="turn"))
    async with bench.running():
        await bench.outbox.until(4)
    topics = sorted((topic, answer.cause.rsplit("_", 1)[-1]) for topic, answer in bench.outbox.sent)
    assert topics == [
        ("answers", "CHAT"),
        ("answers", "REQUEST"),
        ("recommendations", "CHAT"),
        ("recommendations", "LISTENING"),
    ]
    assert all(answer.tracks[0].track_id == "ranked" for answer in bench.answers)


async def test_a_late_model_costs_each_caller_no_more_than_its_own_deadline() -> None:
    bench = Bench(model_timeout=PATIENT)
    bench.model.answers.clear()
    bench.owe(asked(0, "hasty", within=SOON))
    bench.owe(asked(1, "patient"))
    async with bench.running():
        await bench.outbox.until(1)
        (hasty,) = bench.answers
        assert (hasty.listener_id, hasty.degraded) == ("hasty", True)
        assert hasty.tracks[0].track_id == "popular"
        bench.model.answers.set()
        await bench.outbox.until(2)
    assert (bench.answers[1].listener_id, bench.answers[1].degraded) == ("patient", False)


async def test_a_model_that_is_down_degrades_and_the_last_list_is_given_again() -> None:
    bench = Bench()
    async with bench.running():
        bench.owe(asked(0))
        await bench.outbox.until(1)
        bench.model.down = True
        bench.owe(asked(1))
        await bench.outbox.until(2)
    again = bench.answers[1]
    assert again.degraded
    assert "the server is away" in again.degraded_reason
    assert [track.track_id for track in again.tracks] == ["ranked", "popular"]


async def test_a_track_that_was_removed_is_in_no_list_that_is_given_without_the_model() -> None:
    bench = Bench()
    async with bench.running():
        bench.owe(asked(0))
        await bench.outbox.until(1)
        bench.model.down = True
        bench.fallback.update([], ["ranked"])
        bench.owe(asked(1))
        await bench.outbox.until(2)
        bench.fallback.update([Track("ranked", "Ranked")], ["popular"])
        bench.owe(asked(2))
        await bench.outbox.until(3)
    assert [[track.track_id for track in answer.tracks] for answer in bench.answers[1:]] == [["popular"], ["ranked"]]


async def test_a_query_that_the_model_fails_on_costs_no_other_its_ranking() -> None:
    bench = Bench()
    bench.model.fails["unlucky"] = RecommenderFailed("rank() raised")
    for offset, listener in enumerate(("ada", "unlucky", "bea")):
        bench.owe(asked(offset, listener))
    async with bench.running():
        await bench.acknowledged_all(3)
    assert bench.model.batches == [3, 1, 1, 1]
    reasons = {answer.listener_id: answer.degraded_reason for answer in bench.answers}
    assert reasons == {"ada": "", "unlucky": "the model failed: rank() raised", "bea": ""}


async def test_an_error_that_nobody_foresaw_is_a_dead_letter_with_the_state_written_and_ends_nothing() -> None:
    bench = Bench()
    bench.model.fails["unlucky"] = ValueError("a fault of ours")
    bench.owe(asked(0, "unlucky"))
    async with bench.running():
        await bench.acknowledged_all(1)
        bench.owe(asked(1, "ada"))
        await bench.acknowledged_all(2)
    assert [(record.offset, why) for record, why in bench.outbox.buried] == [(0, "internal")]
    assert bench.writes == [b"unlucky", b"ada"]
    assert [answer.listener_id for answer in bench.answers] == ["ada"]


async def test_the_model_is_not_asked_once_every_deadline_has_passed() -> None:
    bench = Bench()
    bench.owe(asked(within=timedelta(seconds=-1)))
    async with bench.running():
        await bench.outbox.until(1)
    assert bench.answers[0].degraded
    assert bench.model.batches == []


async def test_a_model_that_is_known_to_hang_is_not_waited_for_and_is_asked_again_once_it_answers() -> None:
    bench = Bench(model_timeout=PATIENT)
    bench.model.answers.clear()
    async with bench.running():
        bench.answering.note_model(ready=False)
        for offset in range(20):
            bench.owe(heard(offset, f"listener-{offset}"))
        await bench.outbox.until(20)
        assert all(answer.degraded for answer in bench.answers)
        assert bench.model.batches == []
        bench.answering.note_model(ready=True)
        bench.model.answers.set()
        bench.owe(asked(1))
        await bench.outbox.until(21)
    assert not bench.answers[-1].degraded


def test_a_gateway_whose_clock_is_ahead_shows_in_the_age_of_its_calls() -> None:
    bench = Bench()
    bench.answering.put(asked(event_time=datetime.now(UTC) + timedelta(seconds=5)))
    assert REQUEST_AGE._value.get() == pytest.approx(-5, abs=0.5)


async def test_a_session_is_answered_without_the_model() -> None:
    bench = Bench()
    bench.owe(asked(session_only=True))
    async with bench.running():
        await bench.outbox.until(1)
    assert bench.answers[0].session is not None
    assert bench.model.batches == []


async def test_batches_are_bounded() -> None:
    bench = Bench(max_batch=4)
    for offset in range(10):
        bench.owe(asked(offset, f"listener-{offset}"))
    async with bench.running():
        await bench.outbox.until(10)
    assert bench.model.batches == [4, 4, 2]


async def test_nothing_is_acknowledged_before_the_state_is_in_the_changelog() -> None:
    bench = Bench()
    written = bench.written[b"ada"] = asyncio.get_running_loop().create_future()
    bench.owe(asked())
    async with bench.running():
        await bench.outbox.until(1)
        await asyncio.sleep(0)
        assert bench.acknowledged == []
        written.set_result(None)
        await bench.acknowledged_all(1)


async def test_the_next_batch_is_ranked_while_one_is_written_but_not_without_end() -> None:
    bench = Bench(max_batch=1)
    for offset in range(MOST_BATCHES + 2):
        bench.written[f"listener-{offset}".encode()] = asyncio.get_running_loop().create_future()
        bench.owe(asked(offset, f"listener-{offset}"))
    async with bench.running():
        await bench.outbox.until(MOST_BATCHES)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await bench.outbox.until(MOST_BATCHES + 1)
        bench.written[b"listener-0"].set_result(None)
        await bench.outbox.until(MOST_BATCHES + 1)
        assert bench.acknowledged == [0]


async def test_a_changelog_that_cannot_be_written_ends_the_service_with_nothing_acknowledged() -> None:
    bench = Bench()
    written = bench.written[b"ada"] = asyncio.get_running_loop().create_future()
    written.set_exception(KafkaConnectionError())
    bench.owe(asked())
    async with bench.running() as lanes:
        with pytest.raises(KafkaError):
            await lanes
    assert bench.acknowledged == []


async def test_a_broker_that_is_away_ends_the_service_with_nothing_acknowledged_or_buried() -> None:
    bench = Bench()
    bench.outbox.fails = lambda _answer: KafkaConnectionError()
    bench.owe(asked())
    async with bench.running() as lanes:
        with pytest.raises(KafkaError):
            await lanes
    assert bench.acknowledged == []
    assert bench.outbox.buried == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [(InvalidMessage(Violation("", "too large")), "invalid"), (ValueError("a fault of ours"), "internal")],
)
async def test_an_answer_that_cannot_be_given_is_a_dead_letter_and_costs_no_other_its_answer(
    error: Exception, reason: str
) -> None:
    bench = Bench()
    bench.outbox.fails = lambda answer: error if answer.listener_id == "unlucky" else None
    bench.owe(asked(0, "unlucky"))
    bench.owe(asked(1, "ada"))
    async with bench.running():
        await bench.acknowledged_all(2)
    assert [(record.place, why) for record, why in bench.outbox.buried] == [(("requests", 0, 0), reason)]
    assert [answer.listener_id for answer in bench.answers] == ["ada"]


async def test_what_was_asked_before_its_partition_was_revoked_changes_gives_and_acknowledges_nothing() -> None:
    bench = Bench()
    bench.model.answers.clear()
    bench.owe(asked(0, cause=RecommendationCause.CHAT, turn_id="turn", event_time=datetime.now(UTC)))
    async with bench.running() as lanes:
        await asyncio.wait_for(bench.model.asked.wait(), 5)
        bench.answering.forget()
        bench.read(asked(0))
        bench.model.answers.set()
        await bench.idle(lanes)
    assert (bench.offered, bench.writes, bench.answers, bench.acknowledged) == ([], [], [], [])


async def test_what_is_given_while_its_partition_is_revoked_acknowledges_nothing() -> None:
    bench = Bench()
    written = bench.written[b"ada"] = asyncio.get_running_loop().create_future()
    bench.owe(asked(0))
    async with bench.running() as lanes:
        await bench.outbox.until(1)
        bench.answering.forget()
        bench.read(asked(0))
        written.set_result(None)
        await bench.idle(lanes)
        assert bench.acknowledged == []
        bench.answering.put(asked(0))
        await bench.acknowledged_all(1)
    ids = {answer.recommendation_id for answer in bench.answers}
    assert ids == {"requests-0-0"}, "what is given twice carries one id"


async def test_one_recommendation_acknowledges_all_that_it_covers() -> None:
    bench = Bench()
    for offset in range(5):
        bench.owe(heard(offset))
    async with bench.running():
        await bench.acknowledged_all(5)
    assert len(bench.answers) == 1


async def test_listening_gives_way_to_reading_but_not_for_ever() -> None:
    bench = Bench()
    asked_how_far: list[None] = []

    def behind() -> int:
        asked_how_far.append(None)
        return 1_000_000

    bench.owe(heard())
    async with bench.running(behind):
        await bench.outbox.until(1)
    assert len(asked_how_far) > 1


async def test_the_model_has_the_next_listening_at_hand_while_nobody_asks_and_one_call_once_somebody_does() -> None:
    bench = Bench(max_batch=1)
    bench.model.answers.clear()
    for offset in range(4):
        bench.owe(heard(offset, f"listener-{offset}"))
    async with bench.running():
        await bench.model.called(2)
        bench.owe(asked(4))
        await bench.model.called(3)
        bench.model.answers.set()
        await bench.outbox.until(5)
    assert bench.model.most_at_once == 3, "two calls for listening, and the one that was asked"


async def test_listening_has_one_call_at_a_time_while_somebody_asks() -> None:
    bench = Bench(max_batch=1)
    bench.model.answers.clear()
    bench.owe(asked(0))
    for offset in range(1, 4):
        bench.owe(heard(offset, f"listener-{offset}"))
    async with bench.running():
        await bench.model.called(2)
        bench.model.answers.set()
        await bench.outbox.until(4)
    assert bench.model.most_at_once == 2, "the one that was asked, and one for listening"


async def test_too_much_under_way_stops_the_reading_whatever_the_queue_holds() -> None:
    bench = Bench()
    bench.acknowledgement = OrderedAcknowledgement(most=3)
    bench.answering._acknowledgement = bench.acknowledgement
    for offset in range(3):
        assert not bench.answering.is_full()
        bench.owe(heard(offset))
    assert bench.queue.depths["listening"] == 1
    assert bench.answering.is_full()


async def test_a_turns_list_is_kept_to_point_at_and_a_requests_is_not() -> None:
    bench = Bench()
    bench.owe(asked(1, cause=RecommendationCause.CHAT, turn_id="turn", event_time=datetime.now(UTC)))
    bench.owe(asked(2, event_time=datetime.now(UTC)))
    async with bench.running():
        await bench.outbox.until(3)
    assert [(key, offer.track_ids) for key, offer in bench.offered] == [(b"ada", ("ranked",))]
