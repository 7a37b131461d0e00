"""Every system over the same task: fitted before the cut, ranked after it, over several seeds where seeds matter.

What is measured is noted at once, so that a run that is cut off goes on with the next system. Knows systems through
their protocol; `choosing.py` says which there are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from segue.evaluation.additions import Lesson, later_positions, lesson
from segue.evaluation.kept import Arrays, Notes
from segue.evaluation.metrics import RankingMetrics, Values
from segue.evaluation.run import RECALLS, Run, run
from segue.evaluation.segue_system import SegueRanker
from segue.evaluation.systems import System
from segue.evaluation.task import Mask, Task
from segue.evaluation.watching import EvaluationWatch


@dataclass(frozen=True, slots=True)
class Measured:
    """What one system reached with one seed, the settings that it chose, and the processor's minutes that it took."""

    run: Run
    lesson: Lesson | None
    settings: str
    minutes: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a system reached, one run for each seed, and the settings that each chose."""

    name: str
    runs: Sequence[Run]
    settings: Sequence[str]
    minutes: float = 0.0

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
    notes: Notes | None = None,
) -> Comparison:
    """Fit and rank all systems, one after the other; `keep` is given what there is after each.

    What `notes` hold of this task is not done again.
    """
    notes = notes or Notes()
    outcomes: dict[str, Outcome] = {}
    lessons: list[Lesson] = []
    with threadpool_limits(limits=1):
        for system in systems:
            found = []
            for seed in seeds if system.seeded else seeds[:1]:
                watch.system(system.name, seed)
                found.append(_kept(task, system, seed, watch, notes))
                shown = RankingMetrics.of(found[-1].run.ranks)
                watch.measured(system.name, seed, found[-1].minutes, {"hit10": shown.hit10, "mrr": shown.mrr})
            lessons += [each.lesson for each in found if each.lesson is not None]
            outcomes[system.name] = Outcome(
                system.name,
                [each.run for each in found],
                list(dict.fromkeys(each.settings for each in found)),
                sum(each.minutes for each in found),
            )
            keep(Comparison(task, outcomes, lessons))
    return Comparison(task, outcomes, lessons)


def _kept(task: Task, system: System, seed: int, watch: EvaluationWatch, notes: Notes) -> Measured:
    """Return what the notes hold, or measure and note it."""
    name = f"{system.name} seed {seed}"
    if (arrays := notes.read_arrays(name)) is not None:
        return _from_arrays(arrays, task)
    found = _measure(task, system, seed, watch)
    notes.write_arrays(name, _as_arrays(found))
    return found


def _measure(task: Task, system: System, seed: int, watch: EvaluationWatch) -> Measured:
    started = time.process_time()
    ranker = system.fit(task.material, seed, watch)
    watch.phase(f"{system.name}: ranking")
    reached = run(ranker, task.positions, len(task.material.tracks), watch.ranked)
    learned = None
    if isinstance(ranker, SegueRanker) and task.cut_ms:
        watch.phase(f"{system.name}: first additions")
        learned = lesson(task, ranker, watch.ranked)
    chosen = getattr(ranker, "settings", None)
    return Measured(reached, learned, "" if chosen is None else str(chosen), (time.process_time() - started) / 60)


def _as_arrays(found: Measured) -> Arrays:
    arrays = {
        "ranks": found.run.ranks,
        "shown": found.run.shown,
        "settings": np.array(found.settings),
        "minutes": np.array(found.minutes),
    }
    arrays |= {f"recall{most}": shares for most, shares in found.run.recalls.items()}
    if found.lesson is not None:
        arrays |= {"content": found.lesson.content, "taught": found.lesson.taught}
    return arrays


def _from_arrays(arrays: Arrays, task: Task) -> Measured:
    recalls = {most: arrays[f"recall{most}"] for most in RECALLS}
    learned = None
    if "taught" in arrays:
        learned = Lesson(later_positions(task), arrays["content"], arrays["taught"])
    reached = Run(arrays["ranks"], recalls, arrays["shown"])
    return Measured(reached, learned, str(arrays["settings"]), float(arrays["minutes"]))
