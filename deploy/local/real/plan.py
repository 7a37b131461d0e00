"""What is replayed and what is held back: the end of every playlist that went on growing after the cut.

Pure: knows a dataset, sends nothing. What is held back is in nothing else: not in training, which ends at the cut, and
not in the edits and the catalogue that the plan replays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from segue.catalog import Track
from segue.dataset import Dataset, Playlist, PlaylistEntry
from segue.events import PlaylistAction, PlaylistEvent
from segue.replay import playlist_events

# Additions held back of a playlist, and tracks that its listener has heard before the first of them.
HELD_BACK = 5
HEARD = 10

# An edit as both an entry and an event name it.
_Edit = tuple[str, str, PlaylistAction, datetime]


@dataclass(frozen=True, slots=True)
class Walk:
    """One listener along one playlist: hears its last known tracks, asks before each held-back one, then hears it."""

    playlist_id: str
    name: str
    heard: tuple[str, ...]
    held_back: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The edits to replay, in order; what the catalogue gains with them; and the walks along what is held back.

    `known` are the ids of all tracks that were in a playlist before the cut or are in the replay: of no other one could
    anybody know.
    """

    edits: Sequence[PlaylistEvent]
    new_tracks: Sequence[Track]
    walks: Sequence[Walk]
    known: frozenset[str]

    @property
    def positions(self) -> int:
        """How many held-back tracks are asked for."""
        return sum(len(walk.held_back) for walk in self.walks)


def make_plan(dataset: Dataset, cut: datetime) -> Plan:
    """Plan what follows the cut. Raises DatasetError."""
    walks: list[Walk] = []
    held_back: set[_Edit] = set()
    before: set[str] = set()
    for playlist in dataset.playlists():
        before.update(entry.track_id for entry in playlist.entries if _added(entry) < cut)
        ending = _ending(playlist, cut)
        held_back.update(edit for entry in ending for edit in _edits(playlist, entry))
        if walk := _walk(playlist, ending):
            walks.append(walk)
    edits = tuple(_replayed(dataset, cut, held_back))
    replayed = {edit.track_id for edit in edits if edit.action is PlaylistAction.TRACK_ADDED}
    new = replayed - before
    return Plan(
        edits=edits,
        new_tracks=tuple(track for track in dataset.tracks() if track.track_id in new),
        walks=tuple(walks),
        known=frozenset(before | replayed),
    )


def _ending(playlist: Playlist, cut: datetime) -> list[PlaylistEntry]:
    """Return the playlist's last additions, if they came after the cut, in order."""
    return [entry for entry in _in_order(playlist) if _added(entry) >= cut][-HELD_BACK:]


def _walk(playlist: Playlist, ending: Sequence[PlaylistEntry]) -> Walk | None:
    """Return the walk up to and along the ending; None where nothing came before it or nothing new is in it."""
    if not ending:
        return None
    first = _added(ending[0])
    earlier = _in_order(playlist)
    earlier = earlier[: earlier.index(ending[0])]
    heard = [entry.track_id for entry in earlier if entry.present_at(first)][-HEARD:]
    # A track that came back has been heard already, so a listener who asks for unheard ones does not mean it.
    awaited = [track_id for track_id in dict.fromkeys(entry.track_id for entry in ending) if track_id not in heard]
    if not heard or not awaited:
        return None
    return Walk(playlist.playlist_id, playlist.name, tuple(heard), tuple(awaited))


def _replayed(dataset: Dataset, cut: datetime, held_back: set[_Edit]) -> Iterator[PlaylistEvent]:
    """Yield the edits from the cut on. Those of a day, which the source does not order, are a millisecond apart."""
    day, place = cut, 0
    for event in playlist_events(dataset):
        assert event.event_time is not None, "replayed edits are dated"
        if event.event_time < cut:
            continue
        if (event.playlist_id, event.track_id, event.action, event.event_time) in held_back:
            continue
        day, place = event.event_time, place + 1 if event.event_time == day else 0
        yield msgspec.structs.replace(event, event_time=day + timedelta(milliseconds=place))


def _edits(playlist: Playlist, entry: PlaylistEntry) -> Iterator[_Edit]:
    yield playlist.playlist_id, entry.track_id, PlaylistAction.TRACK_ADDED, _added(entry)
    if entry.removed_at is not None:
        yield playlist.playlist_id, entry.track_id, PlaylistAction.TRACK_REMOVED, entry.removed_at


def _in_order(playlist: Playlist) -> list[PlaylistEntry]:
    return sorted(playlist.entries, key=_added)  # of one day, in list order


def _added(entry: PlaylistEntry) -> datetime:
    assert entry.added_at is not None, "the importer dates every addition"
    return entry.added_at
