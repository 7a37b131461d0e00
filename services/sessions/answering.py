"""The two lanes to the recommender: what is owed is taken in batches, ranked, and emitted.

A call or two are under way in each lane at a time, and what comes in meanwhile is the next batch: batches grow with the
load. While a batch is written the next one is ranked. Turns and requests have a lane of their own, so that they wait
for no listening but the one short call that the model is at.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog
from aiokafka.errors import KafkaError

from segue import wire
from segue.errors import InvalidMessage, RecommenderFailed, RecommenderUnavailable, UnexpectedError, Violation
from segue.events import SourceOffset
from segue.ranking import Ranking
from segue.recommendations import RecommendationCause, RecommendationList
from segue.session import Offer
from services.runtime.acknowledgement import OrderedAcknowledgement
from services.runtime.changelog import Written
from services.runtime.emitter import Outbox
from services.runtime.recommender import Recommender
from services.runtime.settings import Settings
from services.runtime.topology import ANSWERS, RECOMMENDATIONS
from services.sessions import handlers, metrics
from services.sessions.fallback import Fallback
from services.sessions.handlers import Task
from services.sessions.pace import Pace
from services.sessions.queue import WorkQueue

log = structlog.get_logger()

# How long before a caller's deadline its answer must leave, in seconds: the way back through the log and the gateway.
WAY_BACK = 0.03
# How long a turn or request waits at most for the positions that it names, in seconds: it holds up its partition.
PATIENCE = 1.0
# While this many records wait to be read, reading goes before listening recommendations, which get coarser, but no
# batch of them is put off for longer than so many seconds.
BEHIND = 64
GIVE_WAY = 0.25
# Once nobody has asked for so long, in seconds, nobody is held up by listening: its batches are whole, and the model
# has the next call at hand when it is done with one.
QUIET = 1.0
# How many batches of a lane may be under way, from the model's call to the log's acknowledgement. A broker that is slow
# must not let answers gather in memory.
MOST_BATCHES = 4

PASSED = "the deadline had passed before the model was asked"
LOST = "the model does not answer"

# By the source of the task its ranking, or None and why.
Ranked = dict[SourceOffset, tuple[Ranking | None, str]]


class Running(Protocol):
    """Whatever says that the service stops."""

    @property
    def should_stop(self) -> bool:
        """Whether nothing more is to be begun."""


class States(Protocol):
    """Where listeners' states are kept."""

    def offer(self, key: bytes, offer: Offer) -> None:
        """Add what a turn is answered with to the listener's state."""

    def write(self, key: bytes) -> Written | None:
        """Write the listener's state; return what to await before anything that rests on it is acknowledged."""


class _Lane:
    """The batches of a lane that are under way, and the calls to the model among them."""

    def __init__(self, batches: asyncio.TaskGroup) -> None:
        self._batches = batches
        self._running: set[asyncio.Task[None]] = set()
        self._calls: set[asyncio.Future[Ranked]] = set()

    async def room(self) -> None:
        """Return once another batch may start."""
        while len(self._running) >= MOST_BATCHES:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)

    def start(self, batch: Coroutine[Any, Any, None]) -> None:
        """Let a batch run."""
        task = self._batches.create_task(_not_cancelled_from_within(batch))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def called(self, call: asyncio.Future[Ranked], most: int) -> None:
        """Count a call to the model, and return once fewer than `most` are under way."""
        self._calls.add(call)
        while len(self._calls) >= most:
            _, self._calls = await asyncio.wait(self._calls, return_when=asyncio.FIRST_COMPLETED)


async def _not_cancelled_from_within(batch: Coroutine[Any, Any, None]) -> None:
    """Run a batch; what is cancelled under its hands fails it, where a group of tasks would forget it."""
    try:
        await batch
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise RuntimeError("what a batch waited for was cancelled") from error


@asynccontextmanager
async def _lane() -> AsyncIterator[_Lane]:
    """A lane, in which a batch that fails ends the others; what is raised is the first failure."""
    try:
        async with asyncio.TaskGroup() as batches:
            yield _Lane(batches)
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


