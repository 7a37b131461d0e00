"""Asks the sessions service over the log, as a gateway does: a request in, its answer out of a partition of `answers`.

Knows the two topics; needs no gateway.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaProducer

from bench.topic_log import producing, reading
from segue import wire
from segue.errors import StackError
from segue.events import ReplyTo, SourceOffset
from segue.ids import new_id
from segue.recommendations import RecommendationList, RecommendationRequest, SessionSnapshot
from services.runtime.topology import ANSWERS, REQUESTS

# Nobody else's answers lie there in a stack without a gateway.
PARTITION = 0
AT_ONCE = 50


class Asker:
    """Sends requests and hands out their answers."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._waiting: dict[str, asyncio.Future[RecommendationList]] = {}
        # A worker that takes over may answer once more what another asker has asked.
        self._name = new_id()
        self._asked = 0

    async def ask(
        self,
        listener_id: str,
        deadline: float = 1.0,
        patience: float = 30.0,
        *,
        session_only: bool = False,
        after: tuple[SourceOffset, ...] = (),
    ) -> RecommendationList:
        """Return the answer to a request with a deadline in so many seconds, which has seen all up to `after`.

        Raises StackError when there is none after `patience` seconds more.
        """
        self._asked += 1
        request_id = f"{self._name}-{self._asked}"
        now = datetime.now(UTC)
        reply_to = ReplyTo(PARTITION, request_id, now + timedelta(seconds=deadline))
        request = RecommendationRequest(
            request_id, listener_id, event_time=now, reply_to=reply_to, session_only=session_only, after=after
        )
        waiting = self._waiting[request_id] = asyncio.get_running_loop().create_future()
        try:
            await self._producer.send_and_wait(REQUESTS.name, wire.encode(request), listener_id.encode())
            return await asyncio.wait_for(waiting, deadline + patience)
        except TimeoutError as error:
            raise StackError(f"no answer to a request for {listener_id} within {deadline + patience:.0f} s") from error
        finally:
            del self._waiting[request_id]

    async def sessions(self, listener_ids: Iterable[str]) -> dict[str, SessionSnapshot]:
        """Return the session of each listener. Raises StackError when one is not answered."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(listener_id: str) -> tuple[str, SessionSnapshot]:
            async with gate:
                answer = await self.ask(listener_id, session_only=True)
            return listener_id, answer.session or SessionSnapshot()

        return dict(await asyncio.gather(*map(one, listener_ids)))

    def answered(self, answer: RecommendationList) -> None:
        """An answer has arrived; one that nobody waits for is let go."""
        waiting = self._waiting.get(answer.request_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)


@asynccontextmanager
async def asking(kafka: str) -> AsyncIterator[Asker]:
    """Yield an asker for as long as the block runs."""
    async with producing(kafka) as producer, reading(kafka, ANSWERS.name, partition=PARTITION) as consumer:
        await consumer.seek_to_end()
        asker = Asker(producer)

        async def listen() -> None:
            async for message in consumer:
                asker.answered(wire.decode(message.value, RecommendationList))

        listening = asyncio.create_task(listen())
        try:
            yield asker
        finally:
            listening.cancel()
