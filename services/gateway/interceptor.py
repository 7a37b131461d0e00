"""What every call gets: a request id, metrics, rich errors, and one log line when it fails.

Knows calls in general; what each one does is in `api.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import Any
from uuid import uuid4

import grpc
import grpc.aio
import structlog
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from segue.errors import InvalidMessage, MalformedMessage, RequestFailed, Violation
from segue.v1 import services_pb2
from services.gateway.metrics import IN_FLIGHT, REQUEST_SECONDS, REQUESTS

log = structlog.get_logger()

REQUEST_ID = "x-request-id"
METHODS = {
    f"/{service.full_name}/{method.name}": method.name
    for service in services_pb2.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
# Metadata holds 8 KiB: so much of an error is told.
MAX_VIOLATIONS = 16
MAX_DESCRIPTION_LENGTH = 160

Context = grpc.aio.ServicerContext[Any, Any]

_request_id: ContextVar[str] = ContextVar("request_id")


def request_id() -> str:
    """Return the id of the call that runs."""
    return _request_id.get()


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Wraps every method of Segue's services; health and reflection pass through."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Return the method's handler, wrapped."""
        handler = await continuation(handler_call_details)
        method = METHODS.get(handler_call_details.method)
        if handler is None or method is None:
            return handler
        wrap, build = (
            (_streaming, grpc.unary_stream_rpc_method_handler)
            if handler.response_streaming
            else (_unary, grpc.unary_unary_rpc_method_handler)
        )
        behaviour = handler.unary_stream if handler.response_streaming else handler.unary_unary
        return build(wrap(method, behaviour), _reading(handler.request_deserializer), handler.response_serializer)


def _reading(deserialize: Callable[[bytes], Any] | None) -> Callable[[bytes], Any]:
    """Return a deserialiser that gives back what was wrong with the bytes, for the call to raise.

    Raised while reading, it would be an UNKNOWN error of ours, without a request id.
    """
    assert deserialize is not None, "generated handlers read messages"

    def read(payload: bytes) -> Any:
        try:
            return deserialize(payload)
        except DecodeError as error:
            return MalformedMessage(Violation("", f"the payload is no message of this method: {error}"))

    return read


def _checked(request: Any) -> Any:
    if isinstance(request, MalformedMessage):
        raise request
    return request


def _unary(method: str, behaviour: Any) -> Any:
    async def answer(request: Any, context: Context) -> Any:
        async with _observed(method, context):
            return await behaviour(_checked(request), context)

    return answer


def _streaming(method: str, behaviour: Any) -> Any:
    async def answer(request: Any, context: Context) -> AsyncGenerator[Any]:
        async with _observed(method, context), aclosing(behaviour(_checked(request), context)) as responses:
            async for response in responses:
                yield response

    return answer


@asynccontextmanager
async def _observed(method: str, context: Context) -> AsyncGenerator[None]:
    started = perf_counter()
    call_id = uuid4().hex
    _request_id.set(call_id)
    context.set_trailing_metadata(((REQUEST_ID, call_id),))
    IN_FLIGHT.labels(method).inc()
    status = "UNKNOWN"  # of an error that nobody expected: gRPC logs it with its traceback
    try:
        yield
        status = "OK"
    except InvalidMessage as error:
        status = "INVALID_ARGUMENT"
        await _refuse(context, status, call_id, _summary(error), error.violations)
    except RequestFailed as error:
        status = error.status
        await _refuse(context, status, call_id, str(error), error.violations)
    except (asyncio.CancelledError, GeneratorExit):
        status = "DEADLINE_EXCEEDED" if context.time_remaining() == 0 else "CANCELLED"
        raise
    finally:
        elapsed = perf_counter() - started
        IN_FLIGHT.labels(method).dec()
        REQUESTS.labels(method, status).inc()
        REQUEST_SECONDS.labels(method, status).observe(elapsed)
        if status not in ("OK", "CANCELLED"):
            log.warning("call failed", method=method, status=status, request_id=call_id, seconds=round(elapsed, 4))


async def _refuse(context: Context, status: str, call_id: str, message: str, violations: tuple[Violation, ...]) -> None:
    """End the call with a google.rpc.Status; raises gRPC's AbortError."""
    code = grpc.StatusCode[status]
    rich = status_pb2.Status(code=code.value[0], message=message)
    if violations:
        rich.details.append(_bad_request(violations))
    await context.abort(code, message, ((REQUEST_ID, call_id), ("grpc-status-details-bin", rich.SerializeToString())))


def _bad_request(violations: tuple[Violation, ...]) -> any_pb2.Any:
    told = [
        error_details_pb2.BadRequest.FieldViolation(
            field=violation.field[:MAX_DESCRIPTION_LENGTH], description=violation.description[:MAX_DESCRIPTION_LENGTH]
        )
        for violation in violations[:MAX_VIOLATIONS]
    ]
    packed = any_pb2.Any()
    packed.Pack(error_details_pb2.BadRequest(field_violations=told))
    return packed


def _summary(error: InvalidMessage) -> str:
    first = str(error.violations[0])[:MAX_DESCRIPTION_LENGTH] if error.violations else str(error)
    more = len(error.violations) - 1
    return f"{first}; and {more} more" if more > 0 else first
