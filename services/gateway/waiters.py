"""Who waits for which answer: a bounded registry. Knows neither Kafka nor gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from segue.errors import RequestFailed
from segue.events import ChatTurn
from segue.recommendations import RecommendationList, RecommendationRequest
from services.gateway.metrics import WAITING

Future: TypeAlias = asyncio.Future[RecommendationList]


def name_of(message: RecommendationRequest | ChatTurn | RecommendationList) -> tuple[str, str]:
    """Return what a question and its answer have in common: the turn within its listener, else the request."""
    if turn_id := getattr(message, "turn_id", ""):
        return message.listener_id, turn_id
    return "", getattr(message, "request_id", "")


class Waiters:
    """The calls that wait for an answer, at most `most` at a time. Several may wait for the same one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: dict[tuple[str, str], list[Future]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @contextmanager
    def expect(self, question: RecommendationRequest | ChatTurn) -> Iterator[Future]:
        """Give the future of the question's answer, until the block ends. Raises RequestFailed when too many wait."""
        if self._count >= self._most:
            raise RequestFailed("RESOURCE_EXHAUSTED", f"{self._most} requests wait already; repeat this one later")
        name = name_of(question)
        future: Future = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(name, []).append(future)
        self._changed(1)
        try:
            yield future
        finally:
            self._waiting[name].remove(future)
            if not self._waiting[name]:
                del self._waiting[name]
            future.cancel()
            self._changed(-1)

    def resolve(self, answer: RecommendationList) -> bool:
        """Hand the answer to all who wait for it; False when nobody does, or no longer."""
        waiting = [future for future in self._waiting.get(name_of(answer), ()) if not future.done()]
        for future in waiting:
            future.set_result(answer)
        return bool(waiting)

    def _changed(self, by: int) -> None:
        self._count += by
        WAITING.set(self._count)
