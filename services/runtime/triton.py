"""What every client of the model server shares: the connection, and what it says when it, or the model, is not there.

Knows Triton's gRPC, and no model.
"""

from __future__ import annotations

from tritonclient.grpc.aio import InferenceServerClient, KeepAliveOptions
from tritonclient.utils import InferenceServerException

# Milliseconds after which a silent connection is tried, and after which it is given up. Triton's defaults put up with
# pings while a call is under way, and a model's readiness is asked for several times a second.
PING_EVERY = 10_000
PING_PATIENCE = 5_000

# Triton, or the model, is not there, or too busy. Any other answer is about what was asked.
_UNAVAILABLE = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "NOT_FOUND", "RESOURCE_EXHAUSTED", "CANCELLED")


def connect(address: str) -> InferenceServerClient:
    """Return a client of the model server at host:port."""
    options = KeepAliveOptions(keepalive_time_ms=PING_EVERY, keepalive_timeout_ms=PING_PATIENCE)
    return InferenceServerClient(address, keepalive_options=options)


def is_unavailable(error: InferenceServerException) -> bool:
    """Whether asking the same again later may help."""
    return any(status in str(error.status()) for status in _UNAVAILABLE)
