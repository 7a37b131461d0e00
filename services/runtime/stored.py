"""What a table holds, read with the chance that it is damaged: then it counts as absent, and is begun anew.

A state that cannot be read would else refuse every record of its key for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog

from segue.errors import MalformedMessage
from services.runtime import metrics

log = structlog.get_logger()

T = TypeVar("T")


def read(table: str, stored: bytes | None, decode: Callable[[bytes], T]) -> T | None:
    """Return what `decode` makes of the bytes; None where there are none, or where it raises MalformedMessage."""
    if not stored:
        return None
    try:
        return decode(stored)
    except MalformedMessage as error:
        # Whose it is stands in the bytes, if anywhere; a log names no listener.
        log.error("a stored state is damaged and counts as absent", table=table, size=len(stored), error=str(error))  # noqa: TRY400
        metrics.DAMAGED.labels(table).inc()
        return None
