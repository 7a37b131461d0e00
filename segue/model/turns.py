"""Requests and updates take turns in one interpreter: an update works in slices, each of them between two requests.

Beside each other they would share Python's one lock: a request gives it up with every operation of torch, and may wait
for it each time as long as the interpreter lets a thread run on (5 ms). Knows threads, not what they do.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

# How long a slice waits for a pause between requests, in seconds; under a load without pauses it goes on all the same.
PATIENCE = 0.05

# What a little of an update is done inside.
Turn = Callable[[], AbstractContextManager[object]]


class Turns:
    """Whose turn it is. A request waits for the end of one slice at most, and slices for the end of requests."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._turn = threading.Lock()
        # A lock alone would go to the slice that asks for it again before the request has woken up.
        self._nobody_asks = threading.Event()
        self._nobody_asks.set()

    @contextmanager
    def request(self) -> Iterator[None]:
        """Answer requests inside; one thread does."""
        self._nobody_asks.clear()
        try:
            with self._turn:
                yield
        finally:
            self._nobody_asks.set()

    @contextmanager
    def slice(self) -> Iterator[None]:
        """Do a little of an update inside: when no request is being answered, or patience is over."""
        mine = self._nobody_asks.wait(self._patience) and self._turn.acquire(timeout=self._patience)
        try:
            yield
        finally:
            if mine:
                self._turn.release()
