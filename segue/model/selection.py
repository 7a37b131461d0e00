"""Which of the scored tracks may be in an answer: filters, dislikes, what is playing, and the number per artist.

Knows rows and filters; knows nothing about how scores come about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from segue.events import DEFAULT_COUNT, MAX_COUNT, Filters
from segue.model.index import Index
from segue.ranking import Query
from segue.session import Session, disliked
from segue.tokens.codebook import Floats

# How many times more tracks than asked for are put in order at first; only a limit per artist makes more necessary.
_AHEAD = 4


def best_rows(index: Index, totals: Floats, query: Query) -> list[int]:
    """Return the rows of the answer, best first; ties go by row. Fewer than asked for only when no more are allowed."""
    count = min(query.count or DEFAULT_COUNT, MAX_COUNT)
    allowed = allowed_rows(index, query)
    scores = np.where(allowed, totals, -np.inf)
    chosen: list[int] = []
    artists: Counter[str] = Counter()
    for row in _descending(scores, int(allowed.sum()), count * _AHEAD):
        names = set(index.track(row).artists)
        most = query.filters.max_per_artist
        if not most or all(artists[name] < most for name in names):
            artists.update(names)
            chosen.append(row)
        if len(chosen) == count:
            break
    return chosen


def allowed_rows(index: Index, query: Query) -> npt.NDArray[np.bool_]:
    """Return which rows may be in the answer, [tracks]: not filtered out, disliked, playing, or a seed."""
    allowed = index.recommendable.copy()
    if query.filters.exclude_explicit:
        allowed &= ~index.explicit
    for track_id in (*_excluded(query.session, query.filters), *query.seed_track_ids):
        if (row := index.rows.get(track_id)) is not None:
            allowed[row] = False
    for artist in query.filters.exclude_artists:
        if (rows := index.by_artist.get(artist)) is not None:
            allowed[rows] = False
    return allowed


def _excluded(session: Session, filters: Filters) -> set[str]:
    heard = {event.track_id for event in session.events if filters.exclude_heard}
    playing = {session.events[-1].track_id} if session.events else set()
    return heard | playing | disliked(session) | set(filters.exclude_track_ids)


def _descending(scores: Floats, allowed: int, ahead: int) -> Iterator[int]:
    """Yield the allowed rows by falling score, sorting only as many as are asked for."""
    done = 0
    while done < allowed:
        ahead = min(allowed, max(ahead, 2 * done))
        # A stable order among equals: what partition returns at its edge is arbitrary, so the edge's equals come along.
        edge = np.partition(scores, len(scores) - ahead)[len(scores) - ahead]
        candidates = np.flatnonzero(scores >= edge)
        ordered = candidates[np.argsort(-scores[candidates], kind="stable")]
        yield from ordered[done:allowed].tolist()
        done = min(allowed, len(ordered))
