"""Kinds of positions that are looked at apart: how popular the wanted track is, how far into the history it comes.

Knows a task, no ranker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from segue.evaluation.task import Mask, Task
from segue.tokens.codebook import Integers

HEAD, TORSO, TAIL, COLD, KNOWN = "head", "torso", "tail", "cold", "known"
# First and last number of moments before the position; what is longer is in the last.
LENGTHS = ((1, 4), (5, 9), (10, 19), (20, 39), (40, 79), (80, 159), (160, 319), (320, 10**9))
WEEK_MS = 7 * 86_400_000


def popularity_slices(task: Task) -> Mapping[str, Mask]:
    """Return which positions want a track of the head, the torso or the tail, which a known one, which a cold one.

    Of all wanted occurrences before the cut, the most popular tracks that make up a third are the head, the next ones
    that make up a third the torso, the others the tail.
    """
    wanted = np.array([position.wanted for position in task.positions], np.int64)
    third = thirds(task.counts)[wanted]
    is_cold = task.is_cold[wanted]
    found = {name: ~is_cold & (third == number) for number, name in enumerate((HEAD, TORSO, TAIL))}
    return found | {KNOWN: ~is_cold, COLD: is_cold}


def thirds(counts: Integers) -> Integers:
    """Return 0 for tracks of the head, 1 for the torso, 2 for the tail, [tracks]; ties go by row."""
    order = np.argsort(-counts, kind="stable")
    before = np.cumsum(counts[order]) - counts[order]
    found = np.empty(len(counts), np.int64)
    found[order] = np.minimum(2, 3 * before // max(1, int(counts.sum())))
    return found


def length_slices(task: Task) -> Mapping[str, Mask]:
    """Return which positions come after how many moments of their history."""
    places = np.array([position.place for position in task.positions], np.int64)
    return _filled(
        {
            (f"{first}+" if last == LENGTHS[-1][1] else f"{first}–{last}"): (places >= first) & (places <= last)
            for first, last in LENGTHS
        }
    )


def week_slices(task: Task) -> Mapping[str, Mask]:
    """Return which positions lie in which week after the cut; none where nothing is dated."""
    if not task.cut_ms:
        return {}
    weeks = np.array([(position.now_ms - task.cut_ms) // WEEK_MS for position in task.positions], np.int64)
    return _filled({str(week + 1): weeks == week for week in range(int(weeks.max()) + 1)})


def histories_of(task: Task) -> Sequence[str]:
    """Return the name of each position's history."""
    return [position.history for position in task.positions]


def _filled(slices: Mapping[str, Mask]) -> dict[str, Mask]:
    return {name: mask for name, mask in slices.items() if mask.any()}
