"""A Faust table that tells when its changes have reached the changelog, and that a worker cut off cannot set back.

Faust sends changes without waiting, and its commit goes ahead when one fails to arrive. A service that must not
acknowledge before its state is safe waits for its changes here instead.

A worker that was paused or cut off may write behind its successor what it had in hand. Two things follow from that
(docs/decisions/0013). Recovery keeps the newer of two states, not the last. And what Faust remembers as held on this
disk ends where somebody else has written: what lies behind is read again by the next recovery. Knows no state;
`newest` is the table's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import faust
import structlog

from segue.errors import MalformedMessage
from services.runtime import metrics

log = structlog.get_logger()

Written = asyncio.Future[Any]
# What two encoded states of one key know together. Raises MalformedMessage.
Merge = Callable[[bytes, bytes], bytes]
# What to keep of the known state and one that the changelog holds behind it, None being none, written at this broker's
# time in Unix milliseconds.
Newest = Callable[[bytes | None, bytes | None, int], bytes | None]


class AcknowledgedTable(faust.Table[Any, Any]):
    """A table that keeps the futures of its changes until the broker has acknowledged them."""

    last_change: Written
    newest: Newest | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._on_their_way: set[Written] = set()
        # The first change that failed to arrive: nothing is written as a whole any more.
        self._failure: BaseException | None = None
        # For each partition the offset up to which this disk holds the changelog, and the newest that was acknowledged.
        self._held: dict[int, int] = {}
        self._heard: dict[int, int] = {}

    def send_changelog(self, *args: Any, **options: Any) -> Any:
        """Send a change as Faust does, and remember it; its future fails when the broker does not take it."""
        self.last_change = super().send_changelog(*args, **options)
        self._on_their_way.add(self.last_change)
        self.last_change.add_done_callback(self._arrived)
        return self.last_change

    def _arrived(self, change: Written) -> None:
        self._on_their_way.discard(change)
        if self._failure is None and not change.cancelled():
            self._failure = change.exception()

    async def written(self) -> None:
        """Return once every change so far is in the changelog. Raises KafkaError when one cannot be, or could not."""
        await asyncio.gather(*self._on_their_way)
        if self._failure is not None:
            raise self._failure

    def apply_changelog_batch(self, batch: Iterable[Any]) -> None:
        """Take over what recovery read: of each key the newest state."""
        events = list(batch)
        super().apply_changelog_batch(self._merged(events) if self.newest is not None else events)
        for event in events:
            self._held.pop(event.message.partition, None)

    def _merged(self, events: Iterable[Any]) -> Iterable[Any]:
        kept: dict[tuple[int, bytes], bytes | None] = {}
        for event in events:
            message = event.message
            place = message.partition, message.key
            known = kept[place] if place in kept else self._stored(*place)
            kept[place] = self.newest(known, message.value, int(message.timestamp * 1_000))  # type: ignore[misc]
            yield _event_with(message, kept[place])

    def _stored(self, partition: int, key: bytes) -> bytes | None:
        # Faust's own way to a value asks for the event that is read.
        store: Any = self.data
        found: bytes | None = store._db_for_partition(partition).get(key)  # noqa: SLF001
        return found

    def _on_changelog_sent(self, fut: Any) -> None:
        """Note how far this disk holds the changelog: as Faust does, but not beyond what this worker did not write."""
        sent = fut.result()
        partition, offset = sent.topic_partition.partition, sent.offset
        if partition not in self._held:
            persisted = self.data.persisted_offset(sent.topic_partition)
            self._held[partition] = self._heard[partition] = -1 if persisted is None else persisted
        foreign = offset - self._heard[partition] - 1
        self._heard[partition] = max(offset, self._heard[partition])
        if foreign > 0:
            # After an outage of the broker it may also be a record of this worker's own that arrived twice.
            log.warning(
                "another worker wrote to the changelog",
                table=self.name,
                partition=partition,
                before=offset,
                found=foreign,
            )
            metrics.FOREIGN_CHANGES.labels(self.name).inc(foreign)
        if offset == self._held[partition] + 1:
            self._held[partition] = offset
            super()._on_changelog_sent(fut)


def undeleted(merge: Merge) -> Newest:
    """Return the rule of a table that nobody deletes from: what both states know, else the last that can be read."""

    def newest(known: bytes | None, other: bytes | None, _time_ms: int) -> bytes | None:
        if known is None or other is None:
            return other
        try:
            return merge(known, other)
        except MalformedMessage:
            return other

    return newest


def _event_with(message: Any, value: bytes | None) -> Any:
    """An event as stores read it, with another value."""
    return SimpleNamespace(
        message=SimpleNamespace(
            tp=message.tp, partition=message.partition, offset=message.offset, key=message.key, value=value
        )
    )
