"""The edits file of a playlist archive as the events that it tells of: every row is one, day by day.

Reads `playlist_edits.jsonl`, gzip or not, as a stream: a day's rows in memory at a time. Unlike
`playlist_archive.py`, which makes histories of it, this keeps rows that cancel out: a service hears of every edit.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import Literal

import msgspec

from segue.errors import InvalidMessage, Violation
from segue.events import PlaylistAction, PlaylistEvent, validate_playlist_event
from segue.importers.rows import BadRows, read
from segue.jsonlines import Watch, unwatched

_ACTIONS = {"added": PlaylistAction.TRACK_ADDED, "removed": PlaylistAction.TRACK_REMOVED}


class _Row(msgspec.Struct, frozen=True):
    playlist_id: str
    track_id: str
    action: Literal["added", "removed"]
    date: date


def edit_events(path: Path, *, skip_bad: bool = False, watch: Watch = unwatched) -> Iterator[PlaylistEvent]:
    """Yield an event for each row, day by day.

    The source looks at playlists once a day and does not order a day's edits: they follow each other by a millisecond
    from midnight UTC on, what a playlist lost before what it gained, so that a track whose row was only written anew is
    still there. Event ids are made from the row, so that a second replay repeats them. Raises DatasetError at a bad
    row, and at one whose day lies before that of the row above it; with `skip_bad` such rows are left out.
    """
    for day, rows in groupby(read(path, _Row, _Check(), BadRows(skip=skip_bad), watch), key=lambda row: row.date):
        yield from _of_day(day, rows)


class _Check:
    """Refuses rows that are no valid edits, or out of order."""

    def __init__(self) -> None:
        self._day = date.min

    def __call__(self, row: _Row) -> _Row:
        validate_playlist_event(_event(row, 0, _midnight(row.date)))
        if row.date < self._day:
            raise InvalidMessage(Violation("date", f"{row.date} comes after {self._day}; edits must be in date order"))
        self._day = row.date
        return row


def _of_day(day: date, rows: Iterable[_Row]) -> Iterator[PlaylistEvent]:
    by_playlist: defaultdict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        by_playlist[row.playlist_id].append(row)
    for own in by_playlist.values():
        occurrences: Counter[_Row] = Counter()
        for place, row in enumerate(sorted(own, key=lambda row: row.action == "added")):
            occurrences[row] += 1
            yield _event(row, occurrences[row], _midnight(day) + timedelta(milliseconds=place))


def _event(row: _Row, occurrence: int, time: datetime) -> PlaylistEvent:
    parts = (row.playlist_id, row.action, row.track_id, row.date, occurrence)
    event_id = blake2b("\n".join(map(str, parts)).encode(), digest_size=16).hexdigest()
    return PlaylistEvent(event_id, row.playlist_id, _ACTIONS[row.action], row.track_id, time)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
