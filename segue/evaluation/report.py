"""A comparison as numbers: metrics of each system, slices, ratios with their intervals. Knows systems by name only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from segue.evaluation.bootstrap import Ratio, ratio
from segue.evaluation.comparison import Comparison, Outcome
from segue.evaluation.exposure import coverage, gini, novelty
from segue.evaluation.metrics import Values, gain, hit, reciprocal
from segue.evaluation.run import RECALLS
from segue.evaluation.segue_system import SEGUE
from segue.evaluation.slices import COLD, KNOWN, histories_of, length_slices, popularity_slices, week_slices
from segue.evaluation.task import Mask

# What Segue must beat, and by what cold tracks are judged.
RIVALS = ("item-knn", "als", "sasrec", "bert4rec")
POPULARITIES = ("popularity", "popularity fading")
CONTENT_KNN = "content-knn"

METRICS = {
    "hit1": partial(hit, most=1),
    "hit10": partial(hit, most=10),
    "hit100": partial(hit, most=100),
    "mrr": reciprocal,
    "ndcg10": gain,
}


def report(comparison: Comparison) -> dict[str, Any]:
    """Return everything that was measured, ready for JSON: `figures`, `systems`, and what the task was."""
    task = comparison.task
    return {
        "figures": figures(comparison),
        "task": {
            "dataset": str(task.dataset.folder),
            "until": None if task.rules.until is None else task.rules.until.isoformat(),
            "tracks": len(task.material.tracks),
            "newcomers": len(task.material.newcomers),
            "histories": len(set(histories_of(task))),
            "validation_positions": len(task.material.corpus.validation),
            "slices": {name: int(mask.sum()) for name, mask in popularity_slices(task).items()},
        },
        "systems": {name: summary(comparison, outcome) for name, outcome in comparison.outcomes.items()},
    }


def summary(comparison: Comparison, outcome: Outcome) -> dict[str, Any]:
    """Return one system's metrics: means over seeds, each seed's own hit@10, slices and curves."""
    task = comparison.task
    shown = np.asarray(np.sum([each.shown for each in outcome.runs], axis=0))
    first = outcome.runs[0].shown
    recalls = {
        f"recall{most}": _rounded(float(np.mean([each.recalls[most].mean() for each in outcome.runs])))
        for most in RECALLS
    }
    return {
        **_metrics(outcome),
        **recalls,
        "coverage10": _rounded(coverage(first)),
        "novelty10": _rounded(novelty(shown, task.counts)),
        "gini10": _rounded(gini(first)),
        "hit10_by_seed": [_rounded(value) for value in outcome.by_seed(METRICS["hit10"])],
        "mrr_by_seed": [_rounded(value) for value in outcome.by_seed(METRICS["mrr"])],
        "slices": {name: _metrics(outcome, mask) for name, mask in popularity_slices(task).items() if mask.any()},
        "by_length": _curve(outcome, length_slices(task)),
        "by_week": _curve(outcome, week_slices(task)),
        "settings": list(outcome.settings),
        "minutes": round(outcome.minutes, 2),
    }


def figures(comparison: Comparison) -> dict[str, Any]:
    """Return the headline figures under the names that the command reports them by; absent ones are left out."""
    task, outcomes = comparison.task, comparison.outcomes
    slices, histories = popularity_slices(task), histories_of(task)
    found: dict[str, Any] = {
        "positions": len(task.positions),
        "positions_known": int(slices[KNOWN].sum()),
        "hit10_by_system": {name: _rounded(_mean(each, "hit10")) for name, each in outcomes.items()},
        "mrr_by_system": {name: _rounded(_mean(each, "mrr")) for name, each in outcomes.items()},
    }
    segue = outcomes.get(SEGUE)
    if segue is None:
        return found
    found |= {"hit10": _rounded(_mean(segue, "hit10")), "mrr": _rounded(_mean(segue, "mrr"))}
    for metric in ("hit10", "mrr"):
        found |= _against(f"{metric}_over_best_baseline", segue, _best(outcomes, RIVALS, metric), metric, histories)
        known = _best(outcomes, RIVALS, metric, slices[KNOWN])
        found |= _against(f"{metric}_over_best_baseline_known", segue, known, metric, histories, slices[KNOWN])
        everybody = _best(outcomes, [name for name in outcomes if name != SEGUE], metric)
        found |= _against(f"{metric}_over_best_of_all", segue, everybody, metric, histories)
    best = _best(outcomes, POPULARITIES, "hit10")
    found |= _against("hit10_over_popularity", segue, best, "hit10", histories)
    content = outcomes.get(CONTENT_KNN)
    found |= _against("cold_over_content_knn", segue, content, "hit100", histories, slices[COLD])
    return found | _lessons(comparison)


def _against(
    name: str, system: Outcome, rival: Outcome | None, metric: str, histories: Sequence[str], among: Mask | None = None
) -> dict[str, Any]:
    """Return a ratio, its interval and whom it is against, under its name; nothing without a rival."""
    if rival is None:
        return {}
    chosen = np.ones(len(histories), bool) if among is None else among
    if not chosen.any():
        return {}
    above, below = system.values(METRICS[metric])[chosen], rival.values(METRICS[metric])[chosen]
    names = [history for history, is_chosen in zip(histories, chosen, strict=True) if is_chosen]
    return _named(name, ratio(above, below, names)) | {f"{name}_rival": rival.name}


def _lessons(comparison: Comparison) -> dict[str, Any]:
    lessons = comparison.lessons
    if not lessons or not lessons[0].positions:
        return {}
    names = [position.history for position in lessons[0].positions]
    taught = np.mean([hit(each.taught, 100) for each in lessons], axis=0)
    content = np.mean([hit(each.content, 100) for each in lessons], axis=0)
    return {
        **_named("five_additions_over_content", ratio(taught, content, names)),
        "five_additions_hit100": _rounded(float(taught.mean())),
        "five_additions_content_hit100": _rounded(float(content.mean())),
        "five_additions_positions": len(names),
        "five_additions_tracks": lessons[0].tracks,
    }


def _named(name: str, measured: Ratio) -> dict[str, Any]:
    value = None if measured.value is None else round(measured.value, 3)
    return {name: value, f"{name}_interval": measured.rounded}


def _best(
    outcomes: Mapping[str, Outcome], names: Sequence[str], metric: str, among: Mask | None = None
) -> Outcome | None:
    """Return the system of these names that reaches most."""
    there = [outcomes[name] for name in names if name in outcomes]
    return max(there, key=lambda each: _mean(each, metric, among), default=None)


def _mean(outcome: Outcome, metric: str, among: Mask | None = None) -> float:
    if among is not None and not among.any():
        return 0.0
    return float(np.mean(outcome.by_seed(METRICS[metric], among)))


def _metrics(outcome: Outcome, among: Mask | None = None) -> dict[str, float]:
    return {name: _rounded(_mean(outcome, name, among)) for name in METRICS}


def _curve(outcome: Outcome, slices: Mapping[str, Mask]) -> dict[str, dict[str, float]]:
    values: Values = outcome.values(METRICS["hit10"])
    return {
        name: {"hit10": _rounded(float(values[mask].mean())), "positions": int(mask.sum())}
        for name, mask in slices.items()
    }


def _rounded(value: float) -> float:
    return round(value, 5)
