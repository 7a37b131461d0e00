"""A coroutine that is begun at once behaves as one that a task runs."""

from __future__ import annotations

import asyncio

import pytest

from services.runtime.begun import begin


async def test_what_ends_without_waiting_has_ended_when_begin_returns() -> None:
    done: list[str] = []

    async def at_once() -> None:
        done.append("done")

    assert begin(at_once()) is None
    assert done == ["done"]


async def test_what_waits_goes_on_where_it_was_in_whatever_task_awaits_it() -> None:
    gate, steps = asyncio.Event(), ["begun"]

    async def waits() -> None:
        steps.append("before")
        await gate.wait()
        await asyncio.sleep(0)
        steps.append("after")

    left = begin(waits())
    assert left is not None
    assert steps == ["begun", "before"]
    rest = asyncio.ensure_future(left)
    await asyncio.sleep(0)
    gate.set()
    await rest
    assert steps == ["begun", "before", "after"]


@pytest.mark.parametrize("waits", [False, True])
async def test_what_it_raises_is_raised(*, waits: bool) -> None:
    async def fails() -> None:
        if waits:
            await asyncio.sleep(0)
        raise KeyError("here")

    async def run() -> None:
        if (left := begin(fails())) is not None:
            await left

    with pytest.raises(KeyError, match="here"):
        await run()


async def test_cancelling_what_is_left_reaches_what_it_holds() -> None:
    freed = asyncio.Event()

    async def holds() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            freed.set()

    left = begin(holds())
    assert left is not None
    rest = asyncio.ensure_future(left)
    await asyncio.sleep(0)
    rest.cancel()
    with pytest.raises(asyncio.CancelledError):
        await rest
    assert freed.is_set()


async def test_a_wait_with_a_deadline_ends_whoever_awaits_it_by_then() -> None:
    async def waits_in_vain() -> str:
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0.01)
        except TimeoutError:
            return "in vain"
        return ""

    left = begin(waits_in_vain())
    assert left is not None
    async with asyncio.timeout(5):
        await left
    await asyncio.sleep(0)  # a cancellation of the task that began it would come here
