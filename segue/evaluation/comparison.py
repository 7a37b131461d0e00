"""Every system over the same task: fitted before the cut, ranked after it, over several seeds where seeds matter.

Knows systems through their protocol; `segue/cli/evaluation.py` says which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from segue.evaluation.additions import Lesson, lesson
from segue.evaluation.metrics import Values
from segue.evaluation.run import Run, run
from segue.evaluation.segue_system import SegueRanker
from segue.evaluation.systems import Ranker, System
from segue.evaluation.task import Mask, Task
from segue.evaluation.watching import EvaluationWatch


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a system reached, one run for each seed, and the settings that it chose."""

    name: str
    runs: Sequence[Run]
    settings: str

    def values(self, metric: Any) -> Values:
        """Return a metric of the ranks at each position, the mean over seeds, [positions]."""
        means: Values = np.mean([metric(each.ranks) for each in self.runs], axis=0)
        return means

    def by_seed(self, metric: Any, among: Mask | None = None) -> list[float]:
        """Return the mean over positions for each seed, of those that `among` marks."""
        chosen = slice(None) if among is None else among
        return [float(np.mean(metric(each.ranks)[chosen])) for each in self.runs]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcomes by system, and Segue's lessons from first additions, one for each of its seeds."""

    task: Task
    outcomes: Mapping[str, Outcome]
    lessons: Sequence[Lesson]


def compare(
    task: Task,
    systems: Sequence[System],
    seeds: Sequence[int],
    watch: EvaluationWatch,
    keep: Callable[[Comparison], None] = lambda _: None,
) -> Comparison:
    """Fit and rank all systems, one after the other; `keep` is given what there is after each."""
    outcomes: dict[str, Outcome] = {}
    lessons: list[Lesson] = []
    with threadpool_limits(limits=1):
        for system in systems:
            runs: list[Run] = []
            settings = ""
            for seed in seeds if system.seeded else seeds[:1]:
                watch.system(system.name, seed)
                ranker = system.fit(task.material, seed, watch)
                watch.phase(f"{system.name}: ranking")
                runs.append(run(ranker, task.positions, len(task.material.tracks), watch.ranked))
                settings = _settings(ranker)
                if isinstance(ranker, SegueRanker) and task.cut_ms:
                    watch.phase(f"{system.name}: first additions")
                    lessons.append(lesson(task, ranker, watch.ranked))
            outcomes[system.name] = Outcome(system.name, runs, settings)
            keep(Comparison(task, outcomes, lessons))
    return Comparison(task, outcomes, lessons)


def _settings(ranker: Ranker) -> str:
    """Return what the ranker says of its settings, for the report."""
    chosen = getattr(ranker, "settings", None)
    return "" if chosen is None else str(chosen)
