"""Playlists as everybody sees them on a day: the tracks that stand in them, and those that they gained lately.

Knows rows and days: a track's row is its place among all tracks by their first addition, so that the tracks known on a
day are the first rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from segue.evaluation.live.edits import Batch, EditLog
from segue.evaluation.positions import MAX_CONTEXT
from segue.tokens.prompt import Moment

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every arm: a playlist on a day, and what it gained that day.

    `context` holds its newest additions before that day that still stand in it, oldest first; `inside` all its tracks,
    which are ruled out; `known` says how many tracks anybody knew, `wanted` the rows it gained, new ones last.
    """

    day: int
    playlist_id: str
    context: tuple[Moment, ...]
    inside: tuple[int, ...]
    known: int
    wanted: tuple[int, ...]

    @property
    def known_wanted(self) -> tuple[int, ...]:
        """The wanted rows that somebody knew."""
        return tuple(row for row in self.wanted if row < self.known)


@dataclass(slots=True)
class Shelves:
    """All playlists of a log while it is read, oldest first."""

    rows: Mapping[str, int]
    _inside: defaultdict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))

    @classmethod
    def of(cls, log: EditLog) -> Shelves:
        """Number the tracks."""
        return cls({track_id: row for row, track_id in enumerate(log.tracks)})

    def standing(self, batch: Batch) -> list[int]:
        """Return the rows that stand in the batch's playlist after its removals, the newest last."""
        removed = {self.rows[track_id] for track_id in batch.removed if track_id in self.rows}
        return [row for row in self._inside[batch.playlist_id] if row not in removed]

    def put(self, batch: Batch) -> None:
        """Apply a batch."""
        inside = self._inside[batch.playlist_id]
        for track_id in batch.removed:
            if track_id in self.rows:
                inside.pop(self.rows[track_id], None)
        for track_id in batch.added:
            inside.pop(self.rows[track_id], None)
            inside[self.rows[track_id]] = batch.day

    def question(self, batch: Batch, known: int) -> Question:
        """Return what the batch asks of arms that have seen what lies before it; `known` tracks have been added."""
        inside = self._inside[batch.playlist_id]
        newest = list(inside.items())[-MAX_CONTEXT:]
        return Question(
            day=batch.day,
            playlist_id=batch.playlist_id,
            context=tuple(Moment(day * DAY_MS, row) for row, day in newest),
            inside=tuple(inside),
            known=known,
            wanted=tuple(sorted(self.rows[track_id] for track_id in batch.added)),
        )
