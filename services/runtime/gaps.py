"""Offsets that no record will ever be read from: transaction markers, and what was compacted away or expired.

A consumer passes over them without a word, so who waits for such a position would wait until a later record comes. What
tells is the consumer's own position after each fetch, beside the last record that the fetch brought. Pure; `commit.py`
notes the fetches in the consumer's thread, where a seek cannot come in between.
"""

from __future__ import annotations

Partition = tuple[str, int]  # topic, partition


class Gaps:
    """For each partition the newest stretch without records: from its first offset up to the consumer's position."""

    def __init__(self) -> None:
        self._empty: dict[Partition, tuple[int, int]] = {}

    def fetched(self, partition: Partition, before: int | None, last: int | None, after: int) -> None:
        """A fetch moved the position from `before` to `after`; `last` is the offset of its last record, if it had any.

        `before` is None where there was no position yet. What lies before the first one ever seen was committed, or
        is no longer in the log.
        """
        start = self._start(partition, after if before is None else before) if last is None else last + 1
        self._empty[partition] = (start, after)

    def first_record(self, partition: Partition, offset: int) -> int:
        """Return the first offset from this one on that may hold a record."""
        start, end = self._empty.get(partition, (0, 0))
        return end if start <= offset < end else offset

    def _start(self, partition: Partition, before: int) -> int:
        known = self._empty.get(partition)
        if known is None:
            return 0
        start, end = known
        # From elsewhere after a seek: what lies in between is not known to be empty.
        return start if before == end else before
