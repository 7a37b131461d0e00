from __future__ import annotations

import asyncio
import os
import signal
import time

from bench.asking import Asker, asking
from bench.topic_log import producing
from deploy.local import LocalStack
from segue.recommendations import RecommendationList
from services.runtime.topology import CATALOG

DEADLINE = 1.0
RECOVERY = 60.0
# Within so many seconds a model server that hangs is known to; then nobody waits for it, in batches of eight.
KNOWN = 3.0
ASKED_AT_ONCE = 40
AT_ONCE = 1.5


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

        removed = answer.tracks[0].track_id
        async with producing(stack.config.kafka) as producer:
            await producer.send_and_wait(CATALOG.name, None, removed.encode())
        await asyncio.sleep(1.0)
        answer = await asker.ask("ada", DEADLINE)
        assert answer.degraded
        assert removed not in [track.track_id for track in answer.tracks]

        await asyncio.to_thread(stack.restart, "triton")
        assert not (await _recovered(asker)).degraded


async def test_a_model_server_that_hangs_is_waited_for_by_nobody_once_that_is_known(stack: LocalStack) -> None:
    async with asking(stack.config.kafka) as asker:
        assert not (await asker.ask("ada", DEADLINE)).degraded

        os.kill(stack.processes["triton"], signal.SIGSTOP)
        try:
            await asyncio.sleep(KNOWN)
            began = time.monotonic()
            answers = await asyncio.gather(*(asker.ask(f"listener-{number}", 30.0) for number in range(ASKED_AT_ONCE)))
            assert time.monotonic() - began < AT_ONCE
            assert all(answer.degraded for answer in answers)
        finally:
            os.kill(stack.processes["triton"], signal.SIGCONT)
        assert not (await _recovered(asker)).degraded


async def _recovered(asker: Asker) -> RecommendationList:
    deadline = time.monotonic() + RECOVERY
    while (answer := await asker.ask("ada", DEADLINE)).degraded and time.monotonic() < deadline:  # noqa: ASYNC110  nothing tells
        await asyncio.sleep(0.2)
    return answer
