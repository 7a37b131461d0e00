"""Triton's `track_encoder`: decodes tracks, lets the checkpoint's codebooks code their content, encodes the codes.

A malformed track fails the request it came in, and no other. The checkpoint is the setting `SEGUE_CHECKPOINT`. Knows
nothing about codebooks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from segue import wire
from segue.catalog import Track, TrackCodes
from segue.errors import MalformedMessage
from segue.model.checkpoint import load_codebooks
from services.runtime import settings


class TritonPythonModel:
    """The class that Triton's Python backend looks for."""

    def initialize(self, args: dict[str, str]) -> None:  # noqa: ARG002 - Triton's signature
        """Load the codebooks of the checkpoint, and with a first track whatever loads late: the text encoder."""
        self._codebooks = load_codebooks(settings.load().checkpoint)
        self._codebooks.encode(Track(track_id="first", title="First", tags=("first",), lyrics="first"))

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Answer every request; its TRACK and CODES have shape [batch, 1]."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        tensor = pb_utils.get_input_tensor_by_name(request, "TRACK").as_numpy()
        try:
            tracks = [wire.decode(value, Track) for value in tensor.ravel()]
        except MalformedMessage as error:
            return _refusal(f"malformed track: {error}")
        return pb_utils.InferenceResponse([pb_utils.Tensor("CODES", _encoded(map(self._codebooks.encode, tracks)))])


def _encoded(codes: Iterable[TrackCodes]) -> Any:
    return np.array([[wire.encode(each)] for each in codes], dtype=np.object_)


def _refusal(message: str) -> Any:
    return pb_utils.InferenceResponse(error=pb_utils.TritonError(message, pb_utils.TritonError.INVALID_ARG))
