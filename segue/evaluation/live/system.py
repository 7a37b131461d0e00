"""The full system as an arm: the recommender's own index, decoder and scorer, its index standing still or following.

What follows are the tokens that the services would publish: content and codes of new tracks, live neighbours, playlist
codes. Knows the recommender through loading, swapping its index and scoring.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from segue.catalog import Track, TrackTokens
from segue.cooccurrence import track as tracks
from segue.cooccurrence.clusters import FrozenClusters
from segue.cooccurrence.track import TrackState
from segue.evaluation.live.edits import EditLog
from segue.evaluation.live.flips import Flips
from segue.evaluation.live.shelves import DAY_MS, Question
from segue.evaluation.live.stream import CATALOG, Stream
from segue.evaluation.live.walk import Day
from segue.evaluation.systems import NOTHING
from segue.model.checkpoint import Checkpoint
from segue.model.index import Index
from segue.model.recommender import Recommender
from segue.model.scoring import BlendWeights, Scores
from segue.session import Position as At
from segue.tokens.codebook import Floats, Integers
from segue.tokens.codebooks import Codebooks
from segue.tokens.prompt import Moment

_NEVER = At(CATALOG, 0, 0, 0)
_BATCH = 32


@dataclass(slots=True)
class Follower:
    """An index while tokens of a stream are told to it, as the services would publish them."""

    stream: Stream
    tracks: Mapping[str, Track]
    codebooks: Codebooks
    clusters: FrozenClusters
    index: Index
    flips: Flips = field(default_factory=Flips)
    day: int = 0
    _changed: set[str] = field(default_factory=set)

    @classmethod
    def of(
        cls, stream: Stream, log: EditLog, codebooks: Codebooks, index: Index, flips: Flips | None = None
    ) -> Follower:
        """Begin with an index of the log's tracks as of a day; its tracks and their codes are the frozen ones."""
        tracks = [track for track in index.tracks if track is not None]
        clusters = codebooks.freeze(tracks, index.codes)
        return cls(stream, log.tracks, codebooks, clusters, index, flips or Flips())

    def note(self, changed: Iterable[str]) -> None:
        """Remember whose tokens have changed."""
        self._changed.update(changed)

    def follow(self) -> Index:
        """Tell the index all that has changed, and return it."""
        told = sorted(self._changed & self.tracks.keys())
        self._changed.clear()
        if told:
            self._describe([self.tracks[track_id] for track_id in told if track_id not in self.index.rows])
            self.index = self.index.updated(self._tokens(told), self.codebooks)
        return self.index

    def with_content(self, new: Sequence[Track]) -> Index:
        """Return the index after the catalogue told of new tracks; it is not kept."""
        codes: Iterable[Integers] = self.codebooks.content_codes(new) if new else ()
        states = [
            tracks.describe(TrackState(track.track_id), track, self.codebooks.as_message(row), _NEVER)
            for track, row in zip(new, codes, strict=True)
        ]
        return self.follow().updated(
            [token for state in states if (token := tracks.tokens(state, self.clusters))], self.codebooks
        )

    def _describe(self, new: Sequence[Track]) -> None:
        if new:
            for track, row in zip(new, self.codebooks.content_codes(new), strict=True):
                self.stream.describe(track, self.codebooks.as_message(row))

    def _tokens(self, told: Sequence[str]) -> list[TrackTokens]:
        tokens = []
        for track_id in told:
            token = tracks.tokens(self.stream.state(track_id), self.clusters)
            assert token is not None, "nothing is removed from the catalogue here"
            tokens.append(token)
            if token.live is not None and token.live.code is not None:
                self.flips.publish(track_id, token.live.code, self.day)
        return tokens


@dataclass(slots=True)
class SystemArm:
    """The recommender with one index; `at` are the index's rows of the log's, -1 for those it does not know."""

    recommender: Recommender
    track_ids: Sequence[str]
    at: Integers = field(default_factory=lambda: np.zeros(0, np.int64))

    @classmethod
    def of(cls, checkpoint: Checkpoint, weights: BlendWeights, track_ids: Sequence[str]) -> SystemArm:
        """Begin with the checkpoint's index."""
        return cls(Recommender(replace(checkpoint, weights=weights), cache_bytes=0), track_ids)

    def use(self, index: Index) -> None:
        """Answer from this index from now on."""
        self.recommender.swap(index)
        self.at = np.array([index.rows.get(track_id, -1) for track_id in self.track_ids], np.int64)

    @property
    def decoder_weight(self) -> float:
        """What the decoder's logits were multiplied with."""
        return self.recommender.checkpoint.weights.decoder

    def scored(self, questions: Sequence[Question]) -> Iterator[Scores]:
        """Yield the recommender's scores for each question, by its own rows."""
        for start in range(0, len(questions), _BATCH):
            chunk = questions[start : start + _BATCH]
            told = [self.moments(question) for question in chunk]
            yield from self.recommender.scores(told, [()] * len(chunk), [each.day * DAY_MS for each in chunk])

    def moments(self, question: Question) -> list[Moment]:
        """Return what the index knows of a question's context."""
        return [
            moment._replace(row=int(self.at[moment.row])) for moment in question.context if self.at[moment.row] >= 0
        ]

    def of_log(self, values: Floats, known: int) -> Floats:
        """Return values by the index's rows as values by the log's, the first `known`; nothing for unknown tracks."""
        allowed = np.where(self.recommender.index.recommendable, values, NOTHING)
        rows = self.at[:known]
        return np.where(rows >= 0, allowed[rows], NOTHING).astype(np.float32)


@dataclass(slots=True)
class SystemArms:
    """The recommender under one name: standing still without a follower, else using its index as of `as_of`."""

    name: str
    arm: SystemArm
    follower: Follower | None = None
    as_of: Callable[[int], int] = lambda day: day
    changed: Callable[[Index, int], Index] = lambda index, _: index
    _used: int = -1

    def answers(self, day: Day) -> Iterator[Mapping[str, Floats]]:
        """See Arm. A refreshed index holds all that was told by then."""
        if self.follower is not None and self.as_of(day.day) > self._used:
            self._used = self.as_of(day.day)
            self.arm.use(self.changed(self.follower.follow(), day.day))
        for scores in self.arm.scored(day.questions):
            yield {self.name: self.arm.of_log(scores.totals, day.known)}
