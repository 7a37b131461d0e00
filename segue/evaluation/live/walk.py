"""A log read day by day: what each day asks, before anybody has seen it; then the day is told.

All that playlists gained on a day is predicted from the end of the day before: dates are days, and the order of rows
within one is the alphabet's. Knows the log and those who are told, no arm.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from segue.evaluation.live.edits import Batch, EditLog
from segue.evaluation.live.history import History
from segue.evaluation.live.shelves import Question, Shelves
from segue.evaluation.live.stream import Stream


@dataclass(frozen=True, slots=True)
class Day:
    """One day's questions. Rows below `known` were in a playlist before it, the rest below `after` are new on it."""

    day: int
    known: int
    after: int
    questions: Sequence[Question]


@dataclass(slots=True)
class Walk:
    """A log while it is read once; `listeners` are told which tracks an edit changed something of.

    Without `stream` nothing is folded: enough for who looks at pairs and additions alone.
    """

    log: EditLog
    core: Collection[str]
    stream: Stream | None = None
    listeners: list[Callable[[set[str]], None]] = field(default_factory=list)
    shelves: Shelves = field(init=False)
    history: History = field(init=False)
    _next: int = 0

    def __post_init__(self) -> None:
        self.shelves = Shelves.of(self.log)
        self.history = History(len(self.log.tracks))

    def until(self, day: int) -> None:
        """Tell everything before a day that has not been told yet."""
        while self._next < len(self.log.batches) and self.log.batches[self._next].day < day:
            self._tell(self.log.batches[self._next])
            self._next += 1

    def days(self, first: int, last: int) -> Iterator[Day]:
        """Yield the days from `first` on and before `last` on which something is asked, each before it is told."""
        self.until(first)
        for day, batches in groupby(self.log.batches[self._next :], key=lambda batch: batch.day):
            if day >= last:
                break
            known, after = (int(np.searchsorted(self.log.first_days, each)) for each in (day, day + 1))
            asked = [
                self.shelves.question(batch, known)
                for batch in batches
                if batch.playlist_id in self.core and batch.added
            ]
            if asked:
                yield Day(day, known, after, asked)
            self.until(day + 1)
        self.until(last)

    def _tell(self, batch: Batch) -> None:
        before = self.shelves.standing(batch)
        self.history.put(batch.day, before, [self.shelves.rows[track_id] for track_id in batch.added])
        self.shelves.put(batch)
        if self.stream is not None:
            changed = self.stream.fold(batch)
            for listener in self.listeners:
                listener(changed)


def core_playlists(log: EditLog, cut: int) -> set[str]:
    """Return the playlists that existed at the cut and are no charts."""
    return {batch.playlist_id for batch in log.batches if batch.day < cut and not log.is_chart(batch.playlist_id)}
