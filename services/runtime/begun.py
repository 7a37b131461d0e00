"""Begins a coroutine at once: what ends without waiting then costs no task and no turn of the event loop."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from types import coroutine
from typing import Any


def begin(begun: Coroutine[Any, Any, object]) -> Awaitable[object] | None:
    """Run a coroutine up to where it first waits; return what is left of it, None if it ended. Raises what it raises.

    From Python 3.12 on that is an eager task. Before, it runs in the task that is there, and what is left in whichever
    awaits it: it must not ask for the task that runs it.
    """
    if sys.version_info >= (3, 12):
        task = asyncio.Task(begun, loop=asyncio.get_running_loop(), eager_start=True)
        if not task.done():
            return task
        task.result()
        return None
    try:
        waits_for = begun.send(None)
    except StopIteration:
        return None
    return _finished(begun, waits_for)


async def _finished(begun: Coroutine[Any, Any, object], waits_for: Any) -> None:
    await _rest(begun, waits_for)


@coroutine
def _rest(begun: Coroutine[Any, Any, object], waits_for: Any) -> Generator[Any, Any, None]:
    """Hand everything on between the coroutine and who runs it, cancellation too."""
    while True:
        step: Callable[[], Any]
        try:
            step = partial(begun.send, (yield waits_for))
        except BaseException as error:  # noqa: BLE001  cancellation is the coroutine's to see, and raised from it
            step = partial(begun.throw, error)
        try:
            waits_for = step()
        except StopIteration:
            return
