"""The plain tokens: control tokens for what happened and how long ago, then words.

A track is no plain token: it stands in a sequence as itself and becomes the sum of its codes' embeddings. Knows nothing
about sessions; `prompt.py` writes the sequences.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import IntEnum

from segue.tokens.words import WordVocabulary


class Control(IntEnum):
    """Control tokens, by number."""

    START = 0
    SAID = 1
    STARTED = 2
    SKIPPED = 3
    LIKED = 4
    DISLIKED = 5
    SEED = 6
    MINUTES = 7
    HOURS = 8
    DAYS = 9
    WEEKS = 10
    MONTHS = 11
    EARLIER = 12
    OFFERED = 13


_MINUTE_MS = 60_000
# Below the first bound, two things belong to one sitting and no token is spent on the time between them.
_ELAPSED_BOUNDS_MS = tuple(_MINUTE_MS * minutes for minutes in (15, 120, 1_440, 7 * 1_440, 30 * 1_440))
_ELAPSED = (Control.MINUTES, Control.HOURS, Control.DAYS, Control.WEEKS, Control.MONTHS)


def elapsed(milliseconds: int) -> Control | None:
    """Return the token for a span of time; None when it is too short to matter."""
    reached = bisect_right(_ELAPSED_BOUNDS_MS, milliseconds)
    return _ELAPSED[reached - 1] if reached else None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Numbers of the plain tokens: controls first, then words."""

    words: WordVocabulary

    def __len__(self) -> int:
        return len(Control) + len(self.words)

    def word(self, word: str) -> int:
        """Return the token of a word, as `segue.tokens.words.words` gives it."""
        return len(Control) + self.words.number(word)
