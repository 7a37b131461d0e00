"""Codes that flicker: tracks whose code was changed and changed back within a week. Knows published codes and days."""

from __future__ import annotations

from dataclasses import dataclass, field

BACK_WITHIN_DAYS = 7


@dataclass(slots=True)
class Flips:
    """What was published of each track's code, as far as flipping back needs it."""

    _codes: dict[str, int] = field(default_factory=dict)
    # The code before the newest change, and the day of that change.
    _changes: dict[str, tuple[int, int]] = field(default_factory=dict)
    _back: set[str] = field(default_factory=set)

    def publish(self, track_id: str, code: int, day: int) -> None:
        """Note the code that was published of a track on a day; days only grow."""
        before = self._codes.setdefault(track_id, code)
        if before == code:
            return
        earlier = self._changes.get(track_id)
        if earlier is not None and earlier[0] == code and day - earlier[1] <= BACK_WITHIN_DAYS:
            self._back.add(track_id)
        self._codes[track_id] = code
        self._changes[track_id] = (before, day)

    @property
    def tracks(self) -> int:
        """How many tracks had a code published."""
        return len(self._codes)

    @property
    def moved(self) -> int:
        """How many of them had it changed."""
        return len(self._changes)

    @property
    def back_share(self) -> float:
        """The share of tracks whose code was changed back within a week."""
        return len(self._back) / max(1, len(self._codes))
