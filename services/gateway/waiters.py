"""Who waits for which answer: a bounded registry by request id. Knows neither Kafka nor gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from segue.errors import RequestFailed
from segue.recommendations import RecommendationList
from services.gateway.metrics import WAITING


class Waiters:
    """The requests that wait for an answer, at most `most` at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: dict[str, asyncio.Future[RecommendationList]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @contextmanager
    def expect(self, request_id: str) -> Iterator[asyncio.Future[RecommendationList]]:
        """Give the future of a request's answer, until the block ends. Raises RequestFailed when too many wait."""
        if len(self._waiting) >= self._most:
            raise RequestFailed("RESOURCE_EXHAUSTED", f"{self._most} requests wait already; repeat this one later")
        future = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = future
        WAITING.set(len(self._waiting))
        try:
            yield future
        finally:
            del self._waiting[request_id]
            future.cancel()
            WAITING.set(len(self._waiting))

    def resolve(self, answer: RecommendationList) -> bool:
        """Hand the answer to whoever waits for it; False when nobody does, or no longer."""
        future = self._waiting.get(answer.request_id)
        if future is None or future.done():
            return False
        future.set_result(answer)
        return True
