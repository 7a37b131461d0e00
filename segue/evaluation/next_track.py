"""Next-track evaluation of a checkpoint: where, at held-back positions, stands the track that really came next.

Positions lie at or after the checkpoint's cut; the moments before each are told, those after the cut too, as a stream
would. Tracks that the checkpoint does not have count as misses, for every ranker. Knows datasets, checkpoints and
baselines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from segue.dataset import Dataset
from segue.errors import DatasetError
from segue.evaluation.metrics import MISSED, RankingMetrics, rank_of
from segue.evaluation.positions import Position, positions, spread
from segue.model.recommender import Recommender
from segue.model.scoring import Scores
from segue.session import to_ms
from segue.tokens.histories import read_histories

_BATCH = 32
MODEL, POPULARITY = "model", "popularity"


@dataclass(frozen=True, slots=True)
class Report:
    """Metrics of each ranker over the same positions."""

    rows: Mapping[str, RankingMetrics]
    positions: int
    positions_known: int

    def figures(self) -> dict[str, Any]:
        """Return the figures under the names that commands report them by."""
        model, popularity = self.rows[MODEL].hit10, self.rows[POPULARITY].hit10
        return {
            "positions": self.positions,
            "positions_known": self.positions_known,
            "hit10": round(model, 5),
            "hit10_popularity": round(popularity, 5),
            "hit10_over_popularity": round(model / popularity, 3) if popularity else None,
            "mrr": round(self.rows[MODEL].mrr, 5),
        }


def evaluate(
    folder: Path,
    checkpoint: Path,
    *,
    since_ms: int | None = None,
    until_ms: int | None = None,
    most_positions: int = 5_000,
    watch: Callable[[int, int], None] = lambda _done, _of: None,
) -> Report:
    """Measure a checkpoint on what a dataset tells from `since_ms` on. Raises DatasetError without such positions."""
    recommender = Recommender.load(checkpoint)
    since_ms = since_ms if since_ms is not None else _cut_of(recommender)
    asked, unknown = held_back(Dataset.open(folder), recommender, since_ms, until_ms)
    if not asked:
        raise DatasetError(
            f"{folder} holds no position to test on: no track that the checkpoint knows came up since its cut"
        )
    share = len(asked) / (len(asked) + unknown)
    tested = spread(asked, max(1, int(most_positions * share)))
    ranks = ranked(recommender, tested, watch)
    missed = [int(MISSED)] * round(len(tested) * unknown / len(asked))
    return Report(
        rows={name: RankingMetrics.of([*found, *missed]) for name, found in ranks.items()},
        positions=len(tested) + len(missed),
        positions_known=len(tested),
    )


def held_back(
    dataset: Dataset, recommender: Recommender, since_ms: int, until_ms: int | None
) -> tuple[list[Position], int]:
    """Return the positions whose wanted track the recommender knows, and the number of the others."""
    index = recommender.index
    found: list[Position] = []
    for history in read_histories(dataset, index.rows, recommender.checkpoint.vocabulary, until_ms):
        start = sum(moment.time_ms < since_ms for moment in history.moments)
        if history.dated:
            found += positions(history, start)
    return found, _unknown(dataset, index.rows, since_ms, until_ms)


def ranked(
    recommender: Recommender, asked: Sequence[Position], watch: Callable[[int, int], None]
) -> dict[str, list[int]]:
    """Return the wanted tracks' ranks by the model, by each of its large terms alone, and by popularity."""
    ranks: dict[str, list[int]] = {MODEL: [], "decoder alone": [], "neighbours alone": [], POPULARITY: []}
    popularity = recommender.index.popularity
    for start in range(0, len(asked), _BATCH):
        chunk = asked[start : start + _BATCH]
        scored = recommender.scores(
            [position.moments for position in chunk],
            [position.texts for position in chunk],
            [position.now_ms for position in chunk],
        )
        for position, scores in zip(chunk, scored, strict=True):
            for name, values in _rankers(scores, popularity).items():
                ranks[name].append(rank_of(values, position.wanted, position.excluded))
        watch(start + len(chunk), len(asked))
    return ranks


def _rankers(scores: Scores, popularity: np.ndarray[tuple[int], np.dtype[np.float32]]) -> dict[str, Any]:
    return {
        MODEL: scores.totals,
        "decoder alone": scores.decoder(),
        "neighbours alone": scores.dense["neighbours"],
        POPULARITY: popularity,
    }


def _unknown(dataset: Dataset, rows: Mapping[str, int], since_ms: int, until_ms: int | None) -> int:
    """Count what was added or played in the tested time whose track the recommender does not know."""

    def counts(track_id: str, time: datetime | None) -> bool:
        return track_id not in rows and time is not None and since_ms <= to_ms(time) < (until_ms or 2**62)

    added = (counts(entry.track_id, entry.added_at) for row in dataset.playlists() for entry in row.entries)
    played = (counts(event.track_id, event.event_time) for row in dataset.sessions() for event in row.events)
    return sum(added) + sum(played)


def _cut_of(recommender: Recommender) -> int:
    trained_until = recommender.checkpoint.metrics.get("trained_until")
    if trained_until is None:
        raise DatasetError("the checkpoint was trained on all of its dataset; give --since, or train with --until")
    return to_ms(datetime.fromisoformat(str(trained_until)))
