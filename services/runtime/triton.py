"""What every client of the model server shares: what it says when it, or the model, is not there.

Knows Triton's gRPC, and no model.
"""

from __future__ import annotations

from tritonclient.utils import InferenceServerException

# Triton, or the model, is not there, or too busy. Any other answer is about what was asked.
_UNAVAILABLE = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "NOT_FOUND", "RESOURCE_EXHAUSTED", "CANCELLED")


def is_unavailable(error: InferenceServerException) -> bool:
    """Whether asking the same again later may help."""
    return any(status in str(error.status()) for status in _UNAVAILABLE)
