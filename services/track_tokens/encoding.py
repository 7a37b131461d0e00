"""Codes for tracks, however long it takes: waits while the model is down, and gives up only a track that it refuses.

Order holds within a partition, so what comes after a new track waits with it; the readiness says so meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import structlog

from segue.catalog import Track, TrackCodes
from segue.errors import InvalidMessage, RecommenderUnavailable
from services.runtime.health import Readiness
from services.runtime.track_encoder import TrackEncoder
from services.track_tokens import metrics

log = structlog.get_logger()

ENCODER = "track encoder"

# A track with the longest lyrics takes 0.2 MB.
AT_ONCE = 32
TIMEOUT = 5.0
# Between two attempts, in seconds: the first and the longest wait.
FIRST_WAIT = 0.1
LONGEST_WAIT = 2.0
# A model that is restarting refuses too, so one refusal says little.
MOST_REFUSALS = 6


class Encoding:
    """The way to the encoder, with patience."""

    def __init__(self, connect: Callable[[], TrackEncoder], readiness: Readiness) -> None:
        self._connect = connect
        self._readiness = readiness

    @cached_property
    def _encoder(self) -> TrackEncoder:
        # Connected on first use: a channel belongs to the event loop that runs then.
        return self._connect()

    async def codes(self, tracks: Sequence[Track]) -> list[TrackCodes | InvalidMessage]:
        """Return each track's codes, in order, or why it has none."""
        found: list[TrackCodes | InvalidMessage] = []
        for start in range(0, len(tracks), AT_ONCE):
            found += await self._together(tracks[start : start + AT_ONCE])
        return found

    async def watch(self) -> None:
        """Note whether the encoder can answer now."""
        if await self._encoder.ready():
            self._readiness.satisfied(ENCODER)
        else:
            self._readiness.lost(ENCODER, "the model server does not answer, or has not loaded the model")

    async def _together(self, tracks: Sequence[Track]) -> list[TrackCodes | InvalidMessage]:
        refusals = 0
        for wait in _waits():
            started = time.monotonic()
            try:
                codes = await self._encoder.encode(tracks, TIMEOUT)
            except RecommenderUnavailable as error:
                self._note("unavailable", started)
                self._readiness.lost(ENCODER, str(error)[:200])
                log.warning("track encoder unavailable", error=str(error)[:300], tracks=len(tracks), retry_in=wait)
            except InvalidMessage as error:
                self._note("refused", started)
                if len(tracks) > 1:
                    return [each for track in tracks for each in await self._together([track])]
                refusals += 1
                if refusals == MOST_REFUSALS:
                    return [error]
            else:
                self._note("ok", started)
                return list(codes)
            await asyncio.sleep(wait)
        raise AssertionError("waits do not end")

    def _note(self, outcome: str, started: float) -> None:
        metrics.MODEL_CALL.labels(outcome).observe(time.monotonic() - started)


def _waits() -> Iterator[float]:
    wait = FIRST_WAIT
    while True:
        yield wait
        wait = min(2 * wait, LONGEST_WAIT)
