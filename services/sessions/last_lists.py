"""The last list that each of the most recently served listeners got, for when the model cannot answer. Bounded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from segue.recommendations import RecommendedTrack

# About 40 MB when full: a list of ten tracks with reasons is some four kilobytes.
MOST_LISTENERS = 10_000


class LastLists:
    """A bounded memory; it starts empty, and then the popular list answers."""

    def __init__(self, most: int = MOST_LISTENERS) -> None:
        self._most = most
        self._lists: OrderedDict[str, Sequence[RecommendedTrack]] = OrderedDict()

    def get(self, listener_id: str) -> Sequence[RecommendedTrack]:
        """Return the listener's last list; empty when there is none."""
        return self._lists.get(listener_id, ())

    def put(self, listener_id: str, tracks: Sequence[RecommendedTrack]) -> None:
        """Remember a list; the listener served longest ago is forgotten."""
        self._lists[listener_id] = tracks
        self._lists.move_to_end(listener_id)
        if len(self._lists) > self._most:
            self._lists.popitem(last=False)
