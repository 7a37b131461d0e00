"""What came of an evaluation in an invented world: the gap to the oracle, and what each modality is worth.

Knows a comparison and names of systems, no world. Intervals are paired bootstraps over histories, as in `bootstrap.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from segue.evaluation.bootstrap import DRAWS, INTERVAL
from segue.evaluation.comparison import Comparison
from segue.evaluation.hushing import UNTOLD, hushed
from segue.evaluation.metrics import Values
from segue.evaluation.positions import Position
from segue.evaluation.report import METRICS
from segue.evaluation.segue_system import SEGUE
from segue.evaluation.slices import histories_of
from segue.evaluation.world import ORACLE, WITHOUT

POPULARITY = "popularity"


def world_figures(comparison: Comparison) -> dict[str, Any]:
    """Return the figures under the names that the command reports them by."""
    hits = {name: outcome.values(METRICS["hit10"]) for name, outcome in comparison.outcomes.items()}
    histories = histories_of(comparison.task)
    kinds = np.array([position.kind for position in comparison.task.positions])
    baselines = {name: each.mean() for name, each in hits.items() if _is_baseline(name)}
    best = max(baselines, key=baselines.__getitem__)
    gap = gap_closed(hits[SEGUE], hits[POPULARITY], hits[ORACLE])
    return (
        {
            "positions": len(histories),
            "oracle_gap_closed": _rounded(gap),
            "oracle_gap_closed_interval": interval(
                gap_closed, [hits[SEGUE], hits[POPULARITY], hits[ORACLE]], histories
            ),
            "oracle_gap_closed_by_kind": {
                str(kind): _rounded(gap_closed(*(hits[name][kinds == kind] for name in (SEGUE, POPULARITY, ORACLE))))
                for kind in np.unique(kinds)
            },
            "hit10_by_system": {name: _rounded(float(each.mean())) for name, each in hits.items()},
            "best_baseline": best,
            "hit10_over_best_baseline": _rounded(float(hits[SEGUE].mean() / max(baselines[best], 1e-9))),
        }
        | _drops(hits, histories)
        | _event_drops(hits, comparison.task.positions)
    )


def gap_closed(model: Values, popularity: Values, oracle: Values) -> float:
    """Return which share of the way from popularity to the oracle the model goes; 0 where there is no way to go."""
    whole = float(oracle.mean() - popularity.mean())
    return float(model.mean() - popularity.mean()) / whole if whole > 0 else 0.0


def interval(statistic: Callable[..., float], values: Sequence[Values], histories: Sequence[str]) -> list[float]:
    """Return the ends within which a statistic of paired values lies in INTERVAL of the draws of histories."""
    _, places = np.unique(np.asarray(histories), return_inverse=True)
    sums = np.stack([np.bincount(places, each) for each in values])
    counts = np.bincount(places).astype(np.float64)
    random = np.random.default_rng(1)
    drawn = random.multinomial(len(counts), np.full(len(counts), 1.0 / len(counts)), size=DRAWS).astype(np.float64)
    means = (sums @ drawn.T) / (counts @ drawn.T)
    found = [statistic(*(np.array([mean]) for mean in draw)) for draw in means.T]
    ends = np.quantile(found, [(1.0 - INTERVAL) / 2, (1.0 + INTERVAL) / 2])
    return [_rounded(float(end)) for end in ends]


def _drops(hits: Mapping[str, Values], histories: Sequence[str]) -> dict[str, Any]:
    """Return how far hit@10 falls without each modality that was left out; nothing where none was."""
    drops = {name.removeprefix(WITHOUT): hits[SEGUE] - each for name, each in hits.items() if name.startswith(WITHOUT)}
    if not drops:
        return {}
    intervals = {name: interval(lambda drop: float(drop.mean()), [drop], histories) for name, drop in drops.items()}
    return {
        "modality_drop": {name: _rounded(float(drop.mean())) for name, drop in drops.items()},
        "modality_drop_interval": intervals,
        "modalities_that_matter": sum(low > 0 for low, _ in intervals.values()),
    }


def _event_drops(hits: Mapping[str, Values], positions: Sequence[Position]) -> dict[str, Any]:
    """Return how far hit@10 falls untold of each kind of event, at the positions before which some happened."""
    found: dict[str, dict[str, Any]] = {"event_drop": {}, "event_drop_interval": {}, "event_positions": {}}
    for name, each in hits.items():
        if not name.startswith(UNTOLD):
            continue
        event = name.removeprefix(UNTOLD)
        heard = np.array([hushed(position, event) is not position for position in positions])
        drop = (hits[SEGUE] - each)[heard]
        histories = [position.history for position, kept in zip(positions, heard, strict=True) if kept]
        found["event_positions"][event] = len(histories)
        if histories:
            found["event_drop"][event] = _rounded(float(drop.mean()))
            found["event_drop_interval"][event] = interval(lambda drop: float(drop.mean()), [drop], histories)
    return found if found["event_positions"] else {}


def _is_baseline(name: str) -> bool:
    return name not in (SEGUE, ORACLE) and not name.startswith((WITHOUT, UNTOLD))


def _rounded(value: float) -> float:
    return round(value, 4)
