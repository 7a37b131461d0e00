"""Histories cut into windows, mixed by weight, and put into batches of about equal numbers of predictions.

Knows moments, not tensors. An epoch is a function of the histories, the rules and a random generator, so that a run
which is resumed sees the batches that it would have seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from segue.tokens.histories import History
from segue.tokens.prompt import NO_TARGET, Moment, TokenSequence, newest_sitting, write


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one sitting, behind what is told of the sittings before it; only the stretch is predicted."""

    moments: tuple[Moment, ...]
    first_target: int = 0


def windows(history: History, length: int, random: np.random.Generator) -> list[Window]:
    """Return a history in stretches of at most `length` moments, each within one sitting, overlapping by one.

    A sitting that is longer begins at a random phase, so that epochs cut it at different places.
    """
    found: list[Window] = []
    for begins, ends in sittings(history.moments):
        start = begins - (int(random.integers(0, length)) if ends - begins > length else 0)
        while start < max(begins + 1, ends - 1):
            first = max(begins, start)
            before = history.moments[:begins] if first == begins else ()
            moments = (*before, *history.moments[first : start + length][: ends - first])
            if len(moments) > 1:
                found.append(Window(moments, len(before)))
            start += length - 1
    return found


def sittings(moments: Sequence[Moment]) -> list[tuple[int, int]]:
    """Return where each sitting begins and ends, oldest first."""
    found: list[tuple[int, int]] = []
    end = len(moments)
    while end:
        begins = newest_sitting(moments[:end])
        found.append((begins, end))
        end = begins
    return found[::-1]


def epoch(
    histories: Sequence[History], window: int, mixture: Mapping[str, float], random: np.random.Generator
) -> list[TokenSequence]:
    """Return the sequences of one pass, shuffled: each kind of history as often as `mixture` says, by default once.

    A weight of 2.5 takes every window of the kind twice and every other one a third time, drawn at random.
    """
    drawn: list[Window] = []
    for kind, group in groupby(sorted(histories, key=lambda each: each.kind), key=lambda each: each.kind):
        found = [each for history in group for each in windows(history, window, random)]
        whole, part = divmod(mixture.get(kind, 1.0), 1.0)
        more = random.choice(len(found), round(part * len(found)), replace=False) if found else ()
        drawn += found * int(whole) + [found[place] for place in more]
    sequences = (
        write(drawn[place].moments, first_target=drawn[place].first_target) for place in random.permutation(len(drawn))
    )
    return [sequence for sequence in sequences if any(target != NO_TARGET for target in sequence.targets)]


def batches(
    sequences: Sequence[TokenSequence], predictions: int, random: np.random.Generator
) -> Iterator[list[TokenSequence]]:
    """Yield batches of about `predictions` predictions each, sequences of like length together, in random order."""
    pool = sorted(range(len(sequences)), key=lambda place: (len(sequences[place].positions) // 16, place))
    made: list[list[TokenSequence]] = [[]]
    inside = 0
    for place in pool:
        if inside >= predictions:
            made.append([])
            inside = 0
        made[-1].append(sequences[place])
        inside += sum(target != NO_TARGET for target in sequences[place].targets)
    for place in random.permutation(len(made)):
        if made[place]:
            yield made[place]
