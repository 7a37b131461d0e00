"""The stream: records in, states in the table, answers owed. Decides nothing; `handlers.py` does.

One agent reads all three session topics, so one writer owns a listener's state. A record is acknowledged once its state
is in the table's changelog and its answer is acknowledged by the broker, in offset order within its partition.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from segue import session as sessions
from services.runtime import stream
from services.runtime.acknowledgement import OrderedAcknowledgement
from services.runtime.commit import OrderedApp
from services.runtime.emitter import Emitter
from services.runtime.health import Readiness
from services.runtime.partitioner import by_key
from services.runtime.partitions import AssignedPartitions
from services.runtime.progress import Progress
from services.runtime.recommender import Recommender
from services.runtime.record import Record
from services.runtime.settings import Settings
from services.runtime.topology import SESSION_TOPICS
from services.sessions import handlers, metrics
from services.sessions.answering import Answering
from services.sessions.burials import Burials
from services.sessions.expiry import IdleSweep
from services.sessions.fallback import Fallback
from services.sessions.handlers import Accepted, Refused
from services.sessions.queue import WorkQueue
from services.sessions.table import SessionTable

MODEL = "model"

# How often what waits for positions in the log is looked at again, and how often the model is asked whether it is
# ready, in seconds.
TICK = 0.05
WATCH = 0.25
# How often idle listeners are looked for, in seconds; they were idle for days.
SWEEP = 600.0


class SessionStream:
    """The service's one stream and its table."""

    def __init__(
        self,
        app: OrderedApp,
        settings: Settings,
        connect: Callable[[], Recommender],
        fallback: Fallback,
        readiness: Readiness,
    ) -> None:
        self._app: Any = app
        self._settings = settings
        self._rules = settings.fold_rules()
        self._partition_of = by_key(settings.partitions)
        self._connect = connect
        self._readiness = readiness
        topics = [topic.name for topic in SESSION_TOPICS]
        self._incoming = app.topic(*topics, value_type=bytes)
        self._emitter = Emitter(settings, "segue-sessions")
        self._table = SessionTable(app, settings)
        self._progress = Progress(app.gaps)
        self._partitions = AssignedPartitions(app, topics, self._progress)
        self._queue = WorkQueue(self._progress)
        self._acknowledgement = OrderedAcknowledgement()
        self._burials = Burials(app.add_future, self._emitter, self._acknowledgement)
        self._answering = Answering(
            app, settings, self._queue, fallback, self._acknowledgement, self._emitter, self._table
        )
        self._sweep = IdleSweep(self._rules)

    def attach(self) -> None:
        """Register the agent and the tasks with the app."""
        self._app.agent(self._incoming, name="sessions")(self._read)
        for task in (self._answer_asked, self._answer_listening, self._watch_model):
            self._app.task(task)
        self._app.timer(TICK)(self._release)
        self._app.timer(1.0)(self._measure)
        self._app.timer(SWEEP)(self._look_for_idle)
        self._app.on_partitions_revoked.connect(self._on_revoked)
        self._app.on_before_shutdown.connect(self._emitter.stop)

    async def _read(self, incoming: Any) -> None:
        async for event in incoming.noack().events():
            record = stream.record_of(event)  # listening-events/2/1044, key b"listener-17"
            self._acknowledgement.track(record.place, event.ack, len(record.value or b""))
            outcome = self._outcome(record)  # Accepted, or Refused with the reason
            if isinstance(outcome, Accepted):
                self._keep(record, outcome, event)
            else:
                self._burials.begin(record, outcome.error)
            # Before anything is awaited: meanwhile the partition may be another worker's, or this one's anew.
            self._progress.advance(record.place)
            self._forget_idle(record)
            await self._pause_when_full()

    def _outcome(self, record: Record) -> Accepted | Refused:
        known = self._table.get(record.key) if record.key else None
        return handlers.take_in(record, known, self._rules, self._partition_of)

    def _keep(self, record: Record, accepted: Accepted, event: Any) -> None:
        task = accepted.task
        if accepted.changes_state:
            self._table.change(task.listener_id.encode(), task.session, event)
        self._answering.put(task)
        metrics.EVENTS.labels(record.topic, "accepted").inc()

    async def _pause_when_full(self) -> None:
        """Read no further while too much is owed: the log keeps the rest, not this process's memory."""
        while self._answering.is_full() or self._burials.is_full():  # noqa: ASYNC110  rare
            await asyncio.sleep(TICK)

    def _forget_idle(self, record: Record) -> None:
        self._sweep.advance(record.partition, record.time_ms)
        for key in self._sweep.take(record.partition):
            session = self._table.get(key)
            if session and sessions.is_idle(session, record.time_ms, self._rules):
                self._table.delete(key)
                metrics.EXPIRED.inc()

    async def _answer_asked(self) -> None:
        await self._answering.answer_asked(self._connect())

    async def _answer_listening(self) -> None:
        await self._answering.answer_listening(self._connect(), lambda: sum(self._partitions.unread().values()))

    async def _release(self) -> None:
        self._partitions.note_committed()
        self._answering.release()

    async def _measure(self) -> None:
        self._partitions.measure(self._settings.state)
        metrics.note_queue(self._queue.depths, len(self._acknowledgement))

    async def _look_for_idle(self) -> None:
        await self._sweep.scan(self._table.entries())

    async def _watch_model(self) -> None:
        model = self._connect()
        while not self._app.should_stop:
            ready = await model.ready()
            self._answering.note_model(ready=ready)
            if ready:
                self._readiness.satisfied(MODEL)
            else:
                self._readiness.lost(MODEL, "the model server does not answer, or has not loaded the model")
            self._partitions.tell(self._readiness)
            await asyncio.sleep(WATCH)

    async def _on_revoked(self, *_: object, **__: object) -> None:
        """What is under way is read again from the committed offset, here or by another worker."""
        self._answering.forget()
        self._progress.forget()
        self._table.forget_decoded()
        self._sweep.interrupt()
