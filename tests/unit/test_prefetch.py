"""What is read ahead of a stream is bounded: in records where they are small, in bytes where they are large."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from services.runtime.commit import OrderedApp
from services.runtime.prefetch import MOST_BYTES, Prefetch
from services.runtime.topology import MAX_MESSAGE_BYTES

LARGE = b"x" * MAX_MESSAGE_BYTES
MOST_LARGE = MOST_BYTES // MAX_MESSAGE_BYTES


def queue() -> Prefetch:
    app = OrderedApp("test", broker="kafka://127.0.0.1:1", autodiscover=False)
    made = app.FlowControlQueue(maxsize=app.conf.stream_buffer_maxsize, clear_on_resume=True)
    assert isinstance(made, Prefetch)
    return made


def put(ahead: Prefetch, value: bytes | None, times: int) -> list[str]:
    """Put events as Faust does, until it is full; returns what it said of its pressure."""
    said: list[str] = []
    high, drop = (lambda: said.append("high")), (lambda: said.append("drop"))
    for _ in range(times):
        if ahead.full():
            break
        event: Any = SimpleNamespace(message=SimpleNamespace(value=value))
        ahead.put_nowait_enhanced(event, on_pressure_high=high, on_pressure_drop=drop)
    return said


async def test_small_records_are_bounded_by_their_number() -> None:
    ahead = queue()
    put(ahead, b"{}", 5_000)
    assert (ahead.full(), len(ahead._queue)) == (True, 4_096)  # type: ignore[attr-defined]


async def test_large_records_are_bounded_by_their_bytes() -> None:
    ahead = queue()
    said = put(ahead, LARGE, 5_000)
    assert ahead.full()
    assert len(ahead._queue) <= MOST_LARGE + 1  # type: ignore[attr-defined]
    assert said == ["high"], "reading stops before it is full"
    while not ahead.empty():
        ahead.get_nowait()
    assert said == ["high", "drop"]
    assert ahead.qsize() == 0


async def test_what_was_forgotten_takes_no_room() -> None:
    ahead = queue()
    put(ahead, LARGE, 5_000)
    ahead.clear()
    put(ahead, None, 1)
    assert ahead.qsize() == 1
