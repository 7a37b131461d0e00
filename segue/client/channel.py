"""How calls travel: the channel's options, what is retried, and what a failed call becomes.

Knows gRPC, and no call in particular.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Protocol

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from segue.client.calls import SERVICES
from segue.errors import RequestFailed, Violation

DEFAULT_ADDRESS = "127.0.0.1:7600"
# Seconds; of a call that is given none.
DEFAULT_TIMEOUT = 5.0
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
REQUEST_ID = "x-request-id"

# https://github.com/grpc/proposal/blob/master/A6-client-retries.md. Every call carries the ids that make it safe to
# repeat, and a stream is only retried before its first part.
SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [{"service": service} for service in SERVICES],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
    # In an outage retries end after some fifty failures, and come back with every tenth of a success.
    "retryThrottling": {"maxTokens": 100, "tokenRatio": 0.1},
}

OPTIONS: tuple[tuple[str, int | str], ...] = (
    ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
    ("grpc.enable_retries", 1),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # A gateway that comes back is found again soon.
    ("grpc.max_reconnect_backoff_ms", 2_000),
)


class FailedCall(Protocol):
    """What a failed call tells, in both of gRPC's Python interfaces."""

    def code(self) -> grpc.StatusCode:
        """The status."""

    def details(self) -> str | None:
        """The message."""

    def trailing_metadata(self) -> Iterable[tuple[str, str | bytes]] | None:
        """The metadata after the answer."""


def failure(call: FailedCall, address: str) -> RequestFailed:
    """Return the error that a failed call raises."""
    status, details = call.code().name, call.details() or ""
    request_id = next((str(value) for key, value in call.trailing_metadata() or () if key == REQUEST_ID), "")
    if status == "UNAVAILABLE" and not request_id:
        details = f"Segue cannot be reached at {address}: {details}"
    return RequestFailed(status, details or status, tuple(_violations(call)), request_id)


def _violations(call: FailedCall) -> Iterable[Violation]:
    status = rpc_status.from_call(call)
    for detail in status.details if status else ():
        bad_request = error_details_pb2.BadRequest()
        if detail.Unpack(bad_request):
            for violation in bad_request.field_violations:
                yield Violation(violation.field, violation.description)
