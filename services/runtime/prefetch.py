"""What Faust has read ahead of a stream, bounded in bytes too: it counts records alone, and one may take a megabyte.

Knows nothing about what is in a record.
"""

from __future__ import annotations

from typing import Any

from mode.utils.queues import ThrowableQueue

# Of values; a thousand records of a session topic take a quarter of a megabyte.
MOST_BYTES = 16 << 20


class Prefetch(ThrowableQueue[Any]):
    """Faust's queue of a stream, which is full by its number of events or by the bytes of their values."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._bytes = 0

    def qsize(self) -> int:
        """How many events it holds, or as many as their share of MOST_BYTES is of those that it may hold, if more."""
        return max(super().qsize(), self._bytes * self.maxsize // MOST_BYTES)

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self._bytes = 0

    def _put(self, item: Any) -> None:
        super()._put(item)
        self._bytes += _size(item)

    def _get(self) -> Any:
        item = super()._get()
        self._bytes -= _size(item)
        return item


def _size(event: Any) -> int:
    return len(event.message.value or b"")
