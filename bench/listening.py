"""The load: numbered listening events of many listeners, the same for the same seed. Knows no topic and no clock."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from segue import wire
from segue.events import ListeningAction, ListeningEvent

# Started and finished plays are most of what a player reports.
ACTIONS = (
    ListeningAction.PLAY_STARTED,
    ListeningAction.PLAY_FINISHED,
    ListeningAction.PLAY_STARTED,
    ListeningAction.PLAY_SKIPPED,
    ListeningAction.PLAY_STARTED,
    ListeningAction.PLAY_FINISHED,
    ListeningAction.LIKED,
)


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent: by how many listeners, of which tracks.

    `disorder` is how far behind its place in the order, in seconds, an event may be dated.
    """

    listeners: int
    track_ids: Sequence[str]
    disorder: float = 0.0
    seed: int = 1

    def events(self, start: datetime, rate: float, numbers: range) -> Iterator[ListeningEvent]:
        """Yield the events with these numbers, `rate` a second; number 0 happens at `start`. Listeners take turns."""
        for number in numbers:
            chance = random.Random(self.seed * 1_000_003 + number)  # noqa: S311  # a load, not a secret
            behind = chance.uniform(0.0, self.disorder)
            yield ListeningEvent(
                event_id=f"event-{number}",
                listener_id=self.listener(number),
                session_id=f"session-{number % self.listeners}",
                track_id=chance.choice(self.track_ids),
                action=chance.choice(ACTIONS),
                event_time=start + timedelta(seconds=number / rate - behind),
                position_seconds=float(chance.randrange(240)),
            )

    def listener(self, number: int) -> str:
        """Whose the event with this number is."""
        return f"listener-{number % self.listeners}"


def encoded(event: ListeningEvent) -> tuple[bytes, bytes]:
    """Return the event's key and value as they lie on the topic."""
    return event.listener_id.encode(), wire.encode(event)
