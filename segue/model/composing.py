"""From scores to an answer: which tracks, with which reasons, and the words that go with them.

Knows a query with what was understood of it, its scores and a snapshot; knows nothing about how scores come about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from segue.catalog import Track
from segue.model.reasons import TELLING_PARTS, Reasoner
from segue.model.reply import NAMED_TRACKS, Told, reply
from segue.model.scoring import Scores
from segue.model.snapshot import Snapshot
from segue.model.steering import Steering
from segue.model.understanding import Understood
from segue.ranking import Query, Ranking
from segue.recommendations import RecommendedTrack, ScorePart
from segue.tokens.codebook import Floats
from segue.tokens.codebooks import Codebooks
from segue.wishes.wish import Act, Wish


@dataclass(frozen=True, slots=True)
class Judged:
    """A query with what was understood of it, and every track's score under its wishes and limits."""

    query: Query
    understood: Understood
    steering: Steering
    scores: Scores

    @property
    def is_question(self) -> bool:
        """Whether the query asks about tracks, and not for any."""
        return self.understood.stands.reading.act in (Act.WHY, Act.ABOUT)


class Composer:
    """Composes answers from one snapshot."""

    def __init__(self, snapshot: Snapshot, codebooks: Codebooks) -> None:
        self._snapshot = snapshot
        self._codebooks = codebooks

    def ranking(self, judged: Judged, model_version: str) -> Ranking:
        """Return the answer to a query."""
        reasoner = self.reasoner(judged)
        tracks = [self.recommended(row, judged, reasoner) for row in self._rows(judged)]
        # Sums in double precision may differ in the last digits from the sums that chose the rows.
        tracks = tracks if judged.is_question else sorted(tracks, key=lambda track: -track.score)
        return Ranking(
            tracks=tuple(tracks),
            reply=reply(self._tells(judged, tracks, reasoner)) if judged.query.utterance else (),
            is_offer=not judged.is_question,
            model_version=model_version,
            token_version=self._snapshot.index.token_version,
        )

    def reasoner(self, judged: Judged) -> Reasoner:
        """Return what puts a query's scores into words."""
        return Reasoner(judged.scores, self._codebooks, judged.understood)

    def recommended(self, row: int, judged: Judged, reasoner: Reasoner) -> RecommendedTrack:
        """Return a track with its score, parts and reasons."""
        track: Track = self._snapshot.index.track(row)
        parts = judged.scores.parts(row)
        return RecommendedTrack(
            track_id=track.track_id,
            title=track.title,
            artists=track.artists,
            score=sum(parts.values()),
            parts=tuple(ScorePart(name, value) for name, value in parts.items()),
            reasons=reasoner.reasons(row, {name: value for name, value in parts.items() if name in TELLING_PARTS}),
        )

    def allowed(self, judged: Judged) -> Floats:
        """Return the scores with minus infinity for what may not be in the answer, [tracks]."""
        allowed: Floats = self._snapshot.selector.allowed(judged.scores.totals, judged.query).numpy()
        if (forbidden := judged.steering.forbidden()) is not None:
            allowed[forbidden] = -np.inf
        return allowed

    def _rows(self, judged: Judged) -> Sequence[int]:
        """Return the rows of the answer: what a question is about, none for small talk, else the best."""
        reading, index = judged.understood.stands.reading, self._snapshot.index
        if judged.is_question:
            known = self._snapshot.conversing.known
            return [index.rows[track_id] for track_id in reading.about if known.track(track_id) is not None]
        if reading.act is not Act.ASK:
            return []
        return self._snapshot.selector.best_rows(judged.scores.totals, judged.query, judged.steering.forbidden())

    def _tells(self, judged: Judged, tracks: Sequence[RecommendedTrack], reasoner: Reasoner) -> Told:
        """Return what the reply tells of."""
        index, stands, steering = self._snapshot.index, judged.understood.stands, judged.steering
        rows = [index.rows[track.track_id] for track in tracks]
        matched = dict.fromkeys(word for row in rows[:NAMED_TRACKS] for word in reasoner.quoted_now(row))
        return Told(
            tracks=tracks,
            stands=stands,
            matched=list(matched),
            knows_session=len(reasoner.context.rows) > 0,
            listens=judged.scores.closeness is not None,
            wanted=judged.query.count,
            artists=frozenset(wish.name for wish in stands.wishes if wish.name in index.by_artist),
            untold=steering.untold,
            lifting={} if tracks else {wish: self._left_without(steering, wish) for wish, _ in steering.barred},
            facts=[index.track(row) for row in rows],
        )

    def _left_without(self, steering: Steering, wish: Wish) -> int:
        """Return how many tracks there would be without one of the limits."""
        forbidden, recommendable = steering.forbidden(wish), self._snapshot.index.recommendable
        return int((recommendable if forbidden is None else recommendable & ~forbidden).sum())


def counted(query: Query, understood: Understood) -> Query:
    """Return the query for as many tracks as its words ask for."""
    count = understood.stands.count if query.utterance else None
    return query if count is None else msgspec.structs.replace(query, count=count)
