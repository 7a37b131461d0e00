"""A playlist archive into a dataset folder: dated snapshots of public playlists, told as edits from day to day.

Reads `playlists.jsonl` (`playlist_id, name, description`) and `playlist_edits.jsonl` (`playlist_id, track_id, action,
date`, and on `added` also `title, artists, album, length`), gzip or not, edits in date order. Knows nothing about how
the dataset is used. The edits of all playlists are interleaved, so entries and tracks are held until the end, about 1
KB each.

A playlist holds a track as often as it was added more than removed. The archive writes a row anew when its title or
place changed: an addition and a removal of the same track on the same day are no edit, and are counted as `unchanged`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import msgspec

from segue.catalog import Track, validate_track
from segue.dataset import Playlist, PlaylistEntry, validate_playlist, write_dataset
from segue.errors import DatasetError, InvalidMessage, Violation
from segue.events import id_violations
from segue.importers.rows import BadRows, read, refuse_overwriting
from segue.jsonlines import Watch, unwatched
from segue.printable import repaired

LENGTH = re.compile(r"(?:(?:(\d{1,2}):)?(\d{1,2}):)?(\d{1,2})")


class PlaylistRow(msgspec.Struct, frozen=True):
    """A row of an archive's playlists."""

    playlist_id: str
    name: str = ""
    description: str = ""


class EditRow(msgspec.Struct, frozen=True):
    """A row of an archive's edits; the content of a track stands where it is added."""

    playlist_id: str
    track_id: str
    action: Literal["added", "removed"]
    date: date
    title: str = ""
    artists: tuple[str, ...] = ()
    album: str = ""
    length: str = ""


@dataclass(slots=True)
class ArchiveSummary:
    """What became of the rows: edits = additions + removals + unchanged + removals_unmatched + the skipped ones."""

    playlists: int = 0
    tracks: int = 0
    edits: int = 0
    additions: int = 0
    removals: int = 0
    # Rows of a track that left and came back within a day.
    unchanged: int = 0
    # Removals of a track that the playlist did not hold.
    removals_unmatched: int = 0
    skipped: int = 0
    complaints: list[str] = field(default_factory=list)


def import_playlist_archive(
    source: Path, out: Path, *, until: date | None = None, skip_bad: bool = False, watch: Watch = unwatched
) -> ArchiveSummary:
    """Read the archive's folder and write the dataset folder; with `until`, only the edits before that day.

    Raises DatasetError when a file is missing, and at a bad row unless they are to be skipped.
    """
    refuse_overwriting(source, out)
    bad = BadRows(skip=skip_bad)
    archive = _Archive()
    for playlist in read(_find(source, "playlists"), PlaylistRow, archive.check_playlist, bad, watch):
        archive.playlists[playlist.playlist_id] = playlist
    for edit in read(_find(source, "playlist_edits"), EditRow, archive.check_edit, bad, watch):
        if until is not None and edit.date >= until:
            break
        archive.fold(edit)
    archive.end_day()
    summary = archive.summary
    written = write_dataset(out, archive.tracks.values(), watch(archive.finished(), "writing playlists"))
    summary.playlists, summary.tracks = written["playlists"], written["catalog"]
    summary.edits += bad.count
    summary.skipped, summary.complaints = bad.count, bad.complaints
    return summary


def seconds(length: str) -> float:
    """Return a length such as 47, 3:07 or 1:02:03 in seconds. Raises InvalidMessage."""
    match = LENGTH.fullmatch(length)
    if match is None:
        raise InvalidMessage(Violation("length", f"is {length!r}; expected 47, 3:07 or 1:02:03"))
    hours, minutes, rest = (int(part or 0) for part in match.groups())
    return float(hours * 3_600 + minutes * 60 + rest)


@dataclass(slots=True)
class _Stay:
    track_id: str
    added: date
    removed: date | None = None


class _Archive:
    """The playlists as the edits read so far left them, and the edits of the current day, not yet folded in."""

    def __init__(self) -> None:
        self.playlists: dict[str, PlaylistRow] = {}
        self.tracks: dict[str, Track] = {}
        self.summary = ArchiveSummary()
        self._stays: dict[str, list[_Stay]] = {}
        self._open: dict[tuple[str, str], deque[_Stay]] = {}
        self._day = date.min
        self._today: dict[tuple[str, str], tuple[int, int]] = {}

    def check_playlist(self, row: PlaylistRow) -> PlaylistRow:
        validate_playlist(Playlist(row.playlist_id, repaired(row.name), row.description))
        if row.playlist_id in self.playlists:
            raise InvalidMessage(Violation("playlist_id", f"{row.playlist_id} is there twice"))
        return row

    def check_edit(self, row: EditRow) -> EditRow:
        if violations := tuple(id_violations("track_id", row.track_id)):
            raise InvalidMessage(*violations)
        if row.playlist_id not in self.playlists:
            raise InvalidMessage(Violation("playlist_id", f"{row.playlist_id} is not among the playlists"))
        if row.date < self._day:
            raise InvalidMessage(Violation("date", f"{row.date} comes after {self._day}; edits must be in date order"))
        if row.action == "added" and row.track_id not in self.tracks:
            validate_track(track_of(row))
        return row

    def fold(self, edit: EditRow) -> None:
        if edit.date > self._day:
            self.end_day()
            self._day = edit.date
        self.summary.edits += 1
        if edit.action == "added" and edit.track_id not in self.tracks:
            self.tracks[edit.track_id] = track_of(edit)
        key = (edit.playlist_id, edit.track_id)
        added, removed = self._today.get(key, (0, 0))
        self._today[key] = (added + 1, removed) if edit.action == "added" else (added, removed + 1)

    def end_day(self) -> None:
        """Fold in what the day changed for each track of each playlist, all in all."""
        for (playlist_id, track_id), (added, removed) in self._today.items():
            both = min(added, removed)
            self.summary.unchanged += 2 * both
            for _ in range(added - both):
                self._add(playlist_id, track_id)
            for _ in range(removed - both):
                self._remove(playlist_id, track_id)
        self._today.clear()

    def finished(self) -> Iterator[Playlist]:
        for row in self.playlists.values():
            entries = tuple(
                PlaylistEntry(stay.track_id, _midnight(stay.added), _midnight(stay.removed) if stay.removed else None)
                for stay in self._stays.get(row.playlist_id, ())
            )
            yield Playlist(row.playlist_id, repaired(row.name), row.description, entries)

    def _add(self, playlist_id: str, track_id: str) -> None:
        stay = _Stay(track_id, self._day)
        self._stays.setdefault(playlist_id, []).append(stay)
        self._open.setdefault((playlist_id, track_id), deque()).append(stay)
        self.summary.additions += 1

    def _remove(self, playlist_id: str, track_id: str) -> None:
        if held := self._open.get((playlist_id, track_id)):
            held.popleft().removed = self._day
            self.summary.removals += 1
        else:
            self.summary.removals_unmatched += 1


def track_of(row: EditRow) -> Track:
    """Return the track that a row adds. Raises InvalidMessage for a length that is none."""
    return Track(
        track_id=row.track_id,
        title=repaired(row.title),
        artists=tuple(map(repaired, row.artists)),
        album=repaired(row.album),
        duration_seconds=seconds(row.length) if row.length else 0.0,
    )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _find(source: Path, name: str) -> Path:
    for path in (source / f"{name}.jsonl", source / f"{name}.jsonl.gz"):
        if path.is_file():
            return path
    raise DatasetError(f"{source} is no playlist archive: it has neither {name}.jsonl nor {name}.jsonl.gz")
