"""What the arms reached, as numbers: by arm, by week since the cut, headline ratios, all with intervals over playlists.

Knows ranks, names of arms and when tracks were first added; knows no arm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from segue.evaluation.bootstrap import Ratio, ratio
from segue.evaluation.live.arms import FROZEN, LIVE, WEEK, WEEKLY
from segue.evaluation.live.edits import EditLog
from segue.evaluation.live.prequential import AS_TRAINED, CLASSES, CODES, DENSE, KNN, SYSTEM, Outcome
from segue.evaluation.metrics import Values, hit, reciprocal
from segue.evaluation.task import Mask

TOP = 10


def report(outcome: Outcome, log: EditLog, cut: int) -> dict[str, Any]:
    """Return all that was measured, ready for JSON: `figures`, `arms`, `cold`, and what the task was."""
    first = np.array(log.first_days, np.int64)[np.array(outcome.rows, np.int64)]
    days = np.array(outcome.days, np.int64)
    slices = {
        "known_at_cut": first < cut,
        "added_since": (first >= cut) & (first < days),
        "new_that_day": first >= days,
    }
    return {
        "figures": figures(outcome),
        "task": {
            "additions": len(days),
            "playlists": len(set(outcome.playlists)),
            "days": len(set(outcome.days)),
            **{f"additions_{name}": int(mask.sum()) for name, mask in slices.items()},
        },
        "arms": {name: _arm(np.array(ranks, np.int64), outcome, slices, cut) for name, ranks in outcome.ranks.items()},
        "cold": {
            name: _mean(np.array(values), outcome.cold_playlists) | {"additions": len(values)}
            for name, values in outcome.cold.items()
        },
        "codes": {"tracks": outcome.flips.tracks, "moved": outcome.flips.moved},
    }


def figures(outcome: Outcome) -> dict[str, Any]:
    """Return the headline figures with their intervals; what could not be measured is None."""
    hits = {name: hit(np.array(ranks, np.int64), TOP) for name, ranks in outcome.ranks.items()}
    standing = max((f"{SYSTEM} {FROZEN}", f"{SYSTEM} {FROZEN}, {AS_TRAINED}"), key=lambda name: hits[name].sum())
    live = hits[f"{SYSTEM} {LIVE}"]
    return {
        "additions": len(outcome.days),
        "hit10": _rounded(float(live.mean())) if len(live) else None,
        **_named("live_over_frozen", ratio(live, hits[standing], outcome.playlists)),
        "live_over_frozen_rival": standing,
        **_named("live_over_weekly", ratio(live, hits[f"{SYSTEM} {WEEKLY}"], outcome.playlists)),
        **_named("system_over_live_knn", ratio(live, hits[f"{KNN} {LIVE}"], outcome.playlists)),
        **_named("codes_live_over_frozen", _over(hits, f"{CODES} {LIVE}", f"{CODES} {FROZEN}", outcome)),
        **_named("classes_live_over_frozen", _over(hits, f"{CLASSES} {LIVE}", f"{CLASSES} {FROZEN}", outcome)),
        "flipback_share": _rounded(outcome.flips.back_share),
        **_named("cold_over_dense", ratio(*_cold(outcome), outcome.cold_playlists)),
        "cold_additions": len(outcome.cold_playlists),
    }


def _over(hits: Mapping[str, Values], above: str, below: str, outcome: Outcome) -> Ratio:
    return ratio(hits[above], hits[below], outcome.playlists)


def _cold(outcome: Outcome) -> tuple[Values, Values]:
    return np.array(outcome.cold[SYSTEM]), np.array(outcome.cold[DENSE])


def _arm(ranks: Any, outcome: Outcome, slices: Mapping[str, Mask], cut: int) -> dict[str, Any]:
    hits, playlists = hit(ranks, TOP), np.array(outcome.playlists)
    weeks = (np.array(outcome.days) - cut) // WEEK
    return {
        "hit10": _mean(hits, outcome.playlists),
        "mrr": _rounded(float(reciprocal(ranks).mean())),
        "slices": {
            name: _mean(hits[mask], playlists[mask].tolist())
            for name, mask in slices.items()
            if mask.any() and name != "new_that_day"
        },
        "by_week": {
            str(week + 1): _mean(hits[weeks == week], playlists[weeks == week].tolist()) for week in np.unique(weeks)
        },
    }


def _mean(values: Values, playlists: Sequence[str]) -> dict[str, Any]:
    """Return a mean over positions with its interval over playlists."""
    found = ratio(values, np.ones(len(values)), playlists)
    ends = [None if end is None else _rounded(end) for end in (found.low, found.high)]
    return {"value": _rounded(found.value or 0.0), "interval": ends, "positions": len(values)}


def _named(name: str, measured: Ratio) -> dict[str, Any]:
    return {name: None if measured.value is None else round(measured.value, 3), f"{name}_interval": measured.rounded}


def _rounded(value: float) -> float:
    return round(value, 5)
