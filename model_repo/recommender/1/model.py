"""Triton's `recommender`: decodes queries, lets `segue.model.recommender` rank them in one batch, encodes the rankings.

A malformed query fails the request it came in, and no other. The checkpoint is the setting `SEGUE_CHECKPOINT`; when it
is missing or damaged the model does not load, and Triton's log says why. The index follows `track-tokens` where
`SEGUE_FOLLOW_TOKENS` is on, and `SEGUE_METRICS_PORT` tells how far it is. Knows nothing about models.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import numpy as np
import torch
import triton_python_backend_utils as pb_utils

from segue import ranking, wire
from segue.catalog import TrackTokens
from segue.errors import MalformedMessage
from segue.model.recommender import Recommender
from segue.ranking import Query, Ranking
from services.runtime import garbage, log, settings
from services.runtime.follower import Follower
from services.runtime.health import Readiness
from services.runtime.index_metrics import INFO, IndexMetrics, MetricsPort
from services.runtime.settings import Settings
from services.runtime.topology import TRACK_TOKENS

# How long the follower's thread may go on while a request waits for the interpreter; Python's own 5 ms are as long as
# an answer takes (bench.tokens).
SWITCH_SECONDS = 0.0002
# What follows the topic leaves cycles behind: collected in large heaps, they held requests up for 60 ms.
YOUNG, MIDDLE = 2_000, 5


class TritonPythonModel:
    """The class that Triton's Python backend looks for."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the checkpoint and rank once, so that the first listener does not wait for what is made on first use."""
        torch.set_num_threads(1)
        sys.setswitchinterval(SWITCH_SECONDS)
        device = f"cuda:{args['model_instance_device_id']}" if args["model_instance_kind"] == "GPU" else "cpu"
        given = settings.load()
        log.configure(given, "recommender")
        self._recommender = Recommender.load(given.checkpoint, device)
        self._recommender.warm_up()
        garbage.settle(YOUNG, MIDDLE)
        checkpoint = self._recommender.checkpoint
        INFO.labels(checkpoint.version, checkpoint.codebooks.version).set(1)
        readiness = Readiness("index")
        self._metrics = MetricsPort(given, readiness)
        self._metrics.start()
        self._follower = self._following(given) if given.follow_tokens else None
        if self._follower is not None:
            self._follower.start()
        readiness.satisfied("index")

    def _following(self, given: Settings) -> Follower[TrackTokens]:
        def read(_track_id: str, value: bytes) -> TrackTokens:
            return _tokens(value)

        turn = self._recommender.turns.slice
        return Follower(given, "recommender", TRACK_TOKENS, read, self._update, IndexMetrics(), turn=turn)

    def finalize(self) -> None:
        """Stop following, and leave the port."""
        if self._follower is not None:
            self._follower.stop()
        self._metrics.stop()

    def _update(self, tokens: Sequence[TrackTokens], removed: Collection[str]) -> None:
        """Runs in the follower's thread: the new index is made between requests, and swapped in between two."""
        self._recommender.update(tokens, removed)

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Answer every request; its QUERY and RANKING have shape [batch, 1]."""
        with self._recommender.turns.request():
            asked = [_queries(request) for request in requests]
            queries = [query for each in asked if isinstance(each, list) for query in each]
            rankings = iter(self._recommender.rank(queries))
            return [
                _answer([next(rankings) for _ in each]) if isinstance(each, list) else _refusal(each) for each in asked
            ]


def _tokens(value: bytes) -> TrackTokens:
    """Return what track_tokens wrote, ten times faster than what anybody may write; whatever else it is, as that."""
    try:
        return msgspec.json.decode(value, type=TrackTokens)
    except msgspec.MsgspecError:
        return wire.decode(value, TrackTokens)


def _queries(request: Any) -> list[Query] | MalformedMessage:
    tensor = pb_utils.get_input_tensor_by_name(request, "QUERY").as_numpy()
    try:
        return [ranking.decode(value, Query) for value in tensor.ravel()]
    except MalformedMessage as error:
        return error


def _answer(rankings: Sequence[Ranking]) -> Any:
    encoded = np.array([[ranking.encode(each)] for each in rankings], dtype=np.object_)
    return pb_utils.InferenceResponse([pb_utils.Tensor("RANKING", encoded)])


def _refusal(error: MalformedMessage) -> Any:
    message = f"malformed query: {error}"
    return pb_utils.InferenceResponse(error=pb_utils.TritonError(message, pb_utils.TritonError.INVALID_ARG))
