"""The way to the model that codes a track's content: tracks in, codes out, within a timeout.

Knows Triton's gRPC and nothing about what a code means. Everything else sees the `TrackEncoder` protocol, which tests
fulfil without a server.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from tritonclient.grpc.aio import InferInput
from tritonclient.utils import InferenceServerException

from segue import wire
from segue.catalog import Track, TrackCodes
from segue.errors import InvalidMessage, MalformedMessage, RecommenderUnavailable, Violation
from services.runtime.triton import connect, is_unavailable

MODEL = "track_encoder"


class TrackEncoder(Protocol):
    """Whatever codes tracks."""

    async def encode(self, tracks: Sequence[Track], timeout: float) -> list[TrackCodes]:
        """Return the codes of each track's content, in order, within `timeout` seconds.

        Raises RecommenderUnavailable when asking again later may help, InvalidMessage when the model refused a track.
        """

    async def ready(self) -> bool:
        """Whether the model can answer now."""


class TritonTrackEncoder:
    """The track encoder behind Triton's gRPC."""

    def __init__(self, address: str) -> None:
        self._client = connect(address)

    async def encode(self, tracks: Sequence[Track], timeout: float) -> list[TrackCodes]:
        """Return the codes of each track's content, in order; see `TrackEncoder`."""
        tensor = InferInput("TRACK", [len(tracks), 1], "BYTES")
        tensor.set_data_from_numpy(np.array([[wire.encode(track)] for track in tracks], dtype=np.object_))
        try:
            result = await self._client.infer(MODEL, [tensor], client_timeout=timeout)
            return [wire.decode(value, TrackCodes) for value in result.as_numpy("CODES").ravel()]
        except InferenceServerException as error:
            if is_unavailable(error):
                raise RecommenderUnavailable(str(error)) from error
            raise MalformedMessage(Violation("", f"refused by {MODEL}: {error}")) from error
        except InvalidMessage as error:
            raise RecommenderUnavailable(f"{MODEL} answered with what is no codes: {error}") from error

    async def ready(self) -> bool:
        """Whether the model itself is loaded."""
        try:
            return bool(await self._client.is_model_ready(MODEL, client_timeout=2.0))
        except InferenceServerException:
            return False

    async def close(self) -> None:
        """Close the channel."""
        await self._client.close()
