from __future__ import annotations

import asyncio
import time

from bench.asking import Asker, asking
from deploy.local import LocalStack
from segue.recommendations import RecommendationList

DEADLINE = 1.0
RECOVERY = 60.0


async def test_without_the_model_server_answers_come_in_time_and_degraded_and_recover(stack: LocalStack) -> None:
    async with asking(stack.config.kafka) as asker:
        whole = await asker.ask("ada", DEADLINE)
        assert not whole.degraded

        await asyncio.to_thread(stack.kill, "triton")
        for _ in range(5):
            began = time.monotonic()
            answer = await asker.ask("ada", DEADLINE)
            assert time.monotonic() - began < DEADLINE
            assert answer.degraded
            assert "model" in answer.degraded_reason
            assert answer.tracks, "the popular list is there whatever else is down"

        await asyncio.to_thread(stack.restart, "triton")
        assert not (await _recovered(asker)).degraded


async def _recovered(asker: Asker) -> RecommendationList:
    deadline = time.monotonic() + RECOVERY
    while (answer := await asker.ask("ada", DEADLINE)).degraded and time.monotonic() < deadline:  # noqa: ASYNC110  nothing tells
        await asyncio.sleep(0.2)
    return answer
