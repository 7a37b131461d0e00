"""The baselines: what is popular, counted in three ways. Knows a dataset and a plan, no model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from deploy.local.real.plan import Plan
from segue.dataset import Dataset
from segue.events import PlaylistAction

RECENT = timedelta(days=28)

ALL_TIME = "most added before the cut"
LATELY = f"most added in the {RECENT.days} days before the cut"
REPLAYED = "most added in the replay"


class Baselines:
    """Rankings by number of additions, the same for everybody; ties go by track id."""

    def __init__(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        self._rankings = {
            name: [track_id for _, track_id in sorted((-count, track_id) for track_id, count in counted.items())]
            for name, counted in counts.items()
        }

    @property
    def names(self) -> tuple[str, ...]:
        """What each ranking counts."""
        return tuple(self._rankings)

    def top(self, count: int, excluded: Collection[str]) -> dict[str, Sequence[str]]:
        """Return each ranking's first tracks that are not excluded."""
        return {name: _first(ranking, count, excluded) for name, ranking in self._rankings.items()}


def count_additions(dataset: Dataset, plan: Plan, cut: datetime) -> Baselines:
    """Count what was added before the cut, lately before it, and after it as far as it is replayed."""
    all_time: Counter[str] = Counter()
    lately: Counter[str] = Counter()
    for playlist in dataset.playlists():
        for entry in playlist.entries:
            if entry.added_at is not None and entry.added_at < cut:
                all_time[entry.track_id] += 1
                lately[entry.track_id] += entry.added_at >= cut - RECENT
    replayed = Counter(edit.track_id for edit in plan.edits if edit.action is PlaylistAction.TRACK_ADDED)
    return Baselines({ALL_TIME: all_time, LATELY: lately, REPLAYED: replayed})


def _first(ranking: Sequence[str], count: int, excluded: Collection[str]) -> Sequence[str]:
    found: list[str] = []
    for track_id in ranking:
        if len(found) == count:
            break
        if track_id not in excluded:
            found.append(track_id)
    return found
