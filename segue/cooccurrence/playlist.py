"""The recent edits of one playlist: a bounded state, and the fold that keeps it and says which pairs an edit changed.

Edits count in the order of (event time, event id), whatever the order in which they arrive. The list that they make is
that of the newest `WINDOW` of them; a track whose edit falls out keeps the pairs that it has then. The state holds all
edits that one within the lateness may still come before, and `WINDOW` older ones, so an edit that arrives late changes
what it would have changed in its place. Only of more than `MAX_EDITS` are the oldest dropped, and edits among them
refused.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import msgspec

from segue.cooccurrence.pairs import REACH, Entry, PairDelta, changes, pairs_of_first, summed
from segue.errors import LateEvent, MalformedMessage, Violation
from segue.event_time import refuse_future, refuse_late
from segue.events import PlaylistAction, PlaylistEvent
from segue.session import FoldRules, Position, to_ms

WINDOW = 64
MAX_EDITS = 1_024

Key = tuple[int, str]  # event time in Unix milliseconds, event id


class Edit(msgspec.Struct, frozen=True, array_like=True):
    """A track added or removed, or with no track all of them. `time_ms` is the event time in Unix milliseconds."""

    time_ms: int
    event_id: str
    track_id: str
    added: bool

    @property
    def key(self) -> Key:
        """What orders edits."""
        return self.time_ms, self.event_id


class Playlist(msgspec.Struct, frozen=True, array_like=True):
    """One playlist's state: edits oldest first, whether older ones were dropped, its name, and how far it was read."""

    playlist_id: str
    edits: tuple[Edit, ...] = ()
    dropped: bool = False
    named: tuple[int, str, str] | None = None  # when, by which event, the name
    newest_ms: int = 0
    seen: Position | None = None

    @property
    def name(self) -> str:
        """The playlist's newest name; empty before it is known."""
        return self.named[2] if self.named else ""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The tracks that are in the playlist as far as the newest edits tell, in the order they were added."""
        return _entries(self.edits[-WINDOW:])


def apply(
    playlist: Playlist, event: PlaylistEvent, at: Position, rules: FoldRules
) -> tuple[Playlist, tuple[PairDelta, ...]]:
    """Return the playlist after one valid event read at this position, and what it changes for the tracks.

    The same event applied twice changes nothing. Raises FutureEvent when it is dated after its record, and LateEvent
    when it is older than the playlist's newest event by more than the lateness, or comes among the oldest of MAX_EDITS.
    """
    if playlist.seen and playlist.seen.partition == at.partition and playlist.seen.offset >= at.offset:
        return playlist, ()
    assert event.event_time is not None, "validation comes before the fold"
    time_ms = to_ms(event.event_time)
    refuse_future(time_ms, at.record_ms, rules.clock_skew)
    if playlist.seen:
        refuse_late(time_ms, playlist.newest_ms, rules.lateness)
    newest_ms = max(time_ms, playlist.newest_ms) if playlist.seen else time_ms
    playlist = msgspec.structs.replace(playlist, newest_ms=newest_ms, seen=at)
    key = (time_ms, event.event_id)
    if event.action in (PlaylistAction.CREATED, PlaylistAction.RENAMED):
        named = (*key, event.name)
        return msgspec.structs.replace(playlist, named=max(named, playlist.named or named)), ()
    edit = Edit(*key, event.track_id, event.action is PlaylistAction.TRACK_ADDED)
    kept, deltas = _with_edit(playlist, edit, newest_ms - int(rules.lateness.total_seconds() * 1_000))
    return kept, tuple(_named(delta, playlist.playlist_id) for delta in deltas)


def encode(playlist: Playlist) -> bytes:
    """Return the playlist as bytes, for the table."""
    return msgspec.msgpack.encode(playlist)


def decode(value: bytes) -> Playlist:
    """Return the playlist that the bytes hold. Raises MalformedMessage."""
    try:
        return msgspec.msgpack.decode(value, type=Playlist)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessage(Violation("playlist", str(error))) from error


def _named(delta: PairDelta, playlist_id: str) -> PairDelta:
    return msgspec.structs.replace(delta, neighbour_id=playlist_id) if delta.of_playlist else delta


def _with_edit(playlist: Playlist, edit: Edit, open_ms: int) -> tuple[Playlist, tuple[PairDelta, ...]]:
    """Return the playlist with one edit more, and what that changes; others may still come from `open_ms` on."""
    before = playlist.edits
    if any(known.event_id == edit.event_id for known in before):
        return playlist, ()
    place = bisect_left(before, edit.key, key=lambda known: known.key)
    if playlist.dropped and place < WINDOW:
        raise LateEvent(Violation("event_time", f"lies before the {MAX_EDITS} newest edits of the playlist"))
    after = (*before[:place], edit, *before[place:])
    settled = bisect_left(after, open_ms, key=lambda known: known.time_ms)
    first = max(0, settled - WINDOW, len(after) - MAX_EDITS)
    kept = msgspec.structs.replace(playlist, edits=after[first:], dropped=playlist.dropped or first > 0)
    return kept, _difference(before, after, place)


def _difference(before: Sequence[Edit], after: Sequence[Edit], place: int) -> tuple[PairDelta, ...]:
    """Return what one more edit at a place changes: of the pairs of the list, and of those that fell out with edits."""
    newest = len(before)
    if place < newest - WINDOW:
        return summed(_fallen(after, place, place + WINDOW), _fallen(before, place, place + WINDOW - 1))
    # What the new list has one edit more than its window for falls out with the next edit.
    of_list = changes(_entries(before[-WINDOW:]), _entries(after[-WINDOW - 1 :]))
    if place == newest or newest <= WINDOW:
        return of_list
    return summed(_fallen(after, place, newest - 1), _fallen(before, place, newest - 1), of_list)


def _fallen(edits: Sequence[Edit], first: int, last: int) -> Iterator[tuple[tuple[str, str, int], int]]:
    """Yield the pairs that fall out of the list when edits of these places push out the ones WINDOW before them."""
    for pushing in range(max(first, WINDOW), last + 1):
        listed = _listed(edits[pushing - WINDOW : pushing + 1])
        if listed and listed[0] is edits[pushing - WINDOW]:
            yield from pairs_of_first([_entry(edit) for edit in listed[: REACH + 1]])


def _listed(edits: Sequence[Edit]) -> list[Edit]:
    """Return the edits that hold a track in the list, in the order in which they added it."""
    present: dict[str, Edit] = {}
    for edit in edits:
        present.pop(edit.track_id, None)
        if edit.added:
            present[edit.track_id] = edit
        elif not edit.track_id:
            present.clear()
    return list(present.values())


def _entries(edits: Sequence[Edit]) -> tuple[Entry, ...]:
    return tuple(map(_entry, _listed(edits)))


def _entry(edit: Edit) -> Entry:
    return Entry(edit.track_id, edit.time_ms)
