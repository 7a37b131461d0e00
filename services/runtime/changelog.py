"""A Faust table that tells when its changes have reached the changelog.

Faust sends changes without waiting, and its commit goes ahead when one fails to arrive. A service that must not
acknowledge before its state is safe waits for its changes here instead.
"""

from __future__ import annotations

import asyncio
from typing import Any

import faust

Written = asyncio.Future[Any]


class AcknowledgedTable(faust.Table[Any, Any]):
    """A table that keeps the futures of its changes until the broker has acknowledged them."""

    last_change: Written

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._on_their_way: set[Written] = set()

    def send_changelog(self, *args: Any, **options: Any) -> Any:
        """Send a change as Faust does, and remember it; its future fails when the broker does not take it."""
        self.last_change = super().send_changelog(*args, **options)
        self._on_their_way.add(self.last_change)
        self.last_change.add_done_callback(self._on_their_way.discard)
        return self.last_change

    async def written(self) -> None:
        """Return once every change made so far is in the changelog. Raises KafkaError when one cannot be."""
        await asyncio.gather(*self._on_their_way)
