"""What the decoder has read of listeners' prompts, kept for their next question; bounded in bytes, the oldest use goes.

An entry is found by listener and believed only as far as its content is that of the new prompt: plain tokens, and the
codes that tracks had when they were read. So a track whose codes have moved since is read anew, with all after it.
Knows arrays; knows neither prompts nor indexes.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

import numpy as np
from torch import Tensor

from segue.tokens.codebook import Integers

# Room for 1,300 listeners of the default decoder with full prompts.
MOST_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Prefix:
    """The beginning of a prompt: its content [positions, columns] and its keys and values, as `Past.put` takes them."""

    content: Integers
    keys_values: Tensor

    @property
    def size(self) -> int:
        """How much memory it takes, in bytes."""
        return self.content.nbytes + self.keys_values.nbytes

    def shared(self, content: Integers) -> int:
        """Return how many positions from the beginning are the same in a prompt of this content."""
        length = min(len(self.content), len(content))
        differs = (self.content[:length] != content[:length]).any(axis=1)
        return int(differs.argmax()) if differs.any() else length


class PrefixCache:
    """Prefixes by listener; safe to use from several threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, Prefix] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """How much memory the prefixes take, in bytes."""
        return self._bytes

    def find(self, listener_id: str, content: Integers) -> Tensor | None:
        """Return the keys and values of the longest beginning that this prompt shares with the listener's last one.

        At least one position is left to be read. None where nothing is shared.
        """
        with self._lock:
            prefix = self._kept.get(listener_id)
            if prefix is None:
                return None
            self._kept.move_to_end(listener_id)
        length = min(prefix.shared(content), len(content) - 1)
        return prefix.keys_values[:, :, :, :length] if length else None

    def keep(self, listener_id: str, prefix: Prefix) -> None:
        """Keep a listener's newest prompt in place of the one before; drop what was unused longest to make room."""
        with self._lock:
            self._drop(self._kept.pop(listener_id, None))
            if prefix.size > self._most_bytes:
                return
            self._kept[listener_id] = prefix
            self._bytes += prefix.size
            while self._bytes > self._most_bytes:
                self._drop(self._kept.popitem(last=False)[1])

    def _drop(self, prefix: Prefix | None) -> None:
        self._bytes -= prefix.size if prefix is not None else 0


def content_of(positions: Integers, code_rows: Integers) -> Integers:
    """Return what a prompt says, [positions, modalities]: a track's code rows, or a plain token as a negative number.

    `positions` [positions] as `segue.tokens.prompt` writes them; `code_rows` [positions, modalities] is read only where
    a track stands.
    """
    return np.where(positions[:, None] >= 0, code_rows, positions[:, None]).astype(np.int32)
