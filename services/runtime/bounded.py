"""A cache that is bounded in bytes: what was used longest ago gives way. Knows nothing of what it keeps."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """Values with the size that each is said to have; all together at most `most_bytes`."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: K) -> V | None:
        """Return the value, which counts as used now; None when there is none."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, size: int) -> None:
        """Keep a value of so many bytes, in place of the one before. One that is larger than everything is not kept."""
        self.pop(key)
        self._kept[key] = (value, size)
        self._bytes += size
        while self._bytes > self._most:
            self._bytes -= self._kept.popitem(last=False)[1][1]

    def pop(self, key: K) -> None:
        """Forget a value, if it is there."""
        _, size = self._kept.pop(key, (None, 0))
        self._bytes -= size

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """The size of everything that is kept."""
        return self._bytes

    def __len__(self) -> int:
        """How many values are kept."""
        return len(self._kept)
