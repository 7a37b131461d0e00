"""Starts a part again that ended unasked, as an engine's restart policy would: later each time, and not for ever.

Knows when to start what again; `stack.py` does it. Only the background supervisor uses it: for a demo or a benchmark, a
part that ends is an error.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deploy.local.stack import LocalStack
from segue.errors import StackError


@dataclass(frozen=True, slots=True)
class RestartRules:
    """The first pause in seconds, doubled each time up to the longest; at most `most` restarts in a window."""

    first_pause: float = 1.0
    longest_pause: float = 30.0
    most: int = 8
    window: float = 600.0


class Restarts:
    """Watches the parts of a running stack and starts them again."""

    def __init__(
        self, stack: LocalStack, rules: RestartRules | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stack = stack
        self._rules = rules or RestartRules()
        self._clock = clock
        self._made: dict[str, deque[float]] = defaultdict(deque)
        self._due: dict[str, float] = {}

    def look(self) -> Iterator[str]:
        """Notice what ended, start what is due, and yield one message for each thing that happened."""
        for name, message in self._stack.ended().items():
            yield message
            yield self._plan(name)
        for name in [name for name, due in self._due.items() if due <= self._clock()]:
            yield from self._start(name)
        yield from self._stack.look_for_ready()

    def _plan(self, name: str) -> str:
        made, rules = self._made[name], self._rules
        while made and made[0] <= self._clock() - rules.window:
            made.popleft()
        if len(made) >= rules.most:
            often = f"started again {len(made)} times within {rules.window:.0f} s"
            self._stack.explain(name, f"{often}, and no more; the end of {name}.log says why; `make down`, `make up`")
            return f"{name} was {often}; it stays down"
        pause = min(rules.longest_pause, rules.first_pause * 2 ** len(made))
        self._due[name] = self._clock() + pause
        self._stack.explain(name, f"starts again in {pause:.0f} s")
        return f"{name} starts again in {pause:.0f} s"

    def _start(self, name: str) -> Iterator[str]:
        del self._due[name]
        self._made[name].append(self._clock())
        times = len(self._made[name])
        try:
            self._stack.restart(name, wait=False)
        except StackError as error:
            yield str(error)
            yield self._plan(name)
        else:
            self._stack.explain(name, f"restarts within {self._rules.window:.0f} s: {times}")
            yield f"{name} was started again"
