"""The load of the surge, in a process of its own: encodes everything first, then sends at its rate.

`bench/surge.py` starts it and says what to send. It prints one line of JSON when it starts and one when it ends, and
writes to a file where each event lies.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from bench.listening import Load, encoded
from bench.stack import popular_track_ids
from bench.topic_log import producing
from services.runtime.topology import LISTENING_EVENTS

# One request to the broker holds what came within this time, in milliseconds.
LINGER = 5
# Events of one tick are sent together; ticks in seconds.
TICK = 0.01


class Surge(msgspec.Struct, frozen=True):
    """What to send, and the file for where it lies."""

    kafka: str
    checkpoint: str
    written: str
    rate: float
    seconds: float
    listeners: int


class Started(msgspec.Struct, frozen=True):
    """Unix time of the first event."""

    unix_time: float


class Ended(msgspec.Struct, frozen=True):
    """Unix time at which the last event was acknowledged; the greatest delay behind the schedule, in seconds."""

    unix_time: float
    events: int
    failed: int
    behind: float


# Listener, partition and offset of an event.
Place = tuple[str, int, int]


async def send(surge: Surge) -> None:
    """Send the surge."""
    total = int(surge.rate * surge.seconds)
    load = Load(surge.listeners, popular_track_ids(Path(surge.checkpoint)))
    records = [encoded(event) for event in load.events(datetime.now(UTC), surge.rate, range(total))]
    gc.freeze()
    async with producing(surge.kafka, linger_ms=LINGER) as producer:
        acknowledgements: list[Any] = []
        behind = 0.0
        started = time.monotonic()
        _say(Started(time.time()))
        while len(acknowledgements) < total:
            due = min(total, int((time.monotonic() - started) * surge.rate) + 1)
            behind = max(behind, (due - len(acknowledgements)) / surge.rate - TICK)
            for key, value in records[len(acknowledgements) : due]:
                acknowledgements.append(await producer.send(LISTENING_EVENTS.name, value, key))
            await asyncio.sleep(TICK)
        outcomes = await asyncio.gather(*acknowledgements, return_exceptions=True)
        ended = time.time()
    places = [
        (load.listener(number), at.partition, at.offset)
        for number, at in enumerate(outcomes)
        if not isinstance(at, BaseException)
    ]
    _keep(Path(surge.written), places)
    _say(Ended(ended, len(places), total - len(places), round(max(0.0, behind), 3)))


def _keep(file: Path, places: list[Place]) -> None:
    file.write_bytes(msgspec.msgpack.encode(places))


def _say(what: Started | Ended) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    uvloop.run(send(msgspec.json.decode(sys.stdin.buffer.read(), type=Surge)))
