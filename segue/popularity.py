"""The popular list: what to answer when the model cannot.

It lies in the checkpoint folder as `popular.jsonl`, most popular first, so it is there whatever else is down. Knows
filters, and nothing about sessions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path

from segue import wire
from segue.catalog import Track
from segue.errors import CheckpointError, MalformedMessage
from segue.events import Filters
from segue.recommendations import Reason, RecommendedTrack, ScorePart

POPULAR_FILE = "popular.jsonl"
POPULAR_TRACKS = 200


class Popularity:
    """A fixed list of popular tracks, most popular first."""

    def __init__(self, tracks: Iterable[Track]) -> None:
        self._tracks = tuple(tracks)

    @classmethod
    def load(cls, checkpoint: Path) -> Popularity:
        """Read the list of a checkpoint folder. Raises CheckpointError."""
        path = checkpoint / POPULAR_FILE
        try:
            return cls(wire.decode(line, Track) for line in path.read_bytes().splitlines())
        except (OSError, MalformedMessage) as error:
            raise CheckpointError(f"cannot read the popular list {path}: {error}") from error

    def top(self, count: int, filters: Filters, heard: Collection[str] = ()) -> tuple[RecommendedTrack, ...]:
        """Return at most `count` tracks that the filters allow."""
        excluded = {*filters.exclude_track_ids, *(heard if filters.exclude_heard else ())}
        artists: Counter[str] = Counter()
        chosen: list[RecommendedTrack] = []
        for rank, track in enumerate(self._tracks, start=1):
            if len(chosen) == count:
                break
            if track.track_id in excluded or (filters.exclude_explicit and track.explicit):
                continue
            if not track.plays_in(filters.market):
                continue
            if not set(track.artists).isdisjoint(filters.exclude_artists):
                continue
            if filters.max_per_artist and any(artists[name] >= filters.max_per_artist for name in track.artists):
                continue
            artists.update(track.artists)
            chosen.append(_recommended(track, rank))
        return tuple(chosen)


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
