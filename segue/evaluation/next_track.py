"""A quick look at one checkpoint: beside its own large terms and its popularity, at positions after its cut.

Nothing is fitted; `comparison.py` measures systems against each other on the same task.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from segue.dataset import Dataset
from segue.errors import DatasetError
from segue.evaluation.metrics import RankingMetrics, rank_of
from segue.evaluation.segue_system import SegueRanker
from segue.evaluation.task import TaskRules, make_task
from segue.model.recommender import Recommender
from segue.model.scoring import Scores
from segue.tokens.codebook import Floats

MODEL, POPULARITY = "model", "popularity"
TERMS: Mapping[str, Callable[[Scores], Floats]] = {
    MODEL: lambda scores: scores.totals,
    "decoder alone": lambda scores: scores.decoder(),
    "neighbours alone": lambda scores: scores.dense["neighbours"],
    POPULARITY: lambda scores: scores.index.popularity,
}


@dataclass(frozen=True, slots=True)
class Report:
    """Metrics of each ranker over the same positions."""

    rows: Mapping[str, RankingMetrics]
    positions: int


def evaluate(folder: Path, checkpoint: Path, *, most_positions: int = 5_000) -> Report:
    """Measure a checkpoint on what a dataset tells after its cut. Raises DatasetError without such positions."""
    recommender = Recommender.load(checkpoint)
    rules = TaskRules(until=cut_of(recommender, checkpoint), most_positions=most_positions, undated=False)
    task = make_task(Dataset.open(folder), folder, rules)
    ranker = SegueRanker.of(recommender, task)
    ranks: dict[str, list[int]] = {name: [] for name in TERMS}
    for position, scores in zip(task.positions, ranker.scored(task.positions), strict=True):
        for name, term in TERMS.items():
            ranks[name].append(rank_of(ranker.of_tracks(term(scores)), position.wanted, position.excluded))
    return Report({name: RankingMetrics.of(found) for name, found in ranks.items()}, len(task.positions))


def cut_of(recommender: Recommender, folder: Path) -> datetime:
    """Return the time up to which a checkpoint learned. Raises DatasetError when that was all of its dataset."""
    trained_until = recommender.checkpoint.metrics.get("trained_until")
    if trained_until is None:
        raise DatasetError(f"{folder} was trained on all of its dataset; train it with --until")
    return datetime.fromisoformat(str(trained_until))
