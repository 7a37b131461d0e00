"""What the walks measure: hits of the model and of each baseline at the same positions. Knows no stack."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Collection

from rich.table import Table

from deploy.local.demo.figures import percentiles
from deploy.local.real.popularity import Baselines
from deploy.local.real.walk import COUNT, Step


class RealFigures:
    """The figures of one run; `started` is when the command began, in seconds since the epoch."""

    def __init__(self, started: float, baselines: Baselines, known: Collection[str]) -> None:
        self._started = started
        self._baselines = baselines
        self._known = known
        self._milliseconds: list[float] = []
        self._hits = 0
        self._baseline_hits = Counter(dict.fromkeys(baselines.names, 0))
        self._positions_known = 0
        self.degraded = 0

    @property
    def positions(self) -> int:
        """How many positions were asked at."""
        return len(self._milliseconds)

    def add(self, step: Step) -> None:
        """Count one position."""
        self._milliseconds.append(step.seconds * 1_000)
        self._hits += step.is_hit
        self._positions_known += step.wanted in self._known
        self.degraded += step.answer.degraded
        for name, top in self._baselines.top(COUNT, step.heard).items():
            self._baseline_hits[name] += step.wanted in top

    def values(self) -> dict[str, float | int | str]:
        """Return the figures by name; shares are of all positions, also of those whose track nobody can know.

        Popularity is the baseline with the most hits. One without any counts as one hit, so that the ratio is finite
        and too small rather than too large.
        """
        popularity, popularity_hits = max(self._baseline_hits.items(), key=lambda item: item[1])
        asked = max(1, self.positions)
        return {
            "hit10": round(self._hits / asked, 5),
            "hit10_popularity": round(popularity_hits / asked, 5),
            "hit10_over_popularity": round(self._hits / max(1, popularity_hits), 3),
            "hit10_of_known": round(self._hits / max(1, self._positions_known), 5),
            "positions": self.positions,
            "positions_known_share": round(self._positions_known / asked, 5),
            "popularity": popularity,
            "recommendations": self.positions,
            "degraded": self.degraded,
            "recommend_p50_ms": round(percentiles(self._milliseconds)[0], 1) if self._milliseconds else 0.0,
            "seconds": round(time.time() - self._started, 1),
        }

    def json(self) -> str:
        """Return the figures on one line."""
        return json.dumps(self.values())

    def table(self) -> Table:
        """Return hits of the model and of every baseline for a person."""
        table = Table("ranker", "hit@10", "hits", "of positions", box=None, header_style="bold")
        for name, hits in (("segue", self._hits), *self._baseline_hits.most_common()):
            table.add_row(name, f"{hits / max(1, self.positions):.4f}", str(hits), str(self.positions))
        known = f"{self._positions_known} of the tracks were known to anybody: seen before the cut, or in the replay"
        table.caption = known
        table.caption_justify = "left"
        return table
