"""Whoever puts plans into words, and how several plans are written at a time, in order.

Knows no particular writer: `templates.py` needs nobody, `endpoint.py` asks a language model.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Protocol

from segue.training.synthesis.plan import DialoguePlan


class Writer(Protocol):
    """Puts plans into words; `write` may be called from as many threads as `at_once` says."""

    @property
    def at_once(self) -> int:
        """How many plans may be written at the same time; at least 1."""

    def write(self, plan: DialoguePlan) -> tuple[str, ...]:
        """Return one utterance for each turn, none of them empty."""


def write_all(plans: Iterable[DialoguePlan], writer: Writer) -> Iterator[tuple[DialoguePlan, tuple[str, ...]]]:
    """Yield each plan with its utterances, in the order of the plans; no more than twice `at_once` are held."""
    if writer.at_once == 1:
        yield from ((plan, writer.write(plan)) for plan in plans)
        return
    plans = iter(plans)
    pool = ThreadPoolExecutor(writer.at_once, thread_name_prefix="writer")
    ahead: deque[tuple[DialoguePlan, Future[tuple[str, ...]]]] = deque()
    try:
        while True:
            for plan in islice(plans, 2 * writer.at_once - len(ahead)):
                ahead.append((plan, pool.submit(writer.write, plan)))
            if not ahead:
                return
            plan, written = ahead.popleft()
            yield plan, written.result()
    finally:
        pool.shutdown(cancel_futures=True)
