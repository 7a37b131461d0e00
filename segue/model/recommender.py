"""The ranker: queries in, rankings with parts and reasons out; one forward pass for a whole batch.

A pass reads only what is new since each listener's last question. Implements `segue.ranking.Ranker`. Holds one index
at a time and swaps it whole, so that a batch sees one catalogue. Knows neither Triton nor where new indexes come from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from msgspec.structs import replace
from torch import Tensor

from segue.catalog import Track, TrackTokens
from segue.model.checkpoint import Checkpoint
from segue.model.decoder import Decoder
from segue.model.depth import RESCORED, DepthDecoder
from segue.model.description import describe
from segue.model.index import SLICE, Index, Turn
from segue.model.precision import fast_type
from segue.model.prefix_cache import MOST_BYTES, PrefixCache
from segue.model.reader import Reader
from segue.model.reasons import Reasoner
from segue.model.reply import NAMED_TRACKS, reply
from segue.model.scorer import Scorer
from segue.model.scoring import PARTS, Context, Scores
from segue.model.selection import Selector
from segue.model.top import highest
from segue.model.turns import Turns
from segue.ranking import Query, Ranking
from segue.recommendations import RecommendedTrack, ScorePart
from segue.session import Session
from segue.tokens.codebook import Floats
from segue.tokens.prompt import Moment, prompt, query_moments

MAX_BATCH = 64


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """An index and what is derived from it: read together, swapped together."""

    index: Index
    scorer: Scorer
    selector: Selector


class Recommender:
    """Ranks the tracks of an index for sessions; starts with the index of its checkpoint.

    `cache_bytes` bounds the memory for what was read of listeners' prompts; 0 keeps nothing.
    With a `depth` decoder the highest tracks are scored a second time.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: torch.device | str = "cpu",
        *,
        cache_bytes: int = MOST_BYTES,
        depth: DepthDecoder | None = None,
    ) -> None:
        self.checkpoint = checkpoint
        self._device = torch.device(device)
        decoder = Decoder(checkpoint.config)
        decoder.load_state_dict({name: torch.from_numpy(values) for name, values in checkpoint.parameters.items()})
        self._codes = decoder.codes.weight.detach().float().to(self._device)
        decoder.to(self._device, fast_type(self._device)).eval()
        self._depth = None if depth is None else depth.to(self._device)
        self._offsets = np.array(checkpoint.config.code_offsets, np.int64)
        self._reader = Reader(decoder, PrefixCache(cache_bytes))
        self._snapshot = self._derived(checkpoint.index)
        self.turns = Turns()

    @classmethod
    def load(cls, folder: Path, device: torch.device | str = "cpu") -> Recommender:
        """Load a checkpoint folder. Raises CheckpointError."""
        return cls(Checkpoint.load(folder), device)

    @property
    def index(self) -> Index:
        """The index that the next batch will see."""
        return self._snapshot.index

    def swap(self, index: Index) -> None:
        """Use another index from the next batch on. Safe beside `rank`: the assignment is atomic."""
        self._snapshot = self._derived(index)

    def update(self, tokens: Sequence[TrackTokens], removed: Collection[str] = ()) -> None:
        """Make an index with these tokens beside the requests, and use it from the next batch on.

        What neighbours come to is worked out afterwards: until then the first request that needs a list does it. Works
        in slices: requests are to be answered in turns of their own.
        """
        index = self.index.updated(tokens, self.checkpoint.codebooks, removed, self.turns.slice)
        self._snapshot = self._derived(index, self.turns.slice)
        for start in range(0, len(tokens), SLICE):
            with self.turns.slice():
                index.settle([token.track_id for token in tokens[start : start + SLICE]])

    def rank(self, queries: Sequence[Query]) -> list[Ranking]:
        """Return one ranking for each query, in order; see `segue.ranking.Ranker`."""
        ranked = iter(self._rank([query for query in queries if not query.about]))
        return [self._about(query.about) if query.about else next(ranked) for query in queries]

    def _about(self, track_id: str) -> Ranking:
        index, version = self.index, self.checkpoint.version
        described = describe(index, self.checkpoint.codebooks, track_id)
        if described is not None:
            described = replace(described, model_version=version, token_version=index.token_version)
        return Ranking(model_version=version, token_version=index.token_version, described=described)

    def _rank(self, queries: Sequence[Query]) -> list[Ranking]:
        snapshot = self._snapshot
        rankings: list[Ranking] = []
        for start in range(0, len(queries), MAX_BATCH):
            chunk = queries[start : start + MAX_BATCH]
            told = [query_moments(query, snapshot.index.rows, self.checkpoint.vocabulary) for query in chunk]
            states = self._states(
                snapshot, told, [query.now_ms for query in chunk], [query.session.listener_id for query in chunk]
            )
            scored = self._scores(snapshot, states, told, [_texts(query) for query in chunk])
            # One at a time: a large catalogue's scores for all of them would take much memory.
            rankings += [
                self._ranking(snapshot, query, scores, state)
                for query, scores, state in zip(chunk, scored, states, strict=True)
            ]
        return rankings

    def warm_up(self) -> None:
        """Rank once for nobody: what torch makes on first use is made now."""
        self.rank([Query(session=Session("")), Query(session=Session(""), utterance="hello")])

    def scores(
        self, told: Sequence[Sequence[Moment]], texts: Sequence[Sequence[str]], now_ms: Sequence[int]
    ) -> list[Scores]:
        """Return every track's score for each list of moments and its utterances: for evaluation, to read the model.

        A depth decoder re-scores the highest of all that may be recommended.
        """
        snapshot, anything = self._snapshot, Query(Session(""))
        states = self._states(snapshot, told, now_ms, [""] * len(told))
        scored = self._scores(snapshot, states, told, texts)
        return [self._rescored(snapshot, anything, scores, state) for scores, state in zip(scored, states, strict=True)]

    def _derived(self, index: Index, turn: Turn = nullcontext) -> _Snapshot:
        return _Snapshot(index, Scorer(index, self.checkpoint.weights, turn), Selector(index))

    def _states(
        self,
        snapshot: _Snapshot,
        told: Sequence[Sequence[Moment]],
        now_ms: Sequence[int],
        listener_ids: Sequence[str],
    ) -> Tensor:
        prompts = [prompt(moments, now) for moments, now in zip(told, now_ms, strict=True)]
        return self._reader.last(prompts, snapshot.index.codes, listener_ids).float()

    def _scores(
        self, snapshot: _Snapshot, states: Tensor, told: Sequence[Sequence[Moment]], texts: Sequence[Sequence[str]]
    ) -> Iterator[Scores]:
        logits: Floats = (states @ self._codes.T).cpu().numpy()
        for row, moments, said in zip(logits, told, texts, strict=True):
            yield snapshot.scorer.score(row, Context.of(moments, said, self.checkpoint.weights.place_power))

    def _rescored(self, snapshot: _Snapshot, query: Query, scores: Scores, state: Tensor) -> Scores:
        if self._depth is None:
            return scores
        rows = highest(snapshot.selector.allowed(scores.totals, query), RESCORED)
        code_rows = snapshot.index.codes[rows] + self._offsets
        return scores.with_depth(rows, self._depth.second_opinion(state, code_rows, self._codes))

    def _ranking(self, snapshot: _Snapshot, query: Query, scores: Scores, state: Tensor) -> Ranking:
        scores = self._rescored(snapshot, query, scores, state)
        rows = snapshot.selector.best_rows(scores.totals, query)
        reasoner = Reasoner(scores, self.checkpoint.codebooks)
        tracks = [_recommended(scores.index.track(row), row, scores, reasoner) for row in rows]
        return Ranking(
            # Sums in double precision may differ in the last digits from the sums that chose the rows.
            tracks=tuple(sorted(tracks, key=lambda track: -track.score)),
            reply_text=_reply(scores, rows, reasoner) if query.utterance else "",
            model_version=self.checkpoint.version,
            token_version=scores.index.token_version,
        )


def _recommended(track: Track, row: int, scores: Scores, reasoner: Reasoner) -> RecommendedTrack:
    parts = scores.parts(row)
    return RecommendedTrack(
        track_id=track.track_id,
        title=track.title,
        artists=track.artists,
        score=sum(parts.values()),
        parts=tuple(ScorePart(name, value) for name, value in parts.items()),
        reasons=reasoner.reasons(row, {name: parts[name] for name in PARTS}),
    )


def _reply(scores: Scores, rows: Sequence[int], reasoner: Reasoner) -> str:
    matched = dict.fromkeys(word for row in rows[:NAMED_TRACKS] for word in reasoner.quoted(row))
    return reply([scores.index.track(row) for row in rows], list(matched), knows_session=len(scores.context.rows) > 0)


def _texts(query: Query) -> list[str]:
    """Return what was said, oldest first, the utterance to answer last and once."""
    said = [turn.text for turn in query.session.turns]
    if query.utterance and (not said or said[-1] != query.utterance):
        said.append(query.utterance)
    return said
