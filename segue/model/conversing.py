"""What one index needs to follow a conversation: its names, its facts, and what wishes do to its scores.

Made when the first words come, and from then on brought up to date with each new index. Knows no scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from operator import is_not

from segue.model.facts import Facts, Tracks
from segue.model.index import Index
from segue.model.steering import Steerer
from segue.model.understanding import KnownCatalogue
from segue.wishes.names import NameBook


@dataclass(frozen=True, slots=True)
class _Made:
    """What was made of a catalogue; the book only grows and is handed on."""

    tracks: Tracks
    facts: Facts
    book: NameBook


class Conversing:
    """The reader's and the steerer's view of one index."""

    def __init__(self, index: Index, before: Conversing | None = None) -> None:
        self._index = index
        self._before = before.made if before is not None and before.is_made else None
        if self._before is not None:
            _ = self.made
            self._before = None

    @property
    def is_made(self) -> bool:
        """Whether anybody has said anything yet."""
        return "made" in self.__dict__

    @cached_property
    def made(self) -> _Made:
        """Names and facts; a pass over the catalogue the first time, over what changed from then on."""
        before = self._before or _Made((), Facts.of(()), NameBook())
        tracks = self._index.tracks
        if tracks is before.tracks:
            return before
        known = len(before.tracks)
        changed = [row for row, other in enumerate(map(is_not, tracks, before.tracks)) if other]
        changed += range(known, len(tracks))
        facts = before.facts.updated(before.tracks, tracks, changed)
        for row in changed:
            if (track := tracks[row]) is not None:
                before.book.learn(row, track)
        return _Made(tracks, facts, before.book)

    @cached_property
    def known(self) -> KnownCatalogue:
        """The catalogue as the reader of turns sees it."""
        return KnownCatalogue(self._index, self.made.book)

    @cached_property
    def steerer(self) -> Steerer:
        """What turns wishes into parts and limits."""
        return Steerer(self._index, self.made.facts)
