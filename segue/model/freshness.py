"""How much evidence that was gathered at different times weighs: less the older, beside the newest of all.

A track's live neighbours and additions are published as of its own newest edit. Lists of several tracks are added up
in a score, so what a list weighs depends on when it was made: a track that nobody has put anywhere for months says
little about today. The checkpoint's own evidence is as of the end of its data. Knows times and rows, nothing about
tracks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from segue.tokens.codebook import Floats, Integers

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Freshness:
    """Evidence fades by 1/e in `days`; never where that is None. Times are Unix milliseconds, 0 where unknown.

    `heard_ms` is when the newest live edit of each row was made, 0 where the checkpoint's evidence stands alone, which
    is as of `as_of_ms`; `additions` is how many live additions a row had then, fading. Both have an entry for each row
    that was there at the last update, and rows without one count as the checkpoint's. `newest_ms` is the newest of all.
    """

    days: float | None = None
    as_of_ms: int = 0
    newest_ms: int = 0
    heard_ms: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    additions: Floats = field(default_factory=lambda: np.zeros(0, np.float32))

    @classmethod
    def of_checkpoint(cls, days: float | None, as_of_ms: int) -> Freshness:
        """Return what holds before the first live edit."""
        return cls(days, as_of_ms, as_of_ms)

    def of(self, rows: Integers) -> Floats:
        """Return what the evidence on these rows weighs, 0 to 1, [rows]; 1 where its time is unknown."""
        if self.days is None:
            return np.ones(len(rows), np.float32)
        heard = np.zeros(len(rows), np.int64)
        inside = rows < len(self.heard_ms)
        heard[inside] = self.heard_ms[rows[inside]]
        return self._faded(np.where(heard > 0, heard, self.as_of_ms), self.newest_ms)

    def of_hours(self, hours: Integers) -> Floats:
        """Return what evidence of these hours, counted from 1970, weighs, 0 to 1; 1 where the hour is 0, unknown."""
        if self.days is None:
            return np.ones(len(hours), np.float32)
        return self._faded(hours * HOUR_MS, self.newest_ms)

    def stored_share(self, time_ms: int) -> float | None:
        """Return what the checkpoint's evidence still weighs at a time, 0 to 1; None where that is unknown."""
        if self.days is None or not self.as_of_ms:
            return None
        return float(self._faded(np.array([self.as_of_ms]), time_ms)[0])

    def popularity(self, stored: Floats) -> Floats:
        """Return log(1 + additions) of every row of the last update, [rows]: the checkpoint's and live ones, faded.

        `stored` holds the same of the checkpoint's rows, the first ones.
        """
        counts = np.zeros(len(self.heard_ms), np.float32)
        share = self.stored_share(self.newest_ms)
        counts[: len(stored)] = np.expm1(stored) * (1.0 if share is None else share)
        live = np.flatnonzero(self.heard_ms)
        counts[live] += self.additions[live] * self.of(live)
        return np.log1p(counts)

    def updated(self, heard: Mapping[int, tuple[int, float]], rows: int) -> Freshness:
        """Return this after news of some rows: when their newest live edit was, and their live additions then.

        Where nothing fades nothing is kept.
        """
        if self.days is None:
            return self
        heard_ms, additions = np.zeros(rows, np.int64), np.zeros(rows, np.float32)
        heard_ms[: len(self.heard_ms)], additions[: len(self.additions)] = self.heard_ms, self.additions
        for row, (time_ms, count) in heard.items():
            heard_ms[row], additions[row] = time_ms, count
        newest = max(self.newest_ms, self.as_of_ms, *(time_ms for time_ms, _ in heard.values()), 0)
        return replace(self, newest_ms=newest, heard_ms=heard_ms, additions=additions)

    def _faded(self, seen_ms: npt.NDArray[np.int64], now_ms: int) -> Floats:
        assert self.days is not None, "what never fades is not asked"
        ages = np.where(seen_ms > 0, np.maximum(0, now_ms - seen_ms), 0)
        return np.asarray(np.exp(-ages / (self.days * DAY_MS)), np.float32)
