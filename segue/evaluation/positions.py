"""Held-back positions: what a recommender would have been asked, and what it should have said.

Knows histories. Candidates that the context rules out (tracks that are in the playlist already, the track that is
playing) are ruled out for every ranker alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from segue.tokens.histories import PLAYLIST, History
from segue.tokens.prompt import Moment

# Moments before a position that are told; more would not fit the prompt.
MAX_CONTEXT = 64


@dataclass(frozen=True, slots=True)
class Position:
    """One place in a history: the moments before it, the utterances so far, the wanted row, and the rows ruled out.

    `history` and `place` say where it lies, `sitting` in which of a listener's sittings; `label` is the name of the
    playlist, which its listener knows.
    """

    kind: str
    moments: tuple[Moment, ...]
    texts: tuple[str, ...]
    now_ms: int
    wanted: int
    excluded: tuple[int, ...]
    history: str = ""
    place: int = 0
    label: str = ""
    sitting: str = ""


def positions(history: History, start: int) -> Iterator[Position]:
    """Yield every wanted track of a history from place `start` on, with the moments before it."""
    for place in range(max(1, start), len(history.moments)):
        moment = history.moments[place]
        if not moment.wanted:
            continue
        said = sum(earlier.is_turn for earlier in history.moments[:place])
        yield Position(
            kind=history.kind,
            moments=history.moments[max(0, place - MAX_CONTEXT) : place],
            texts=history.texts[:said],
            now_ms=moment.time_ms,
            wanted=moment.row,
            excluded=_excluded(history, place),
            history=f"{history.kind} {history.name}",
            place=place,
            label=history.label,
            sitting=moment.sitting,
        )


def spread(items: Sequence[Position], most: int) -> list[Position]:
    """Return at most `most` positions, evenly spread."""
    step = max(1.0, len(items) / most)
    return [items[int(place * step)] for place in range(min(most, len(items)))]


def _excluded(history: History, place: int) -> tuple[int, ...]:
    earlier = history.moments[:place]
    if history.kind != PLAYLIST:
        judged = history.kind == "dialogue"
        rows = {moment.row for moment in (earlier if judged else earlier[-1:]) if moment.is_track}
        return tuple(sorted(rows))
    now_ms = history.moments[place].time_ms
    inside = {
        moment.row
        for moment, removed in zip(earlier, history.removed_ms, strict=False)
        if removed is None or removed > now_ms
    }
    return tuple(sorted(inside))
