"""Playlist edits as people make them: tracks added at the end, now and then one taken out. Drawn, the same every time.

Knows events; sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np

from segue.events import PlaylistAction, PlaylistEvent

# Of the real edits of 250 playlists every third was a removal (docs/datasets.md), most of a whole list at once.
REMOVED_SHARE = 0.2
# Popular tracks are added often: a track's chance falls with a power of its rank.
POWER = 1.5


def edits(track_ids: Sequence[str], playlists: int, count: int, started: datetime) -> Iterator[PlaylistEvent]:
    """Yield so many edits, of each playlist in turn, a millisecond apart from `started` on."""
    random = np.random.default_rng(11)
    drawn = (len(track_ids) * random.random(count) ** POWER).astype(int).tolist()
    removing = (random.random(count) < REMOVED_SHARE).tolist()
    held: list[list[str]] = [[] for _ in range(playlists)]
    for number in range(count):
        own = held[number % playlists]
        removed = own.pop(len(own) // 2) if removing[number] and own else ""
        if not removed:
            own.append(track_ids[drawn[number]])
        yield PlaylistEvent(
            event_id=f"edit-{number:07}",
            playlist_id=f"playlist-{number % playlists:04}",
            action=PlaylistAction.TRACK_REMOVED if removed else PlaylistAction.TRACK_ADDED,
            track_id=removed or own[-1],
            event_time=started + timedelta(milliseconds=number),
        )
