"""The last list that each of the most recently served listeners got, for when the model cannot answer. Bounded.

Kept encoded: it is needed when the model is down, and takes a third of what it takes decoded.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from segue.recommendations import RecommendedTrack
from services.runtime.bounded import Bounded

# Some 10,000 lists of ten tracks with reasons.
MOST_BYTES = 32 << 20
# More are filled up from the popular list.
MOST_TRACKS = 20

_DECODER = msgspec.msgpack.Decoder(tuple[RecommendedTrack, ...])


class LastLists:
    """A bounded memory; it starts empty, and then the popular list answers."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._lists: Bounded[str, bytes] = Bounded(most_bytes)

    def get(self, listener_id: str) -> Sequence[RecommendedTrack]:
        """Return the listener's last list; empty when there is none."""
        encoded = self._lists.get(listener_id)
        return _DECODER.decode(encoded) if encoded else ()

    def put(self, listener_id: str, tracks: Sequence[RecommendedTrack]) -> None:
        """Remember the beginning of a list; the listeners served longest ago are forgotten."""
        encoded = msgspec.msgpack.encode(tracks[:MOST_TRACKS])
        self._lists.put(listener_id, encoded, len(encoded))

    def clear(self) -> None:
        """Forget every list."""
        self._lists.clear()
