"""Begins a coroutine at once, in the task that runs: what ends without waiting then costs no task of its own.

Python 3.12 has eager tasks for this.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from functools import partial
from types import coroutine
from typing import Any


def begin(begun: Coroutine[Any, Any, object]) -> Coroutine[Any, Any, None] | None:
    """Run a coroutine up to where it first waits; return what is left of it, None if it ended. Raises what it raises.

    It must not ask for the task that runs it: what is left may run in another.
    """
    try:
        waits_for = begun.send(None)
    except StopIteration:
        return None
    return _finished(begun, waits_for)


async def _finished(begun: Coroutine[Any, Any, object], waits_for: Any) -> None:
    await _rest(begun, waits_for)


@coroutine
def _rest(begun: Coroutine[Any, Any, object], waits_for: Any) -> Generator[Any, Any, None]:
    while True:
        step: Callable[[], Any]
        try:
            step = partial(begun.send, (yield waits_for))
        except BaseException as error:  # noqa: BLE001  cancellation too is the coroutine's to see
            step = partial(begun.throw, error)
        try:
            waits_for = step()
        except StopIteration:
            return
