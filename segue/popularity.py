"""The popular list: what to answer when the model cannot.

It lies in the checkpoint folder as `popular.jsonl`, most popular first, so it is there whatever else is down. Knows
filters, and nothing about sessions, or how it is told what became of its tracks (`services/runtime/catalog.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from segue import wire
from segue.catalog import Track
from segue.errors import CheckpointError, MalformedMessage
from segue.events import Filters
from segue.recommendations import Reason, RecommendedTrack, ScorePart

POPULAR_FILE = "popular.jsonl"
POPULAR_TRACKS = 200


class Popularity:
    """Popular tracks, most popular first, as the checkpoint orders them and the catalogue describes them now.

    Made by one thread, read by another: what changes is swapped in whole.
    """

    def __init__(self, tracks: Iterable[Track]) -> None:
        self._tracks = tuple(tracks)
        self._ids = frozenset(track.track_id for track in self._tracks)
        self._gone: frozenset[str] = frozenset()

    @classmethod
    def load(cls, checkpoint: Path) -> Popularity:
        """Read the list of a checkpoint folder. Raises CheckpointError."""
        path = checkpoint / POPULAR_FILE
        try:
            return cls(wire.decode(line, Track) for line in path.read_bytes().splitlines())
        except (OSError, MalformedMessage) as error:
            raise CheckpointError(f"cannot read the popular list {path}: {error}") from error

    def __contains__(self, track_id: object) -> bool:
        """Whether the checkpoint's list names the track."""
        return track_id in self._ids

    def update(self, tracks: Iterable[Track], removed: Collection[str]) -> None:
        """Take over what the catalogue says of tracks, and which are gone; a track that comes back has its old rank."""
        news = {track.track_id: track for track in tracks if track.track_id in self}
        self._gone = self._gone.union(self._ids.intersection(removed)).difference(news)
        if news:
            self._tracks = tuple(news.get(track.track_id, track) for track in self._tracks)

    def top(
        self, count: int, filters: Filters, heard: Collection[str] = (), before: Sequence[RecommendedTrack] = ()
    ) -> tuple[RecommendedTrack, ...]:
        """Return at most `count` tracks that the filters allow, behind those that the list begins with already."""
        excluded = {*filters.exclude_track_ids, *(heard if filters.exclude_heard else ()), *self._gone}
        excluded.update(track.track_id for track in before)
        limit = ArtistLimit(filters.max_per_artist, before)
        chosen: list[RecommendedTrack] = []
        for rank, track in enumerate(self._tracks, start=1):
            if len(chosen) >= count:
                break
            if track.track_id in excluded or (filters.exclude_explicit and track.explicit):
                continue
            if not track.plays_in(filters.market):
                continue
            if set(track.artists).isdisjoint(filters.exclude_artists) and limit.takes(track.artists):
                chosen.append(_recommended(track, rank))
        return tuple(chosen)


class ArtistLimit:
    """How many tracks of each artist a list may hold; 0 is no limit."""

    def __init__(self, most: int, before: Iterable[RecommendedTrack] = ()) -> None:
        self._most = most
        self._artists = Counter(name for track in before for name in track.artists)

    def takes(self, artists: Collection[str]) -> bool:
        """Whether the list may hold one more track of these artists, which is then counted."""
        if self._most and any(self._artists[name] >= self._most for name in artists):
            return False
        self._artists.update(artists)
        return True


def _recommended(track: Track, rank: int) -> RecommendedTrack:
    score = 1.0 / rank
    return RecommendedTrack(
        track_id=track.track_id,
        title=track.title,
        artists=track.artists,
        score=score,
        parts=(ScorePart("popularity", score),),
        reasons=(Reason(text="Many listeners play it", part="popularity"),),
    )
