"""Which of the scored tracks may be in an answer: filters, dislikes, what is playing, and the number per artist.

Knows rows and filters; knows nothing about how scores come about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from segue.events import DEFAULT_COUNT, MAX_COUNT, Filters
from segue.model.index import Index
from segue.model.top import highest
from segue.ranking import Query
from segue.session import Session, disliked
from segue.tokens.codebook import Floats

# How many times more tracks than asked for are put in order at first, where a limit per artist may rule some out.
_AHEAD = 4
# Combinations of filters whose masks are kept: 4 bytes a track each.
_MOST_KEPT = 64


class Selector:
    """Selects from the tracks of one index; what many queries rule out alike is worked out once."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._barred: dict[tuple[bool, str], Tensor | None] = {}

    def best_rows(self, totals: Floats, query: Query, forbidden: npt.NDArray[np.bool_] | None = None) -> list[int]:
        """Return the rows of the answer, best first, none that is `forbidden`, [tracks]; ties go by row.

        Fewer than asked for only when no more are allowed.
        """
        count = min(query.count or DEFAULT_COUNT, MAX_COUNT)
        most = query.filters.max_per_artist
        allowed = self.allowed(totals, query)
        if forbidden is not None:
            allowed.numpy()[forbidden] = -np.inf
        if not most:
            return [int(row) for row in highest(allowed, count)]
        return self.spread(_descending(allowed, count * _AHEAD), count, most)

    def spread(self, rows: Iterable[int], count: int, most: int) -> list[int]:
        """Return the first `count` of the rows of which no artist has more than `most`; 0 is no limit."""
        chosen: list[int] = []
        artists: Counter[str] = Counter()
        for row in rows:
            names = set(self._index.track(row).artists)
            if not most or all(artists[name] < most for name in names):
                artists.update(names)
                chosen.append(row)
            if len(chosen) == count:
                break
        return chosen

    def allowed(self, totals: Floats, query: Query) -> Tensor:
        """Return the scores with minus infinity for what may not be in the answer, [tracks].

        That is what is filtered out, disliked, playing, or a seed.
        """
        barred = self._barred_for(query.filters)
        scores = torch.from_numpy(totals)
        scores = scores.clone() if barred is None else scores + barred
        written = scores.numpy()
        named = (*_excluded(query.session, query.filters), *query.seed_track_ids)
        written[[row for track_id in named if (row := self._index.rows.get(track_id)) is not None]] = -np.inf
        for artist in query.filters.exclude_artists:
            if (rows := self._index.by_artist.get(artist)) is not None:
                written[rows] = -np.inf
        return scores

    def _barred_for(self, filters: Filters) -> Tensor | None:
        """Return minus infinity for what these filters forbid whoever asks, else 0, [tracks]; None for nothing."""
        key = (filters.exclude_explicit, filters.market)
        if key not in self._barred:
            allowed = self._index.recommendable.copy()
            if filters.exclude_explicit:
                allowed &= ~self._index.explicit
            if filters.market:
                allowed &= self._index.markets.open_in(filters.market)
            made = None if allowed.all() else torch.from_numpy(np.where(allowed, 0.0, -np.inf).astype(np.float32))
            if len(self._barred) == _MOST_KEPT:
                self._barred.pop(next(iter(self._barred)))
            self._barred[key] = made
        return self._barred[key]


def _excluded(session: Session, filters: Filters) -> set[str]:
    heard = {event.track_id for event in session.events if filters.exclude_heard}
    playing = {session.events[-1].track_id} if session.events else set()
    return heard | playing | disliked(session) | set(filters.exclude_track_ids)


def _descending(scores: Tensor, ahead: int) -> Iterator[int]:
    """Yield the allowed rows by falling score, sorting only as many as are asked for."""
    done = 0
    while True:
        ordered = highest(scores, ahead)
        yield from ordered[done:].tolist()
        if len(ordered) < ahead:
            return
        done, ahead = len(ordered), 2 * ahead
