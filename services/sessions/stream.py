"""The stream: records in, states in the table, answers out. Decides nothing; `handlers.py` does.

One agent reads all three session topics, so one writer owns a listener's state. A record is acknowledged once its state
is in the table's changelog and its answer is acknowledged by the broker, in offset order within its partition.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import faust
import structlog

from segue import session as sessions
from segue import wire
from segue.errors import InvalidMessage, RecommenderUnavailable
from segue.popularity import Popularity
from segue.ranking import Ranking
from segue.recommendations import RecommendationCause, RecommendationList
from services.runtime import stream
from services.runtime.acknowledgement import OrderedAcknowledgement
from services.runtime.health import Readiness
from services.runtime.recommender import Recommender
from services.runtime.record import Record
from services.runtime.settings import Settings
from services.runtime.topology import ANSWERS, DEAD_LETTER, RECOMMENDATIONS, SESSION_TOPICS
from services.sessions import handlers, metrics
from services.sessions.expiry import IdleSweep
from services.sessions.handlers import Accepted, Task
from services.sessions.last_lists import LastLists
from services.sessions.queue import Folded, WorkQueue
from services.sessions.table import SessionTable

log = structlog.get_logger()

SESSION_TOPIC_NAMES = frozenset(topic.name for topic in SESSION_TOPICS)

# How long before a caller's deadline its answer must leave, in seconds: the way back through the log and the gateway.
WAY_BACK = 0.03
# How long a turn or request without a deadline waits for the positions that it names, in seconds.
PATIENCE = 1.0
# While this many records wait to be read, reading goes before listening recommendations, which get coarser, but none
# is put off for longer than so many seconds.
BEHIND = 64
GIVE_WAY = 0.25
# How often what waits for positions is looked at again, in seconds.
TICK = 0.05


class SessionStream:
    """The service's one stream, its table, and the two lanes to the recommender."""

    def __init__(
        self,
        app: faust.App,
        settings: Settings,
        connect: Callable[[], Recommender],
        popular: Popularity,
        readiness: Readiness,
    ) -> None:
        self._app = app
        self._settings = settings
        self._rules = settings.fold_rules()
        self._connect = connect
        self._popular = popular
        self._readiness = readiness
        self._incoming = app.topic(*SESSION_TOPIC_NAMES, value_type=bytes)
        self._answers = app.topic(ANSWERS.name, value_type=bytes)
        self._recommendations = app.topic(RECOMMENDATIONS.name, value_type=bytes)
        self._dead_letters = app.topic(DEAD_LETTER.name, value_type=bytes)
        self._table = SessionTable(app, settings)
        self._folded = Folded()
        self._queue = WorkQueue(self._folded)
        self._acknowledgement = OrderedAcknowledgement()
        self._last_lists = LastLists()
        self._sweep = IdleSweep(self._rules)
        self._asked = asyncio.Event()
        self._heard = asyncio.Event()

    def attach(self) -> None:
        """Register the agent and the tasks with the app."""
        self._app.agent(self._incoming, name="sessions")(self._read)
        self._app.task(self._answer_asked)
        self._app.task(self._answer_listening)
        self._app.task(self._watch_model)
        self._app.timer(TICK)(self._release)
        self._app.timer(1.0)(self._measure)
        self._app.timer(60.0)(self._look_for_idle)
        self._app.on_partitions_revoked.connect(self._on_revoked)

    async def _read(self, incoming: faust.StreamT[Any]) -> None:
        async for event in incoming.noack().events():
            record = stream.record_of(event)  # listening-events/2/1044, key b"listener-17"
            self._acknowledgement.track(record.place, event.ack)
            self._note_start(record)
            known = self._table.get(record.key) if record.key else None
            outcome = handlers.take_in(record, known, self._rules)  # Accepted, or Refused with the reason
            if isinstance(outcome, Accepted):
                self._keep(outcome)
                metrics.EVENTS.labels(record.topic, "accepted").inc()
            else:
                await self._bury(record, outcome.error)
                metrics.EVENTS.labels(record.topic, outcome.error.reason).inc()
            self._folded.advance(record.place)
            self._forget_idle(record)
            await self._pause_when_full()

    def _keep(self, accepted: Accepted) -> None:
        task = accepted.task
        if accepted.changes_state:
            self._table.put(task.listener_id.encode(), task.session)
        self._queue.put(task, hold_until=time.monotonic() + self._patience(task))
        (self._heard if task.cause is RecommendationCause.LISTENING else self._asked).set()

    async def _bury(self, record: Record, error: InvalidMessage) -> None:
        await stream.bury(self._dead_letters, record, error)
        metrics.DEAD_LETTERS.labels(record.topic, error.reason).inc()
        self._acknowledgement.done(record.place)

    async def _answer_asked(self) -> None:
        model = self._connect()
        while not self._app.should_stop:
            await self._asked.wait()
            self._queue.release(time.monotonic())
            tasks = self._queue.take_asked(self._settings.max_batch)
            if not tasks:
                self._asked.clear()
                continue
            await self._answer(model, tasks)

    async def _answer_listening(self) -> None:
        model = self._connect()
        while not self._app.should_stop:
            await self._heard.wait()
            await self._give_way()
            tasks = self._queue.take_listening(self._settings.max_batch)
            if not tasks:
                self._heard.clear()
                continue
            await self._answer(model, tasks)

    async def _give_way(self) -> None:
        until = time.monotonic() + GIVE_WAY
        while sum(self._behind_by_partition().values()) > BEHIND and time.monotonic() < until:
            await asyncio.sleep(TICK / 5)

    async def _answer(self, model: Recommender, tasks: Sequence[Task]) -> None:
        """Answer the tasks with one call, emit, and acknowledge what they cover."""
        ranked = [task for task in tasks if not task.session_only]
        rankings, reason = await self._rank(model, ranked)
        now = datetime.now(UTC)
        answers = [self._compose(task, rankings.get(task.source), reason, now) for task in tasks]
        await asyncio.gather(*(self._emit(task, answer) for task, answer in zip(tasks, answers, strict=True)))

    async def _rank(self, model: Recommender, tasks: Sequence[Task]) -> tuple[dict[Any, Ranking], str]:
        """Return the rankings by the task's source, and why there is none."""
        seconds = self._seconds_left(tasks)
        if not tasks or seconds <= 0:
            return {}, "the deadline had passed before the model was asked"
        started = time.monotonic()
        outcome = "ok"
        metrics.MODEL_BATCH.observe(len(tasks))
        try:
            rankings = await model.rank([handlers.query(task) for task in tasks], timeout=seconds)
        except RecommenderUnavailable as error:
            outcome = "unavailable"
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
        metrics.MODEL_INFO.clear()
        metrics.MODEL_INFO.labels(ranking.model_version, ranking.token_version).set(1)
        return handlers.answer(task, ranking, now)

    async def _emit(self, task: Task, answer: RecommendationList) -> None:
        value = wire.encode(answer)
        if task.reply_to is not None:
            await stream.send(self._answers, None, value, partition=task.reply_to.partition)
        if task.reply_to is None or task.cause is RecommendationCause.CHAT:
            await stream.send(self._recommendations, task.listener_id.encode(), value)
        for place in task.covers:
            self._acknowledgement.done(place)
        self._measure_answer(task, answer)

    def _measure_answer(self, task: Task, answer: RecommendationList) -> None:
        cause = task.cause.removeprefix("RECOMMENDATION_CAUSE_").lower()
        metrics.RECOMMENDATIONS.labels(cause, "degraded" if answer.degraded else "ok").inc()
        now = time.time()
        metrics.LOG_AGE.labels(cause).observe(max(0.0, now - task.record_ms / 1_000))
        if task.event_time is not None:
            metrics.AGE.labels(cause).observe(max(0.0, now - task.event_time.timestamp()))

    def _patience(self, task: Task) -> float:
        if task.deadline is None:
            return PATIENCE
        return max(0.0, (task.deadline - datetime.now(UTC)).total_seconds() / 2)

    def _seconds_left(self, tasks: Sequence[Task]) -> float:
        """How long the model may take: the nearest deadline that has not passed, within the model's timeout."""
        now = datetime.now(UTC)
        left = [(task.deadline - now).total_seconds() - WAY_BACK for task in tasks if task.deadline is not None]
        most = self._settings.model_timeout.total_seconds()
        still = [seconds for seconds in left if seconds > 0]
        return min([most, *still]) if still or len(left) < len(tasks) else 0.0

    def _note_start(self, record: Record) -> None:
        """What lies before the first record read of a partition was folded earlier."""
        if not self._folded.knows((record.topic, record.partition)):
            self._folded.start((record.topic, record.partition), record.offset)

    async def _pause_when_full(self) -> None:
        """Read no further while too many turns and requests wait: the log keeps them, not this process's memory."""
        while sum(self._queue.depths[lane] for lane in ("asked", "held")) >= self._settings.max_waiting:
            await asyncio.sleep(TICK)

    def _forget_idle(self, record: Record) -> None:
        self._sweep.advance(record.partition, record.time_ms)
        for key in self._sweep.take(record.partition):
            session = self._table.get(key)
            if session and sessions.is_idle(session, record.time_ms, self._rules):
                self._table.delete(key)
                metrics.EXPIRED.inc()

    async def _look_for_idle(self) -> None:
        await self._sweep.scan(self._table.entries())

    async def _release(self) -> None:
        self._note_committed()
        self._queue.release(time.monotonic())
        if self._queue.depths["asked"]:
            self._asked.set()

    def _note_committed(self) -> None:
        """Before the first record of a partition is read, the committed offset says how far it was folded."""
        for partition in self._app.consumer.assignment():
            known = (partition.topic, partition.partition)
            # Faust shows the position before the first record nowhere else.
            committed = self._app.consumer._committed_offset.get(partition)  # noqa: SLF001
            if committed is not None and not self._folded.knows(known):
                self._folded.start(known, committed)

    async def _measure(self) -> None:
        for lane, depth in self._queue.depths.items():
            metrics.QUEUE_DEPTH.labels(lane).set(depth)
        metrics.UNDER_WAY.set(len(self._acknowledgement))
        for partition, behind in self._behind_by_partition().items():
            metrics.LAG.labels(*partition).set(behind)
        metrics.STATE_BYTES.set(stream.folder_bytes(self._settings.state))

    def _behind_by_partition(self) -> dict[tuple[str, int], int]:
        """How many records of each assigned partition wait to be read."""
        consumer = self._app.consumer
        behind = {}
        for at in consumer.assignment():
            if at.topic in SESSION_TOPIC_NAMES:
                known = (at.topic, at.partition)
                behind[known] = max(0, (consumer.highwater(at) or 0) - self._folded.next_offset(known))
        return behind

    async def _watch_model(self) -> None:
        model = self._connect()
        while not self._app.should_stop:
            if await model.ready():
                self._readiness.satisfied("model")
            else:
                self._readiness.lost("model", "the model server does not answer, or has not loaded the model")
            recovered = self._app.tables.recovery.completed.is_set() and bool(self._app.consumer.assignment())
            if recovered and not self._app.rebalancing:
                self._readiness.satisfied("partitions assigned and tables recovered")
            else:
                self._readiness.lost("partitions assigned and tables recovered", "rebalancing or recovering")
            await asyncio.sleep(0.25)

    async def _on_revoked(self, *_: object, **__: object) -> None:
        self._queue.forget()
        self._acknowledgement.forget()
        self._folded.forget()
        self._table.forget_decoded()