class Answering:
    """Gives the answers that the queue owes."""

    def __init__(
        self,
        app: Running,
        settings: Settings,
        queue: WorkQueue,
        fallback: Fallback,
        acknowledgement: OrderedAcknowledgement,
        emitter: Outbox,
        states: States,
    ) -> None:
        self._app = app
        self._settings = settings
        self._queue = queue
        self._fallback = fallback
        self._acknowledgement = acknowledgement
        self._emitter = emitter
        self._states = states
        self._model_version = ""
        self._token_version = ""
        self._assignment = 0
        self._pace = Pace(settings.max_batch)
        self._model_lost = False
        self._asked_at = -QUIET
        self._asked = asyncio.Event()
        self._heard = asyncio.Event()

    def put(self, task: Task) -> None:
        """Owe an answer."""
        if task.reply_to is not None and task.event_time is not None:
            metrics.REQUEST_AGE.set(time.time() - task.event_time.timestamp())
        self._queue.put(task, hold_until=time.monotonic() + _patience(task))
        if task.cause is RecommendationCause.LISTENING:
            self._heard.set()
        else:
            self._asked_at = time.monotonic()
            self._asked.set()

    def note_model(self, *, ready: bool) -> None:
        """Whether the model can answer; while it cannot it is not asked, so that nothing waits for its timeout."""
        self._model_lost = not ready

    def forget(self) -> None:
        """Partitions were assigned anew: what is owed or under way is read again, here or by another worker."""
        self._assignment += 1
        self._queue.forget()
        self._acknowledgement.forget()

    def is_full(self) -> bool:
        """Whether so much is owed that nothing more should be read."""
        return self._acknowledgement.is_full() or self._queue.is_full(
            self._settings.max_waiting, self._settings.max_pending
        )

    def release(self) -> None:
        """Look again at what waits for positions in the log."""
        self._queue.release(time.monotonic())
        if self._queue.depths["asked"]:
            self._asked.set()

    async def answer_asked(self, model: Recommender) -> None:
        """Answer turns and requests for as long as the app runs. Raises KafkaError when the log is away."""
        async with _lane() as lane:
            while not self._app.should_stop:
                await self._asked.wait()
                await lane.room()
                self._queue.release(time.monotonic())
                tasks = self._queue.take_asked(self._settings.max_batch)
                if not tasks:
                    self._asked.clear()
                    continue
                await self._answer(model, tasks, lane)

    async def answer_listening(self, model: Recommender, behind: Callable[[], int]) -> None:
        """Answer what was heard for as long as the app runs, giving way to reading while it is behind.

        Raises KafkaError when the log is away.
        """
        async with _lane() as lane:
            while not self._app.should_stop:
                await self._heard.wait()
                await lane.room()
                await self._give_way(behind)
                is_asked = time.monotonic() - self._asked_at < QUIET
                tasks = self._queue.take_listening(self._pace.size if is_asked else self._settings.max_batch)
                if not tasks:
                    self._heard.clear()
                    continue
                await self._answer(model, tasks, lane, calls=1 if is_asked else 2)

    async def _give_way(self, behind: Callable[[], int]) -> None:
        """Let reading go first while it is behind and may go on."""
        until = time.monotonic() + GIVE_WAY
        while behind() > BEHIND and time.monotonic() < until and not self.is_full():  # noqa: ASYNC110  Faust tells nobody
            await asyncio.sleep(GIVE_WAY / 25)

    async def _answer(self, model: Recommender, tasks: Sequence[Task], lane: _Lane, calls: int = 1) -> None:
        """Let each task have its answer from one call to the model, or in time without it.

        Returns once fewer than `calls` calls are under way.
        """
        call = asyncio.ensure_future(self._rank(model, [task for task in tasks if not task.session_only]))
        lane.start(self._give_all(tasks, call, self._assignment))
        await lane.called(call, calls)

    async def _give_all(self, tasks: Sequence[Task], call: asyncio.Future[Ranked], assignment: int) -> None:
        try:
            await asyncio.gather(*(self._give(task, call, assignment) for task in tasks))
        finally:
            call.cancel()

    async def _give(self, task: Task, call: asyncio.Future[Ranked], assignment: int) -> None:
        """Write the state, emit the answer, and once both are in the log acknowledge what the task covers.

        An answer that cannot be made or written costs a dead letter, and nobody else anything. A broker that is away
        is not the answer's fault: that ends the process, and what was not acknowledged is read again. Where partitions
        were assigned anew meanwhile, the state is no longer this one's to change, nor the record to acknowledge.
        """
        written: Written | None = None
        failed: InvalidMessage | None = None
        try:
            ranking, reason = (None, "") if task.session_only else await self._ranking(task, call)
            if assignment != self._assignment:
                return
            written = self._keep(task, ranking)
            answer = self._compose(task, ranking, reason)
            await self._emit(task, wire.encode(answer))
            metrics.note_answer(task.cause, answer.degraded, task.record.time_ms, task.event_time)
            log.debug("answered", recommendation_id=answer.recommendation_id, **task.names())
        except KafkaError:
            raise
        except InvalidMessage as error:
            failed = error
        except Exception as error:
            log.exception("answer failed", **task.names())
            failed = UnexpectedError(Violation("", f"{type(error).__name__}: {error}"))
        if failed is not None and assignment == self._assignment:
            written = written or self._keep(task, None)
            await self._bury(task, failed)
        if written is not None:
            await written
        if assignment == self._assignment:
            for place in task.covers:
                self._acknowledgement.done(place)

    def _keep(self, task: Task, ranking: Ranking | None) -> Written | None:
        """Write the listener's state, with what a turn is answered with."""
        key = task.listener_id.encode()
        if ranking is not None and (offer := handlers.offered(task, ranking)) is not None:
            self._states.offer(key, offer)
        return self._states.write(key)

    async def _rank(self, model: Recommender, tasks: Sequence[Task]) -> Ranked:
        """Return each task's ranking, or None and why. Where the model fails on a batch, each query is asked alone."""
        seconds = self._seconds(tasks)
        if seconds <= 0:
            return _without(tasks, PASSED)
        if self._model_lost:
            return _without(tasks, LOST)
        try:
            rankings = await self._call(model, tasks, seconds)
        except RecommenderFailed as error:
            log.warning("model failed", error=str(error)[:300], queries=len(tasks), first=tasks[0].names())
            if len(tasks) == 1:
                return _without(tasks, f"the model failed: {str(error)[:200]}")
            alone = await asyncio.gather(*(self._rank(model, [task]) for task in tasks))
            return {source: found for each in alone for source, found in each.items()}
        except RecommenderUnavailable as error:
            log.warning("model unavailable", error=str(error)[:300], queries=len(tasks), first=tasks[0].names())
            return _without(tasks, f"the model did not answer: {str(error)[:200]}")
        return {task.source: (ranking, "") for task, ranking in zip(tasks, rankings, strict=True)}

    async def _call(self, model: Recommender, tasks: Sequence[Task], seconds: float) -> list[Ranking]:
        """Return the model's rankings, and measure how long it took."""
        started = time.monotonic()
        outcome = "failed"
        metrics.MODEL_BATCH.observe(len(tasks))
        try:
            rankings = await model.rank([handlers.query(task) for task in tasks], timeout=seconds)
            outcome = "ok"
            if tasks[0].cause is RecommendationCause.LISTENING:
                self._pace.note(len(tasks), time.monotonic() - started)
        except RecommenderUnavailable as error:
            outcome = "failed" if isinstance(error, RecommenderFailed) else "unavailable"
            raise
        finally:
            metrics.MODEL_CALL.labels(outcome).observe(time.monotonic() - started)
        return rankings

    async def _ranking(self, task: Task, call: asyncio.Future[Ranked]) -> tuple[Ranking | None, str]:
        """Return the task's ranking, or None and why; by the task's own deadline, whatever the others' are."""
        left = _left(task)
        if left is not None and left <= 0:
            return None, PASSED
        try:
            async with asyncio.timeout(left):
                ranked = await asyncio.shield(call)
        except TimeoutError:
            return None, "the model did not answer before the deadline"
        return ranked[task.source]

    def _compose(self, task: Task, ranking: Ranking | None, reason: str) -> RecommendationList:
        now = datetime.now(UTC)
        if task.session_only:
            return handlers.session_answer(task, now)
        if ranking is None:
            log.warning("degraded", reason=reason, **task.names())
            last = self._fallback.last(task.listener_id)
            return handlers.degraded_answer(task, last, self._fallback.popular, reason, now)
        if ranking.is_offer and ranking.tracks:
            self._fallback.remember(task.listener_id, ranking.tracks)
        if self._model_version != ranking.model_version:
            self._model_version = ranking.model_version
            metrics.note_model(ranking.model_version)
        if self._token_version != ranking.token_version:
            self._token_version = ranking.token_version
            metrics.TOKEN_CHANGES.inc()
        return handlers.answer(task, ranking, now)

    async def _emit(self, task: Task, value: bytes) -> None:
        if task.reply_to is not None:
            await self._emitter.send(ANSWERS.name, None, value, partition=task.reply_to.partition)
        if task.reply_to is None or task.cause is RecommendationCause.CHAT:
            await self._emitter.send(RECOMMENDATIONS.name, task.listener_id.encode(), value)

    async def _bury(self, task: Task, error: InvalidMessage) -> None:
        await self._emitter.bury(task.record, error)
        metrics.DEAD_LETTERS.labels(task.record.topic, error.reason).inc()

    def _seconds(self, tasks: Sequence[Task]) -> float:
        """How long the model may take: until the last deadline, within the model's timeout."""
        most = self._settings.model_timeout.total_seconds()
        return max((min(most, most if left is None else left) for left in map(_left, tasks)), default=0.0)


def _without(tasks: Sequence[Task], reason: str) -> Ranked:
    return {task.source: (None, reason) for task in tasks}


def _left(task: Task) -> float | None:
    """How many seconds are left until the answer must leave; None where nobody waits."""
    if task.deadline is None:
        return None
    return (task.deadline - datetime.now(UTC)).total_seconds() - WAY_BACK


def _patience(task: Task) -> float:
    """How long an answer may wait for positions, in seconds: half of its time, and never long."""
    left = _left(task)
    return PATIENCE if left is None else max(0.0, min(PATIENCE, left / 2))
