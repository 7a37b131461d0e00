"""The recent edits of one playlist: a bounded state, and the fold that keeps it and says which pairs an edit changed.

The state is the newest `MAX_EDITS` edits by (event time, event id), and when the playlist was last deleted. While no
edit has fallen out, what the edits make together does not depend on the order in which they arrive. Pairs of edits that
fell out stay counted and only decay; from then on the state follows the log's order, which a partition keeps.
"""

from __future__ import annotations

import msgspec

from segue.cooccurrence.pairs import Entry, PairDelta, changes
from segue.errors import LateEvent, MalformedMessage, Violation
from segue.event_time import refuse_future, refuse_late
from segue.events import PlaylistAction, PlaylistEvent
from segue.session import FoldRules, Position, to_ms

MAX_EDITS = 64

Key = tuple[int, str]  # event time in Unix milliseconds, event id


class Edit(msgspec.Struct, frozen=True, array_like=True):
    """A track added or removed. `time_ms` is the event time in Unix milliseconds."""

    time_ms: int
    event_id: str
    track_id: str
    added: bool

    @property
    def key(self) -> Key:
        """What orders edits."""
        return self.time_ms, self.event_id


class Playlist(msgspec.Struct, frozen=True, array_like=True):
    """One playlist's state: edits oldest first, what was dropped and deleted, its name, and how far it was read."""

    playlist_id: str
    edits: tuple[Edit, ...] = ()
    # The newest edit that no longer has a place, and the newest deletion.
    dropped: Key | None = None
    deleted: Key | None = None
    named: tuple[int, str, str] | None = None  # when, by which event, the name
    newest_ms: int = 0
    seen: Position | None = None

    @property
    def name(self) -> str:
        """The playlist's newest name; empty before it is known."""
        return self.named[2] if self.named else ""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The tracks that are in the playlist as far as the edits tell, in the order they were added."""
        present: dict[str, Entry] = {}
        for edit in self.edits:
            present.pop(edit.track_id, None)
            if edit.added:
                present[edit.track_id] = Entry(edit.track_id, edit.time_ms)
        return tuple(present.values())


def apply(
    playlist: Playlist, event: PlaylistEvent, at: Position, rules: FoldRules
) -> tuple[Playlist, tuple[PairDelta, ...]]:
    """Return the playlist after one valid event read at this position, and what it changes for the tracks.

    The same event applied twice changes nothing. Raises FutureEvent when it is dated after its record, and LateEvent
    when it is older than the playlist's newest event by more than the lateness, or than all of MAX_EDITS newer edits.
    """
    if playlist.seen and playlist.seen.partition == at.partition and playlist.seen.offset >= at.offset:
        return playlist, ()
    assert event.event_time is not None, "validation comes before the fold"
    time_ms = to_ms(event.event_time)
    refuse_future(time_ms, at.record_ms, rules.clock_skew)
    if playlist.seen:
        refuse_late(time_ms, playlist.newest_ms, rules.lateness)
    newest_ms = max(time_ms, playlist.newest_ms) if playlist.seen else time_ms
    after = msgspec.structs.replace(_edited(playlist, event, time_ms), newest_ms=newest_ms, seen=at)
    return _bounded(after), changes(playlist.entries, after.entries)


def encode(playlist: Playlist) -> bytes:
    """Return the playlist as bytes, for the table."""
    return msgspec.msgpack.encode(playlist)


def decode(value: bytes) -> Playlist:
    """Return the playlist that the bytes hold. Raises MalformedMessage."""
    try:
        return msgspec.msgpack.decode(value, type=Playlist)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessage(Violation("playlist", str(error))) from error


def _edited(playlist: Playlist, event: PlaylistEvent, time_ms: int) -> Playlist:
    key = (time_ms, event.event_id)
    if event.action is PlaylistAction.DELETED:
        deleted = max(key, playlist.deleted or key)
        kept = tuple(edit for edit in playlist.edits if edit.key > deleted)
        return msgspec.structs.replace(playlist, edits=kept, deleted=deleted)
    if event.action in (PlaylistAction.CREATED, PlaylistAction.RENAMED):
        named = (*key, event.name)
        return msgspec.structs.replace(playlist, named=max(named, playlist.named or named))
    edit = Edit(time_ms, event.event_id, event.track_id, event.action is PlaylistAction.TRACK_ADDED)
    return _with_edit(playlist, edit)


def _with_edit(playlist: Playlist, edit: Edit) -> Playlist:
    before_deletion = playlist.deleted is not None and edit.key < playlist.deleted
    if before_deletion or any(known.event_id == edit.event_id for known in playlist.edits):
        return playlist
    if playlist.dropped is not None and edit.key <= playlist.dropped:
        raise LateEvent(Violation("event_time", f"lies before the {MAX_EDITS} newest edits of the playlist"))
    return msgspec.structs.replace(playlist, edits=tuple(sorted((*playlist.edits, edit), key=lambda known: known.key)))


def _bounded(playlist: Playlist) -> Playlist:
    if len(playlist.edits) <= MAX_EDITS:
        return playlist
    edits = playlist.edits[-MAX_EDITS:]
    dropped = max(playlist.edits[-MAX_EDITS - 1].key, playlist.dropped or (0, ""))
    return msgspec.structs.replace(playlist, edits=edits, dropped=dropped)
