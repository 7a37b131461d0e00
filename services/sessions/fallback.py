"""What is said when the model cannot: the listener's last list and the popular one, without tracks that are gone.

Told by the thread that follows the catalogue (`services/runtime/catalog.py`). Knows neither filters nor Kafka.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Sequence

from segue.catalog import Track
from segue.popularity import Popularity
from segue.recommendations import RecommendedTrack
from services.sessions.last_lists import LastLists

# Ids of removed tracks, some ten megabytes.
MOST_GONE = 100_000


class Fallback:
    """The two lists. A list from before a removal that is no longer remembered is forgotten with it."""

    def __init__(self, popular: Popularity, most_gone: int = MOST_GONE) -> None:
        self.popular = popular
        self._last_lists = LastLists()
        self._most_gone = most_gone
        # Longest gone first.
        self._gone: OrderedDict[str, None] = OrderedDict()
        self._forgets = False

    def __contains__(self, track_id: object) -> bool:
        """Whether it matters what the catalogue says of a track that is there."""
        return track_id in self.popular or track_id in self._gone

    def update(self, tracks: Sequence[Track], removed: Collection[str]) -> None:
        """Take over which tracks are there, and which are gone."""
        self.popular.update(tracks, removed)
        for track in tracks:
            self._gone.pop(track.track_id, None)
        self._gone.update(dict.fromkeys(removed))
        while len(self._gone) > self._most_gone:
            self._gone.popitem(last=False)
            self._forgets = True

    def remember(self, listener_id: str, tracks: Sequence[RecommendedTrack]) -> None:
        """Keep the beginning of what the model gave the listener last."""
        self._forget_lists()
        self._last_lists.put(listener_id, tracks)

    def last(self, listener_id: str) -> Sequence[RecommendedTrack]:
        """Return what is there of the listener's last list; empty when there is none."""
        self._forget_lists()
        return [track for track in self._last_lists.get(listener_id) if track.track_id not in self._gone]

    def _forget_lists(self) -> None:
        """Here, in the thread that uses the lists."""
        if self._forgets:
            self._forgets = False
            self._last_lists.clear()
