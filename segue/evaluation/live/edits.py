"""Dated playlist edits as a log: what each playlist gained and lost on each day, in order, and every track's content.

Reads the schema of playlist archives (`playlist_id, track_id, action, date`, and on `added` also `title, artists,
album, length`; names beside it in `playlists.jsonl`), gzip or not. A day is the finest time there is: within it, rows
are in alphabetical order and tell nothing. Knows nothing about who predicts what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from segue import wire
from segue.catalog import Track, validate_track
from segue.dataset import Dataset, Playlist, PlaylistEntry, write_dataset
from segue.errors import DatasetError, InvalidMessage
from segue.events import id_violations
from segue.importers.playlist_archive import EditRow, PlaylistRow, track_of
from segue.jsonlines import Watch, read_lines, unwatched
from segue.printable import repaired

# Charts follow what is played, not what somebody chose: they are left out of what is predicted.
CHART_NAMES = ("Top 50", "Viral 50")
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one playlist gained and lost on one day, counted from 1970; nothing is in both."""

    day: int
    playlist_id: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EditLog:
    """Batches by day, then playlist; the tracks by id in the order in which they were first added; names by playlist.

    `first_days` tells on which day each track was first added, in the same order.
    """

    batches: Sequence[Batch]
    tracks: Mapping[str, Track]
    first_days: Sequence[int]
    names: Mapping[str, str] = field(default_factory=dict)

    def is_chart(self, playlist_id: str) -> bool:
        """Whether the playlist's name says that it is a chart; one without a known name is none."""
        name = self.names.get(playlist_id, "")
        return any(chart in name for chart in CHART_NAMES)

    def before(self, day: int) -> EditLog:
        """Return what the log told before a day."""
        kept = [row for row, first in enumerate(self.first_days) if first < day]
        tracks = dict(list(self.tracks.items())[: len(kept)])
        batches = [batch for batch in self.batches if batch.day < day]
        return EditLog(batches, tracks, self.first_days[: len(kept)], self.names)


def day_number(day: date) -> int:
    """Return a day as its number, counted from 1970."""
    return (day - EPOCH).days


def midnight(day: int) -> datetime:
    """Return the beginning of a numbered day, UTC."""
    return datetime.fromtimestamp(day * 86_400, UTC)


def read_log(
    train: Path, test: Path | None = None, names: Path | None = None, cut: date | None = None, watch: Watch = unwatched
) -> tuple[EditLog, int]:
    """Read one file, or two of which the second goes on where the first ends; return the log and the day of the cut.

    Without `cut`, a `test` file is cut at its own first day. Rows of `train` from that day on are left out: the test
    file tells that time. Raises DatasetError for files that cannot be read, bad rows, and a test that begins too early.
    """
    log = _Log()
    log.read(train, watch)
    if test is not None:
        later = _Log()
        later.read(test, watch)
        first = min(later.days, default=None)
        if first is None or first <= min(log.days, default=first):
            raise DatasetError(f"{test} must hold edits that are later than the first ones of {train}")
        log.follow(later, first)
        cut = cut or date.fromordinal(first + EPOCH.toordinal())
    assert cut is not None, "one file needs a cut"
    known = names or _beside(train) or (_beside(test) if test else None)
    return log.finished(_names(known) if known else {}), day_number(cut)


def write_training(log: EditLog, folder: Path) -> Dataset:
    """Write the log as a dataset folder, for training."""
    stays: dict[str, list[list[int | str | None]]] = {batch.playlist_id: [] for batch in log.batches}
    present: dict[tuple[str, str], list[int | str | None]] = {}
    for batch in log.batches:
        for track_id in batch.removed:
            if (stay := present.pop((batch.playlist_id, track_id), None)) is not None:
                stay[2] = batch.day
        for track_id in batch.added:
            stay = present[batch.playlist_id, track_id] = [track_id, batch.day, None]
            stays[batch.playlist_id].append(stay)
    playlists = (
        Playlist(playlist_id, log.names.get(playlist_id, ""), "", tuple(map(_entry, held)))
        for playlist_id, held in stays.items()
    )
    write_dataset(folder, log.tracks.values(), playlists)
    return Dataset.open(folder)


class _Log:
    """Days as the rows tell them, not yet in order."""

    def __init__(self) -> None:
        self.days: dict[int, dict[str, dict[str, int]]] = {}
        self._tracks: dict[str, Track] = {}

    def read(self, path: Path, watch: Watch) -> None:
        for number, line in watch(read_lines(path), path.name):
            try:
                self._take(wire.decode(line, EditRow))
            except InvalidMessage as error:
                raise DatasetError(f"{path}, line {number}: {error}") from error
        if not self.days:
            raise DatasetError(f"{path} holds no edit")

    def follow(self, later: _Log, first: int) -> None:
        """Go on with a later log from its first day."""
        self.days = {day: edits for day, edits in self.days.items() if day < first} | later.days
        self._tracks = later._tracks | self._tracks

    def finished(self, names: Mapping[str, str]) -> EditLog:
        batches: list[Batch] = []
        first_days: dict[str, int] = {}
        for day, playlists in sorted(self.days.items()):
            for playlist_id, changes in sorted(playlists.items()):
                added = tuple(track_id for track_id, change in changes.items() if change > 0)
                removed = tuple(track_id for track_id, change in changes.items() if change < 0)
                first_days |= {track_id: day for track_id in added if track_id not in first_days}
                batches += [Batch(day, playlist_id, added, removed)] if added or removed else []
        tracks = {track_id: self._tracks[track_id] for track_id in first_days}
        return EditLog(batches, tracks, tuple(first_days.values()), names)

    def _take(self, row: EditRow) -> None:
        for name, value in (("playlist_id", row.playlist_id), ("track_id", row.track_id)):
            if violations := tuple(id_violations(name, value)):
                raise InvalidMessage(*violations)
        if row.action == "added" and row.track_id not in self._tracks:
            self._tracks[row.track_id] = track = track_of(row)
            validate_track(track)
        changes = self.days.setdefault(day_number(row.date), {}).setdefault(row.playlist_id, {})
        # A row that leaves and comes back within a day is written anew for its place or title: no edit.
        changes[row.track_id] = changes.get(row.track_id, 0) + (1 if row.action == "added" else -1)


def _entry(stay: Sequence[int | str | None]) -> PlaylistEntry:
    track_id, added, removed = stay
    assert isinstance(track_id, str)
    assert isinstance(added, int)
    return PlaylistEntry(track_id, midnight(added), midnight(removed) if isinstance(removed, int) else None)


def _beside(path: Path) -> Path | None:
    there = (path.parent / name for name in ("playlists.jsonl.gz", "playlists.jsonl"))
    return next((each for each in there if each.is_file()), None)


def _names(path: Path) -> dict[str, str]:
    names: dict[str, str] = {}
    for number, line in read_lines(path):
        try:
            row = wire.decode(line, PlaylistRow)
        except InvalidMessage as error:
            raise DatasetError(f"{path}, line {number}: {error}") from error
        names[row.playlist_id] = repaired(row.name)
    return names
