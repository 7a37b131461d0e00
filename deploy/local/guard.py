"""Ends what a killed supervisor left running: `guard.py STACK_ID`, with the supervisor's pipe as standard input.

Knows the stack's processes by the mark in their environment, which their own children inherit, and nothing else.
Uses the standard library alone, so that it starts in a few milliseconds and outlives everything.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

MARK = "SEGUE_STACK"
GRACE_SECONDS = 3.0
_POLL_SECONDS = 0.05


def marked(stack: str) -> Iterator[int]:
    """Yield the processes of the stack, grandchildren too; never the caller."""
    mark = f"{MARK}={stack}".encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid() and mark in _environment(folder):
            yield int(folder.name)


def end_all(stack: str, grace: float = GRACE_SECONDS) -> list[int]:
    """End every process of the stack, politely first, and remove its shared memory. Returns who had to be ended."""
    found = list(marked(stack))
    _send(found, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(marked(stack)):
        time.sleep(_POLL_SECONDS)
    while left := list(marked(stack)):
        _send(left, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)
    for region in Path("/dev/shm").glob(f"{stack}*"):  # noqa: S108  # where Triton puts its regions
        region.unlink(missing_ok=True)
    return found


def _environment(folder: Path) -> list[bytes]:
    try:
        # A zombie's environment is empty: what has ended is not found again.
        return (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _send(processes: list[int], number: signal.Signals) -> None:
    for process in processes:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            continue


def main() -> None:
    """Wait until the supervisor closes the pipe, whatever the reason, then end what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    end_all(sys.argv[1])


if __name__ == "__main__":
    main()
