"""A listener along each playlist: plays what is known of it, asks what comes next, plays what really came, asks again.

Talks to the gateway as any application would; knows the plan, and what counts as a hit.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy.local.real.plan import Walk
from segue.client import Client
from segue.events import Filters, ListeningAction, ListeningEvent
from segue.recommendations import RecommendationList

COUNT = 10
UNHEARD = Filters(exclude_heard=True)
# Much longer than an answer takes: what a busy machine delays is not to be measured here.
CALL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Step:
    """One held-back position: what was heard before it, which track came, and the answer that was given."""

    walk: Walk
    heard: tuple[str, ...]
    wanted: str
    answer: RecommendationList
    seconds: float

    @property
    def recommended(self) -> Sequence[str]:
        """The recommended track ids, best first."""
        return [track.track_id for track in self.answer.tracks]

    @property
    def is_hit(self) -> bool:
        """Whether the track that came is among the recommended."""
        return self.wanted in self.recommended


def walk_along(client: Client, walk: Walk, number: int) -> Iterator[Step]:
    """Yield the steps of one listener. Raises RequestFailed."""
    listener = f"walker-{number}"
    heard = walk.heard
    client.record_events([_played(listener, track_id) for track_id in heard], timeout=CALL_SECONDS)
    for wanted in walk.held_back:
        started = time.monotonic()
        answer = client.recommend(listener, count=COUNT, filters=UNHEARD, timeout=CALL_SECONDS)
        yield Step(walk, heard, wanted, answer, time.monotonic() - started)
        client.record_events([_played(listener, wanted)], timeout=CALL_SECONDS)
        heard = (*heard, wanted)


def _played(listener: str, track_id: str) -> ListeningEvent:
    return ListeningEvent(listener_id=listener, track_id=track_id, action=ListeningAction.PLAY_FINISHED)
