"""Histories cut into windows and put into batches of about equal numbers of tracks. Knows moments, not tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from segue.tokens.histories import History
from segue.tokens.prompt import NO_TARGET, Moment, TokenSequence, write


def windows(histories: Sequence[History], length: int, random: np.random.Generator) -> list[tuple[Moment, ...]]:
    """Return every history in windows of at most `length` moments that overlap by one, at a random phase, shuffled."""
    found: list[tuple[Moment, ...]] = []
    for history in histories:
        start = -int(random.integers(0, length)) if len(history.moments) > length else 0
        while start < len(history.moments) - 1:
            found.append(history.moments[max(0, start) : start + length])
            start += length - 1
    random.shuffle(found)  # type: ignore[arg-type]
    return [window for window in found if len(window) > 1]


def batches(
    histories: Sequence[History], window: int, tracks: int, random: np.random.Generator
) -> Iterator[list[TokenSequence]]:
    """Yield batches of sequences with about `tracks` predictions each, sequences of like length together."""
    sequences = [write(moments) for moments in windows(histories, window, random)]
    sequences = [each for each in sequences if any(target != NO_TARGET for target in each.targets)]
    pool = sorted(range(len(sequences)), key=lambda place: (len(sequences[place].positions) // 16, place))
    made: list[list[TokenSequence]] = [[]]
    predictions = 0
    for place in pool:
        if predictions >= tracks:
            made.append([])
            predictions = 0
        made[-1].append(sequences[place])
        predictions += sum(target != NO_TARGET for target in sequences[place].targets)
    for place in random.permutation(len(made)):
        if made[place]:
            yield made[place]
