"""A whole log through the folds, in memory: what the service publishes for the same log, without a service.

Knows every playlist's and every track's state. Does not know how content is coded, nor where a log comes from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

import msgspec

from segue.catalog import Track, TrackCodes, TrackTokens
from segue.cooccurrence import playlist as playlists
from segue.cooccurrence import track as tracks
from segue.cooccurrence.clusters import FrozenClusters
from segue.cooccurrence.pairs import PairDelta
from segue.cooccurrence.playlist import Playlist
from segue.cooccurrence.track import TrackState
from segue.errors import LateEvent
from segue.events import PlaylistEvent
from segue.session import FoldRules, Position, to_ms


class Backtest:
    """The states after what was told so far. A history has no moments at which it was recorded: nothing is future."""

    def __init__(self, clusters: FrozenClusters, rules: FoldRules | None = None) -> None:
        self._clusters = clusters
        self._rules = rules or FoldRules()
        self._playlists: dict[str, Playlist] = {}
        self._tracks: dict[str, TrackState] = {}
        self._offsets = count()

    def edit(self, event: PlaylistEvent) -> bool:
        """Fold a valid edit; False for one that the service would refuse as late."""
        assert event.event_time is not None, "validation comes before the fold"
        time_ms = to_ms(event.event_time)
        at = Position("playlist-events", 0, next(self._offsets), time_ms)
        before = self._playlists.get(event.playlist_id, Playlist(event.playlist_id))
        try:
            self._playlists[event.playlist_id], deltas = playlists.apply(before, event, at, self._rules)
        except LateEvent:
            return False
        for track_id, own in _by_track(deltas).items():
            self._change(track_id, partial(tracks.meet, deltas=tuple(own), at=at, event_ms=time_ms))
        return True

    def describe(self, track: Track, codes: TrackCodes) -> None:
        """Fold a catalogue entry with the codes of its content."""
        at = Position("catalog", 0, next(self._offsets), 0)
        self._change(track.track_id, lambda state: tracks.describe(state, track, codes, at))

    def remove(self, track_id: str) -> None:
        """Fold a catalogue's tombstone."""
        at = Position("catalog", 0, next(self._offsets), 0)
        self._change(track_id, lambda state: tracks.remove(state, at))

    def tokens(self) -> Iterator[TrackTokens]:
        """Yield what is told of each track that anything is told of, by id; see `story`."""
        for _, state in sorted(self._tracks.items()):
            told = tracks.tokens(state, self._clusters)
            if (told := story(told)) is not None:
                yield told

    def _change(self, track_id: str, change: Callable[[TrackState], TrackState]) -> None:
        self._tracks[track_id] = change(self._tracks.get(track_id, TrackState(track_id)))


def story(tokens: TrackTokens | None) -> TrackTokens | None:
    """Return the part of a track's tokens that depends on what happened alone: content, codes, company.

    How often it was told, from which offsets and as of when depends on the order and the partitions. None for a track
    that was removed, and for one of which nothing is known, since whether that is told depends on the order too.
    """
    if tokens is None or not (tokens.track or tokens.neighbours or tokens.shelves):
        return None
    return msgspec.structs.replace(tokens, version=0, seen=(), event_time=None)


def _by_track(deltas: tuple[PairDelta, ...]) -> dict[str, list[PairDelta]]:
    found: defaultdict[str, list[PairDelta]] = defaultdict(list)
    for delta in deltas:
        found[delta.track_id].append(delta)
    return found
