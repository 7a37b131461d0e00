"""The way to the model: queries in, rankings out, within a timeout.

Knows Triton's gRPC and nothing about what a query means. Everything else sees the `Recommender` protocol, which
tests fulfil without a server.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from tritonclient.grpc.aio import InferInput
from tritonclient.utils import InferenceServerException

from segue import ranking
from segue.errors import MalformedMessage, RecommenderFailed, RecommenderUnavailable
from segue.ranking import Query, Ranking
from services.runtime.triton import connect, is_unavailable

MODEL = "recommender"


class Recommender(Protocol):
    """Whatever answers queries."""

    async def rank(self, queries: Sequence[Query], timeout: float) -> list[Ranking]:
        """Return one ranking for each query, in order, within `timeout` seconds.

        Raises RecommenderUnavailable; RecommenderFailed where the model is there and fails on these queries.
        """

    async def ready(self) -> bool:
        """Whether the model can answer now."""


class TritonRecommender:
    """The recommender behind Triton's gRPC."""

    def __init__(self, address: str) -> None:
        self._client = connect(address)

    async def rank(self, queries: Sequence[Query], timeout: float) -> list[Ranking]:
        """Return one ranking for each query, in order; see `Recommender`."""
        tensor = InferInput("QUERY", [len(queries), 1], "BYTES")
        tensor.set_data_from_numpy(np.array([[ranking.encode(query)] for query in queries], dtype=np.object_))
        try:
            result = await self._client.infer(MODEL, [tensor], client_timeout=timeout)
            rankings = [ranking.decode(value, Ranking) for value in _values(result.as_numpy("RANKING"))]
        except InferenceServerException as error:
            raise (RecommenderUnavailable if is_unavailable(error) else RecommenderFailed)(str(error)) from error
        except MalformedMessage as error:
            raise RecommenderFailed(str(error)) from error
        if len(rankings) != len(queries):
            raise RecommenderFailed(f"{len(rankings)} rankings came for {len(queries)} queries")
        return rankings

    async def ready(self) -> bool:
        """Whether the model itself is loaded; the server's own readiness says too little and too much."""
        try:
            return bool(await self._client.is_model_ready(MODEL, client_timeout=2.0))
        except InferenceServerException:
            return False

    async def close(self) -> None:
        """Close the channel."""
        await self._client.close()


def _values(tensor: Any) -> Iterable[bytes]:
    return () if tensor is None else tensor.ravel()
