"""The two lanes to the recommender: what is owed is taken in batches, ranked, and emitted.

A call is under way in each lane at a time, and what comes in meanwhile is the next batch: batches grow with the load.
Turns and requests have a lane of their own, so that they never wait for listening.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import faust
import structlog

from segue import wire
from segue.errors import RecommenderUnavailable
from segue.events import SourceOffset
from segue.popularity import Popularity
from segue.ranking import Ranking
from segue.recommendations import RecommendationCause, RecommendationList
from services.runtime.acknowledgement import OrderedAcknowledgement
from services.runtime.emitter import Emitter
from services.runtime.recommender import Recommender
from services.runtime.settings import Settings
from services.runtime.topology import ANSWERS, RECOMMENDATIONS
from services.sessions import handlers, metrics
from services.sessions.handlers import Task
from services.sessions.last_lists import LastLists
from services.sessions.queue import WorkQueue

log = structlog.get_logger()

# How long before a caller's deadline its answer must leave, in seconds: the way back through the log and the gateway.
WAY_BACK = 0.03
# How long a turn or request without a deadline waits for the positions that it names, in seconds.
PATIENCE = 1.0
# While this many records wait to be read, reading goes before listening recommendations, which get coarser, but no
# batch of them is put off for longer than so many seconds.
BEHIND = 64
GIVE_WAY = 0.25


class Answering:
    """Gives the answers that the queue owes."""

    def __init__(
        self,
        app: faust.App,
        settings: Settings,
        queue: WorkQueue,
        popular: Popularity,
        acknowledgement: OrderedAcknowledgement,
        emitter: Emitter,
        write_state: Callable[[bytes], None],
    ) -> None:
        self._app = app
        self._settings = settings
        self._queue = queue
        self._popular = popular
        self._acknowledgement = acknowledgement
        self._emitter = emitter
        self._write_state = write_state
        self._last_lists = LastLists()
        self._versions = ("", "")
        self._asked = asyncio.Event()
        self._heard = asyncio.Event()

    def put(self, task: Task) -> None:
        """Owe an answer."""
        self._queue.put(task, hold_until=time.monotonic() + _patience(task))
        (self._heard if task.cause is RecommendationCause.LISTENING else self._asked).set()

    def is_full(self) -> bool:
        """Whether so much is owed that nothing more should be read."""
        return self._queue.is_full(self._settings.max_waiting, self._settings.max_pending)

    def release(self) -> None:
        """Look again at what waits for positions in the log."""
        self._queue.release(time.monotonic())
        if self._queue.depths["asked"]:
            self._asked.set()

    async def answer_asked(self, model: Recommender) -> None:
        """Answer turns and requests for as long as the app runs."""
        while not self._app.should_stop:
            await self._asked.wait()
            self._queue.release(time.monotonic())
            tasks = self._queue.take_asked(self._settings.max_batch)
            if not tasks:
                self._asked.clear()
                continue
            await self._answer(model, tasks)

    async def answer_listening(self, model: Recommender, behind: Callable[[], int]) -> None:
        """Answer what was heard for as long as the app runs, giving way to reading while it is behind."""
        while not self._app.should_stop:
            await self._heard.wait()
            await self._give_way(behind)
            tasks = self._queue.take_listening(self._settings.max_batch)
            if not tasks:
                self._heard.clear()
                continue
            await self._answer(model, tasks)

    async def _give_way(self, behind: Callable[[], int]) -> None:
        """Let reading go first while it is behind and may go on."""
        until = time.monotonic() + GIVE_WAY
        while behind() > BEHIND and time.monotonic() < until and not self.is_full():  # noqa: ASYNC110  Faust tells nobody
            await asyncio.sleep(GIVE_WAY / 25)

    async def _answer(self, model: Recommender, tasks: Sequence[Task]) -> None:
        """Answer the tasks with one call, write the states, emit, and acknowledge what the tasks cover."""
        rankings, reason = await self._rank(model, [task for task in tasks if not task.session_only])
        now = datetime.now(UTC)
        for listener_id in {task.listener_id for task in tasks}:
            self._write_state(listener_id.encode())
        answers = [self._compose(task, rankings.get(task.source), reason, now) for task in tasks]
        await asyncio.gather(*(self._emit(task, answer) for task, answer in zip(tasks, answers, strict=True)))

    async def _rank(self, model: Recommender, tasks: Sequence[Task]) -> tuple[dict[SourceOffset, Ranking], str]:
        """Return the rankings by the task's source, or none and why."""
        if not tasks:
            return {}, ""
        seconds = self._seconds_left(tasks)
        if seconds <= 0:
            return {}, "the deadline had passed before the model was asked"
        started = time.monotonic()
        outcome = "unavailable"
        metrics.MODEL_BATCH.observe(len(tasks))
        try:
            rankings = await model.rank([handlers.query(task) for task in tasks], timeout=seconds)
            outcome = "ok"
        except RecommenderUnavailable as error:
            log.warning("model unavailable", error=str(error)[:300], queries=len(tasks))
            return {}, f"the model did not answer: {str(error)[:200]}"
        finally:
            metrics.MODEL_CALL.labels(outcome).observe(time.monotonic() - started)
        return {task.source: ranking for task, ranking in zip(tasks, rankings, strict=True)}, ""

    def _compose(self, task: Task, ranking: Ranking | None, reason: str, now: datetime) -> RecommendationList:
        if task.session_only:
            return handlers.session_answer(task, now)
        if ranking is None:
            last = self._last_lists.get(task.listener_id)
            return handlers.degraded_answer(task, last, self._popular, reason, now)
        self._last_lists.put(task.listener_id, ranking.tracks)
        if self._versions != (ranking.model_version, ranking.token_version):
            self._versions = (ranking.model_version, ranking.token_version)
            metrics.note_versions(*self._versions)
        return handlers.answer(task, ranking, now)

    async def _emit(self, task: Task, answer: RecommendationList) -> None:
        value = wire.encode(answer)
        if task.reply_to is not None:
            await self._emitter.send(ANSWERS.name, None, value, partition=task.reply_to.partition)
        if task.reply_to is None or task.cause is RecommendationCause.CHAT:
            await self._emitter.send(RECOMMENDATIONS.name, task.listener_id.encode(), value)
        for place in task.covers:
            self._acknowledgement.done(place)
        metrics.note_answer(task.cause, answer.degraded, task.record_ms, task.event_time)

    def _seconds_left(self, tasks: Sequence[Task]) -> float:
        """How long the model may take: the nearest deadline that has not passed, within the model's timeout."""
        now = datetime.now(UTC)
        left = [(task.deadline - now).total_seconds() - WAY_BACK for task in tasks if task.deadline is not None]
        most = self._settings.model_timeout.total_seconds()
        still = [seconds for seconds in left if seconds > 0]
        return min([most, *still]) if still or len(left) < len(tasks) else 0.0


def _patience(task: Task) -> float:
    """How long an answer may wait for positions, in seconds: half of its time."""
    if task.deadline is None:
        return PATIENCE
    return max(0.0, (task.deadline - datetime.now(UTC)).total_seconds() / 2)
