"""The ranker: queries in, rankings with parts and reasons out; one forward pass for a whole batch.

A pass reads only what is new since each listener's last question. Implements `segue.ranking.Ranker`. Holds one index
at a time and swaps it whole, so that a batch sees one catalogue. Knows neither Triton nor where new indexes come from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import msgspec
import numpy as np
import torch
from msgspec.structs import replace
from torch import Tensor

from segue.catalog import TrackTokens
from segue.model.checkpoint import Checkpoint
from segue.model.closeness import Closeness, question
from segue.model.composing import Composer, Judged, counted
from segue.model.conversing import Conversing
from segue.model.decoder import Decoder
from segue.model.depth import RESCORED, DepthDecoder
from segue.model.description import describe
from segue.model.explaining import Explainer
from segue.model.index import SLICE, Index
from segue.model.precision import fast_type
from segue.model.prefix_cache import MOST_BYTES, PrefixCache
from segue.model.reader import Reader
from segue.model.scoring import Context, Scores
from segue.model.snapshot import Snapshot
from segue.model.text_encoder import PackagedEncoder
from segue.model.top import highest
from segue.model.turns import Turn, Turns
from segue.model.understanding import Understanding, Understood
from segue.ranking import Query, Ranking
from segue.session import Session
from segue.tokens.codebook import Floats
from segue.tokens.prompt import Moment, prompt, query_moments

MAX_BATCH = 64


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
        self._understanding = Understanding()
        self._closeness = _closeness(checkpoint)
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
        known = self.index.tracks
        if self._closeness is not None and index.tracks is not known:
            changed = [row for row, track in enumerate(index.tracks) if row >= len(known) or track is not known[row]]
            self._closeness.learn(changed, index.tracks)
        self._snapshot = self._derived(index, before=self._snapshot.conversing)

    def update(self, tokens: Sequence[TrackTokens], removed: Collection[str] = ()) -> None:
        """Make an index with these tokens beside the requests, and use it from the next batch on.

        What neighbours come to is worked out afterwards, and so is what new tracks tell: until then the first request
        that needs a list does it, and nothing said is close to those tracks or far. Works in slices: requests are to be
        answered in turns of their own.
        """
        index = self.index.updated(tokens, self.checkpoint.codebooks, removed, self.turns.slice)
        self._snapshot = self._derived(index, self.turns.slice, self._snapshot.conversing)
        for start in range(0, len(tokens), SLICE):
            with self.turns.slice():
                index.settle([token.track_id for token in tokens[start : start + SLICE]])
        if self._closeness is not None:
            told = {index.rows[token.track_id] for token in tokens if token.track is not None}
            self._closeness.learn(sorted(told), index.tracks, self.turns.slice)

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
        composer = Composer(snapshot, self.checkpoint.codebooks)
        explainer = Explainer(
            snapshot,
            composer,
            lambda asked: self._judged(snapshot, asked, remember=False),
            lambda query: self._understood(snapshot, query),
        )
        rankings: list[Ranking] = []
        for start in range(0, len(queries), MAX_BATCH):
            chunk = queries[start : start + MAX_BATCH]
            # One at a time: a large catalogue's scores for all of them would take much memory.
            for judged in self._judged(snapshot, chunk):
                ranking = composer.ranking(judged, self.checkpoint.version)
                explanation = explainer.explained(judged) if judged.query.explain_track_id else None
                rankings.append(msgspec.structs.replace(ranking, explanation=explanation) if explanation else ranking)
        return rankings

    def allowed(self, queries: Sequence[Query]) -> list[Floats]:
        """Return every track's score for each query, minus infinity where it may not be in the answer."""
        snapshot = self._snapshot
        composer = Composer(snapshot, self.checkpoint.codebooks)
        return [composer.allowed(judged) for judged in self._judged(snapshot, queries, remember=False)]

    def _judged(self, snapshot: Snapshot, queries: Sequence[Query], *, remember: bool = True) -> Iterator[Judged]:
        """Yield each query with what was understood of it and its scores; prompts are remembered, if one may."""
        understood = [self._understood(snapshot, query) for query in queries]
        told = [self._told(snapshot, *each) for each in zip(queries, understood, strict=True)]
        listeners = [query.session.listener_id if remember else "" for query in queries]
        states = self._states(snapshot, told, [query.now_ms for query in queries], listeners)
        texts, said = [each.stands.texts for each in understood], [each.stands.said for each in understood]
        scored = self._scores(snapshot, states, told, texts, said)
        for query, each, scores, state in zip(queries, understood, scored, states, strict=True):
            steering = snapshot.conversing.steerer.steer(each.stands, query.session, each.offered)
            final = self._rescored(snapshot, query, scores.steered(steering.parts), state)
            yield Judged(counted(query, each), each, steering, final)

    def warm_up(self) -> None:
        """Rank once for nobody: what torch makes on first use is made now."""
        self.rank([Query(session=Session("")), Query(session=Session(""), utterance="something good")])

    def scores(
        self, told: Sequence[Sequence[Moment]], texts: Sequence[Sequence[str]], now_ms: Sequence[int]
    ) -> list[Scores]:
        """Return every track's score for each list of moments and its utterances: for evaluation, to read the model.

        A depth decoder re-scores the highest of all that may be recommended.
        """
        snapshot, anything = self._snapshot, Query(Session(""))
        states = self._states(snapshot, told, now_ms, [""] * len(told))
        scored = self._scores(snapshot, states, told, texts, texts)
        return [self._rescored(snapshot, anything, scores, state) for scores, state in zip(scored, states, strict=True)]

    def _derived(self, index: Index, turn: Turn = nullcontext, before: Conversing | None = None) -> Snapshot:
        return Snapshot.of(index, self.checkpoint.weights, turn, before)

    def _understood(self, snapshot: Snapshot, query: Query) -> Understood:
        if not (query.utterance or query.session.turns):
            return Understood(heard=frozenset(event.track_id for event in query.session.events))
        return self._understanding.of(query, snapshot.conversing.known)

    def _told(self, snapshot: Snapshot, query: Query, understood: Understood) -> list[Moment]:
        """Return the moments of the prompt: the query's, and before the utterance the tracks that words point at."""
        moments = query_moments(query, snapshot.index.rows, self.checkpoint.vocabulary)
        if not understood.stands.wishes:
            return moments
        pointed = snapshot.conversing.steerer.moments(understood.stands, moments)
        last = len(moments) - bool(query.utterance)
        return [*moments[:last], *pointed, *moments[last:]]

    def _states(
        self,
        snapshot: Snapshot,
        told: Sequence[Sequence[Moment]],
        now_ms: Sequence[int],
        listener_ids: Sequence[str],
    ) -> Tensor:
        prompts = [prompt(moments, now) for moments, now in zip(told, now_ms, strict=True)]
        return self._reader.last(prompts, snapshot.index.codes, listener_ids).float()

    def _scores(
        self,
        snapshot: Snapshot,
        states: Tensor,
        told: Sequence[Sequence[Moment]],
        texts: Sequence[Sequence[str]],
        said: Sequence[Sequence[str]],
    ) -> Iterator[Scores]:
        """Yield the scores; `texts` are looked for word by word, `said` is what the text encoder reads of them."""
        logits: Floats = (states @ self._codes.T).cpu().numpy()
        for row, moments, words, heard in zip(logits, told, texts, said, strict=True):
            context = Context.of(moments, words, self.checkpoint.weights.place_power)
            yield snapshot.scorer.score(row, context, self._close(snapshot.index, moments, heard))

    def _close(self, index: Index, moments: Sequence[Moment], said: Sequence[str]) -> Floats | None:
        """Return how close what was said is to every track, [tracks]; None where nothing was, or nobody listens."""
        if self._closeness is None or not said:
            return None
        return self._closeness.of(question(moments, said, index.tracks), len(index))

    def _rescored(self, snapshot: Snapshot, query: Query, scores: Scores, state: Tensor) -> Scores:
        if self._depth is None:
            return scores
        rows = highest(snapshot.selector.allowed(scores.totals, query), RESCORED)
        code_rows = snapshot.index.codes[rows] + self._offsets
        return scores.with_depth(rows, self._depth.second_opinion(state, code_rows, self._codes))


def _closeness(checkpoint: Checkpoint) -> Closeness | None:
    vectors, weight = checkpoint.text_vectors, checkpoint.weights.closeness
    if vectors is None or not weight:
        return None
    return Closeness(PackagedEncoder(checkpoint.text_difference), vectors, checkpoint.index.tracks, weight)
