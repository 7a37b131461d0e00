"""New ids that sort in the order in which a process made them, and that no other process makes.

Events of one millisecond are told apart by their ids, so ids in order keep the order of events that were sent together.
"""

from __future__ import annotations

import itertools
import secrets
import time

_numbers = itertools.count()
_process = secrets.token_hex(8)


def new_id() -> str:
    """Return an id of 44 hexadecimal digits and hyphens: microseconds since 1970, a running number, the process."""
    return f"{time.time_ns() // 1_000:014x}-{next(_numbers) % 2**48:012x}-{_process}"
