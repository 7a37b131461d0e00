"""A dataset folder: tracks, playlists, listening sessions and dialogues as JSON lines, read and written as streams.

Knows the files, their rows and what makes a row valid (`docs/datasets.md` is the reference). Knows nothing about where
rows come from (`segue/importers/`, `segue/world/`), nor how a folder becomes events (`segue/replay.py`) or a model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from segue.catalog import Track, validate_track
from segue.errors import DatasetError, InvalidMessage, Violation
from segue.events import (
    MAX_TEXT_LENGTH,
    ListeningAction,
    Message,
    Time,
    id_violations,
    length_violations,
    name_violations,
)
from segue.jsonlines import read_rows, write_rows

CATALOG = "catalog"
PLAYLISTS = "playlists"
SESSIONS = "sessions"
DIALOGUES = "dialogues"
KINDS = (CATALOG, PLAYLISTS, SESSIONS, DIALOGUES)

M = TypeVar("M", bound=Message)


class PlaylistEntry(Message, frozen=True):
    """One stay of a track in a playlist; without `added_at` it was always there, without `removed_at` it still is."""

    track_id: str = ""
    added_at: Time | None = None
    removed_at: Time | None = None

    def present_at(self, time: datetime) -> bool:
        """Whether the track was in the playlist at this time."""
        added = self.added_at is None or self.added_at <= time
        return added and (self.removed_at is None or time < self.removed_at)


class Playlist(Message, frozen=True):
    """A playlist and its entries in list order; a track that left and came back has two entries."""

    playlist_id: str = ""
    name: str = ""
    description: str = ""
    entries: tuple[PlaylistEntry, ...] = ()


class SessionRow(Message, frozen=True):
    """One thing done within a listening session. `position_seconds` is the position in the track, in seconds."""

    track_id: str = ""
    action: ListeningAction = ListeningAction.UNSPECIFIED
    event_time: Time | None = None
    position_seconds: float = 0.0


class ListeningSession(Message, frozen=True):
    """One sitting of one listener, oldest event first."""

    session_id: str = ""
    listener_id: str = ""
    events: tuple[SessionRow, ...] = ()


class DialogueTurn(Message, frozen=True):
    """One utterance, what it made the listener or the curator search for, what was liked of the answer, the reply."""

    text: str = ""
    searches: tuple[str, ...] = ()
    liked_track_ids: tuple[str, ...] = ()
    disliked_track_ids: tuple[str, ...] = ()
    recommended_track_ids: tuple[str, ...] = ()
    reply: str = ""


class Dialogue(Message, frozen=True):
    """A conversation in search of tracks; `goal_track_ids` is what the listener ended up with."""

    dialogue_id: str = ""
    listener_id: str = ""
    goal_track_ids: tuple[str, ...] = ()
    turns: tuple[DialogueTurn, ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """An opened folder: the path of each file that is there, by kind."""

    folder: Path
    files: dict[str, Path]

    @classmethod
    def open(cls, folder: Path | str) -> Dataset:
        """Find the files of the folder. Raises DatasetError that says what is missing or in doubt."""
        folder = Path(folder)
        if not folder.is_dir():
            raise DatasetError(f"{folder} is no dataset folder: there is no such directory")
        files = {kind: path for kind in KINDS if (path := _find(folder, kind)) is not None}
        if CATALOG not in files:
            raise DatasetError(f"{folder} is no dataset folder: it has neither catalog.jsonl nor catalog.jsonl.gz")
        return cls(folder, files)

    def tracks(self) -> Iterator[Track]:
        """Read the catalogue, a row in memory at a time. Raises DatasetError at the first bad row, as the others do."""
        return self._rows(CATALOG, Track, validate_track)

    def playlists(self) -> Iterator[Playlist]:
        """Read the playlists; none where the file is absent. Tracks need not be in the catalogue."""
        return self._rows(PLAYLISTS, Playlist, validate_playlist)

    def sessions(self) -> Iterator[ListeningSession]:
        """Read the listening sessions; none where the file is absent. Tracks need not be in the catalogue."""
        return self._rows(SESSIONS, ListeningSession, validate_session)

    def dialogues(self) -> Iterator[Dialogue]:
        """Read the dialogues; none where the file is absent. Tracks need not be in the catalogue."""
        return self._rows(DIALOGUES, Dialogue, validate_dialogue)

    def _rows(self, kind: str, row: type[M], validate: Callable[[M], None]) -> Iterator[M]:
        return read_rows(self.files[kind], row, validate) if kind in self.files else iter(())


def write_dataset(
    folder: Path | str,
    tracks: Iterable[Track],
    playlists: Iterable[Playlist] | None = None,
    sessions: Iterable[ListeningSession] | None = None,
    dialogues: Iterable[Dialogue] | None = None,
    *,
    compress: bool = True,
) -> dict[str, int]:
    """Write a dataset folder and return the number of rows of each file; None leaves a file out.

    Rows are streamed in the order playlists, sessions, dialogues, tracks, so that importers may collect tracks on the
    way. Nothing is visible under its final name before everything is written, and what an earlier dataset left in the
    folder is replaced. The same rows give the same bytes. Raises DatasetError when the folder cannot be written or a
    row is invalid.
    """
    folder = Path(folder)
    streams: dict[str, tuple[Iterable[Message] | None, Callable[..., None]]] = {
        PLAYLISTS: (playlists, validate_playlist),
        SESSIONS: (sessions, validate_session),
        DIALOGUES: (dialogues, validate_dialogue),
        CATALOG: (tracks, validate_track),
    }
    suffix = ".jsonl.gz" if compress else ".jsonl"
    written: dict[str, int] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            for kind, (rows, validate) in streams.items():
                if rows is not None:
                    written[kind] = write_rows(_partial(folder, kind), rows, validate, compress=compress)
            _publish(folder, written, suffix)
        finally:
            for kind in KINDS:
                _partial(folder, kind).unlink(missing_ok=True)
    except OSError as error:
        raise DatasetError(f"cannot write the dataset folder {folder}: {error}") from error
    return written


def validate_playlist(playlist: Playlist) -> None:
    """Raise InvalidMessage with every violation of the playlist."""
    violations = [
        *id_violations("playlist_id", playlist.playlist_id),
        *name_violations("name", playlist.name),
    ]
    for index, entry in enumerate(playlist.entries):
        violations += id_violations(f"entries[{index}].track_id", entry.track_id)
        if entry.added_at and entry.removed_at and entry.removed_at < entry.added_at:
            violations.append(Violation(f"entries[{index}].removed_at", "lies before added_at"))
    _refuse(violations)


def validate_session(session: ListeningSession) -> None:
    """Raise InvalidMessage with every violation of the session."""
    violations = [*id_violations("session_id", session.session_id), *id_violations("listener_id", session.listener_id)]
    for index, event in enumerate(session.events):
        violations += id_violations(f"events[{index}].track_id", event.track_id)
        if event.action is ListeningAction.UNSPECIFIED:
            violations.append(Violation(f"events[{index}].action", "is required"))
        if not 0.0 <= event.position_seconds <= 86_400.0:
            violations.append(
                Violation(f"events[{index}].position_seconds", f"is {event.position_seconds}; 0 to 86400")
            )
    _refuse(violations)


def validate_dialogue(dialogue: Dialogue) -> None:
    """Raise InvalidMessage with every violation of the dialogue."""
    violations = [*id_violations("dialogue_id", dialogue.dialogue_id)]
    for index, turn in enumerate(dialogue.turns):
        violations += length_violations(f"turns[{index}].text", turn.text, MAX_TEXT_LENGTH)
    _refuse(violations)


def _refuse(violations: list[Violation]) -> None:
    if violations:
        raise InvalidMessage(*violations)


def _find(folder: Path, kind: str) -> Path | None:
    found = [path for suffix in (".jsonl", ".jsonl.gz") if (path := folder / f"{kind}{suffix}").is_file()]
    if len(found) > 1:
        raise DatasetError(f"{folder} has both {found[0].name} and {found[1].name}; remove one of them")
    return found[0] if found else None


def _partial(folder: Path, kind: str) -> Path:
    return folder / f".{kind}.partial"


def _publish(folder: Path, written: dict[str, int], suffix: str) -> None:
    """Rename what was written, the catalogue last: without it the folder is no dataset yet."""
    for kind in reversed(KINDS):
        if kind in written:
            _partial(folder, kind).replace(folder / f"{kind}{suffix}")
        for stale in {".jsonl", ".jsonl.gz"} - ({suffix} if kind in written else set()):
            (folder / f"{kind}{stale}").unlink(missing_ok=True)
