"""Asks a question over the log and awaits its answer: publish, wait, give up in time.

Knows the order of the steps; what a question is, and what to say when there is no answer, is in `handlers.py`.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from aiokafka import TopicPartition

from segue.errors import RequestFailed
from segue.events import ReplyTo, SourceOffset
from segue.recommendations import RecommendationList
from services.gateway.answers import Answers
from services.gateway.ends import NOT_REACHED, Ends
from services.gateway.handlers import Question, addressed
from services.gateway.publisher import Acknowledgement, Publisher, failure
from services.gateway.waiters import Waiters
from services.runtime.topology import CHAT_TURNS, LISTENING_EVENTS


class Desk:
    """Where questions are asked."""

    def __init__(self, publisher: Publisher, ends: Ends, answers: Answers, waiters: Waiters) -> None:
        self._publisher = publisher
        self._ends = ends
        self._answers = answers
        self._waiters = waiters

    async def ask(self, question: Question, request_id: str, patience: float) -> RecommendationList:
        """Return the answer, which has seen all that was in the log about the listener before.

        Raises RequestFailed: DEADLINE_EXCEEDED when the question lies in the log and no answer came within `patience`
        seconds, UNAVAILABLE when it could not be put there, RESOURCE_EXHAUSTED when too many questions wait.
        """
        if not self._ends.reachable:
            raise RequestFailed("UNAVAILABLE", NOT_REACHED)
        deadline = datetime.now(UTC) + timedelta(seconds=patience)
        acknowledgement: Acknowledgement | None = None
        with self._waiters.expect(question) as answer:
            try:
                async with asyncio.timeout(patience):
                    reply_to = ReplyTo(await self._answers.owned_partition(), request_id, deadline)
                    record = addressed(question, reply_to, await self._newest(question.listener_id.encode()))
                    acknowledgement = await self._publisher.send(record)
                    return await _first(answer, acknowledgement)
            except TimeoutError as error:
                raise _out_of_time(acknowledgement, patience) from error

    async def _newest(self, key: bytes) -> tuple[SourceOffset, ...]:
        """Return the newest position of each log that the answer must have seen, in the key's own partition."""
        partitions = [
            TopicPartition(topic.name, await self._publisher.partition_of(topic.name, key))
            for topic in (LISTENING_EVENTS, CHAT_TURNS)
        ]
        ends = await self._ends.of(partitions)
        return tuple(SourceOffset(at.topic, at.partition, end - 1) for at, end in ends.items() if end > 0)


async def _first(answer: asyncio.Future[RecommendationList], acknowledgement: Acknowledgement) -> RecommendationList:
    """Await the answer, which may come before the acknowledgement; without acknowledgement there will be none."""
    await asyncio.wait((answer, acknowledgement), return_when=asyncio.FIRST_COMPLETED)
    if not answer.done() and (error := failure(acknowledgement)):
        raise RequestFailed("UNAVAILABLE", f"the log cannot be written: {error}") from error
    return await answer


def _out_of_time(acknowledgement: Acknowledgement | None, patience: float) -> RequestFailed:
    if acknowledgement is None or not acknowledgement.done():
        return RequestFailed("UNAVAILABLE", f"the broker did not take the question within {patience:.2f} s")
    return RequestFailed("DEADLINE_EXCEEDED", f"no answer came within {patience:.2f} s")
