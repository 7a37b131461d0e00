"""What is owed: the answers that wait for the model, and which come first.

Newest wins for listening: while a listener has a recommendation pending, further events only replace it, and the one
answer covers them all. A turn or a request is answered on its own, once the positions that it names were folded. Pure:
`answering.py` drives it.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque

import msgspec

from segue.recommendations import RecommendationCause
from segue.session import Session
from services.runtime.progress import Progress
from services.sessions.handlers import Task


class WorkQueue:
    """The owed answers, in two lanes: `asked` (turns and requests) and `listening`."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._listening: OrderedDict[str, Task] = OrderedDict()
        self._asked: deque[Task] = deque()
        self._held: list[tuple[float, Task]] = []
        # The newest state of each listener that has something in `_asked` or `_held`, and how much.
        self._newest: dict[str, Session] = {}
        self._asking: Counter[str] = Counter()

    def put(self, task: Task, hold_until: float) -> None:
        """Owe an answer. One that must wait for positions waits until `hold_until` at most, by the caller's clock."""
        if task.listener_id in self._newest or task.cause is not RecommendationCause.LISTENING:
            self._newest[task.listener_id] = task.session
        if task.cause is RecommendationCause.LISTENING:
            pending = self._listening.get(task.listener_id)
            covers = (*pending.covers, *task.covers) if pending else task.covers
            self._listening[task.listener_id] = msgspec.structs.replace(task, covers=covers)
            return
        self._asking[task.listener_id] += 1
        if self._progress.reached(task.after):
            self._asked.append(task)
        else:
            self._held.append((hold_until, task))

    def release(self, now: float) -> None:
        """Let go of what waited for positions that were folded meanwhile, or waited long enough."""
        held = []
        for hold_until, task in self._held:
            if now >= hold_until or self._progress.reached(task.after):
                self._asked.append(task)
            else:
                held.append((hold_until, task))
        self._held = held

    def take_asked(self, most: int) -> list[Task]:
        """Take the turns and requests that waited longest, each with its listener's newest state."""
        return [self._with_newest(self._asked.popleft()) for _ in range(min(most, len(self._asked)))]

    def take_listening(self, most: int) -> list[Task]:
        """Take the listeners whose recommendation waited longest."""
        return [self._listening.popitem(last=False)[1] for _ in range(min(most, len(self._listening)))]

    def forget(self) -> None:
        """Partitions were assigned anew: what is owed is read again from the committed offset."""
        for owed in (self._listening, self._asked, self._held, self._newest, self._asking):
            owed.clear()

    def is_full(self, most_asked: int, most_listening: int) -> bool:
        """Whether more turns and requests, or more listeners, wait than may."""
        return len(self._asked) + len(self._held) >= most_asked or len(self._listening) >= most_listening

    @property
    def depths(self) -> dict[str, int]:
        """How many answers each lane owes; `held` wait for positions."""
        return {"asked": len(self._asked), "held": len(self._held), "listening": len(self._listening)}

    def _with_newest(self, task: Task) -> Task:
        listener_id = task.listener_id
        newest = self._newest[listener_id]
        self._asking[listener_id] -= 1
        if not self._asking[listener_id]:
            del self._asking[listener_id], self._newest[listener_id]
        return msgspec.structs.replace(task, session=newest)
