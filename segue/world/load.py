"""A load of listening events without end, for benchmarks and the demo: many listeners at once, over any catalogue.

The event of a number is a pure function of seed and number, so that what was sent can be computed again afterwards.
Knows track ids and no time: the caller says when an event happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import blake2b

from segue.events import ListeningAction, ListeningEvent

# A listener stays among this many tracks around a favourite, and strays once in STRAY plays.
NEIGHBOURHOOD = 20
STRAY = 8
# Ends of a play by how often they happen, in twelfths.
ENDS = (
    *[ListeningAction.PLAY_FINISHED] * 7,
    *[ListeningAction.PLAY_SKIPPED] * 3,
    ListeningAction.LIKED,
    ListeningAction.DISLIKED,
)
PLAYS_A_SESSION = 12


class ListeningLoad:
    """Events of `listeners` listeners who take turns; each one starts a play, then ends it, then starts the next."""

    def __init__(self, track_ids: Sequence[str], listeners: int, seed: int = 0, prefix: str = "load") -> None:
        """Raises ValueError when there are no tracks or no listeners."""
        if not track_ids or listeners < 1:
            raise ValueError(
                f"a load needs tracks and listeners, got {len(track_ids)} tracks and {listeners} listeners"
            )
        self._track_ids = track_ids
        self._listeners = listeners
        self._seed = seed
        self._prefix = prefix

    def event(self, number: int, event_time: datetime) -> ListeningEvent:
        """Return the event of this number, 0 and up, as happening at this time."""
        turn, listener = divmod(number, self._listeners)
        play, ending = divmod(turn, 2)
        action = ENDS[self._draw(listener, play, "end") % len(ENDS)] if ending else ListeningAction.PLAY_STARTED
        return ListeningEvent(
            event_id=f"{self._prefix}-{self._seed}-{number}",
            listener_id=self.listener_id(listener),
            session_id=f"{self.listener_id(listener)}-{play // PLAYS_A_SESSION}",
            track_id=self._track_ids[self._track(listener, play)],
            action=action,
            event_time=event_time,
            position_seconds=float(self._draw(listener, play, "position") % 240) if ending else 0.0,
        )

    def events(self, times: Iterable[datetime], first: int = 0) -> Iterator[ListeningEvent]:
        """Yield the events from number `first` on, one for each time."""
        for number, event_time in enumerate(times, start=first):
            yield self.event(number, event_time)

    def listener_id(self, listener: int) -> str:
        """The id of the listener of this number."""
        return f"{self._prefix}-{self._seed}-listener-{listener:05d}"

    def _track(self, listener: int, play: int) -> int:
        draw = self._draw(listener, play, "track")
        if draw % STRAY == 0:
            return draw // STRAY % len(self._track_ids)
        return (self._draw(listener, 0, "favourite") + draw // STRAY % NEIGHBOURHOOD) % len(self._track_ids)

    def _draw(self, listener: int, play: int, what: str) -> int:
        named = f"{self._seed}/{listener}/{play}/{what}".encode()
        return int.from_bytes(blake2b(named, digest_size=8).digest(), "big")
