"""The services' folds over a log of edits: what the stream would have published of each track by the end of a day.

A track's changes wait until somebody asks for it: their order and batches do not matter (`segue/cooccurrence`), so the
tokens are those of the service, bit for bit. Knows no arm and no model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from segue.catalog import Track, TrackCodes
from segue.cooccurrence import playlist as playlists
from segue.cooccurrence import track as tracks
from segue.cooccurrence.pairs import PairDelta
from segue.cooccurrence.playlist import Playlist
from segue.cooccurrence.track import TrackState
from segue.evaluation.live.edits import Batch, midnight
from segue.events import PlaylistAction, PlaylistEvent
from segue.session import FoldRules, to_ms
from segue.session import Position as At

EDITS, CATALOG = "playlist-events", "catalog"


class Stream:
    """Playlists and tracks as the folds keep them."""

    def __init__(self) -> None:
        self._playlists: dict[str, Playlist] = {}
        self._states: dict[str, TrackState] = {}
        self._waiting: defaultdict[str, list[PairDelta]] = defaultdict(list)
        self._touched_ms: dict[str, int] = {}
        self._offset = 0

    def fold(self, batch: Batch) -> set[str]:
        """Apply a batch, removals first, and return the tracks of which it changes something."""
        changed: set[str] = set()
        for event in self._events(batch):
            assert event.event_time is not None
            time_ms = to_ms(event.event_time)
            state = self._playlists.get(batch.playlist_id) or Playlist(batch.playlist_id)
            at = At(EDITS, 0, self._offset, time_ms)
            self._playlists[batch.playlist_id], deltas = playlists.apply(state, event, at, FoldRules())
            for delta in deltas:
                self._waiting[delta.track_id].append(delta)
                self._touched_ms[delta.track_id] = time_ms
                changed.add(delta.track_id)
        return changed

    def describe(self, track: Track, codes: TrackCodes) -> None:
        """Apply a catalogue entry, dated as the track's newest edit."""
        self._offset += 1
        at = At(CATALOG, 0, self._offset, self._touched_ms.get(track.track_id, 0))
        self._states[track.track_id] = tracks.describe(self.state(track.track_id), track, codes, at)

    def state(self, track_id: str) -> TrackState:
        """Return what is known of a track now."""
        before = self._states.get(track_id) or TrackState(track_id)
        if (deltas := self._waiting.pop(track_id, None)) is None:
            return before
        time_ms = self._touched_ms[track_id]
        at = At(EDITS, 0, self._offset, time_ms)
        self._states[track_id] = after = tracks.meet(before, tuple(deltas), at, time_ms)
        return after

    def _events(self, batch: Batch) -> Iterator[PlaylistEvent]:
        """Yield the batch's events a millisecond apart: the folds order events by time."""
        edits = [
            *((track_id, PlaylistAction.TRACK_REMOVED) for track_id in batch.removed),
            *((track_id, PlaylistAction.TRACK_ADDED) for track_id in batch.added),
        ]
        for place, (track_id, action) in enumerate(edits):
            self._offset += 1
            time = midnight(batch.day) + timedelta(milliseconds=place)
            yield PlaylistEvent(f"edit-{self._offset}", batch.playlist_id, action, track_id, time)
