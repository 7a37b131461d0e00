"""The gRPC server: limits, keep-alive, health, reflection, and a stop that lets running calls finish.

Knows which services there are, not what they do.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection

from segue.errors import StackError
from segue.v1 import services_pb2, services_pb2_grpc
from services.gateway.api import CatalogApi, RecommendationApi, SessionApi
from services.gateway.interceptor import CallInterceptor
from services.runtime.health import Readiness
from services.runtime.settings import Settings

SERVICES = tuple(service.full_name for service in services_pb2.DESCRIPTOR.services_by_name.values())
MAX_RECEIVED_BYTES = 4 * 1024 * 1024
MAX_CALLS = 8_192
# Seconds that running calls get when the process is told to stop.
GRACE = 5.0

OPTIONS: Sequence[tuple[str, int]] = (
    ("grpc.max_receive_message_length", MAX_RECEIVED_BYTES),
    # Find out about callers that are gone, and let callers find out about us, but not more often than every 10 s.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    # Past these limits gRPC itself cancels a burst of calls; MAX_CALLS refuses what is too much, with a reason.
    ("grpc.server.max_pending_requests", 2 * MAX_CALLS),
    ("grpc.server.max_pending_requests_hard_limit", 4 * MAX_CALLS),
    # A second gateway on the same port is a mistake, not load balancing.
    ("grpc.so_reuseport", 0),
)


class Server:
    """A gRPC server that says by its health whether it takes calls."""

    def __init__(self, settings: Settings, readiness: Readiness) -> None:
        self._readiness = readiness
        self.grpc = grpc.aio.server(
            interceptors=(CallInterceptor(),), options=OPTIONS, maximum_concurrent_rpcs=MAX_CALLS
        )
        self._health = health_aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.grpc)
        health_name = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
        reflection.enable_server_reflection((*SERVICES, health_name, reflection.SERVICE_NAME), self.grpc)
        self._listen(settings)

    def _listen(self, settings: Settings) -> None:
        address = f"{settings.bind}:{settings.grpc_port}"
        try:
            # gRPC would tell the reason on standard error alone.
            socket.create_server((settings.bind, settings.grpc_port)).close()
            self.grpc.add_insecure_port(address)
        except (OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise StackError(f"cannot listen on {address} (SEGUE_BIND, SEGUE_GRPC_PORT): {reason}") from error

    def offer(self, recommendations: RecommendationApi, sessions: SessionApi, catalog: CatalogApi) -> None:
        """Take calls for these services, once started."""
        services_pb2_grpc.add_RecommendationServiceServicer_to_server(recommendations, self.grpc)
        services_pb2_grpc.add_SessionServiceServicer_to_server(sessions, self.grpc)
        services_pb2_grpc.add_CatalogServiceServicer_to_server(catalog, self.grpc)

    async def start(self) -> None:
        """Take calls; health says NOT_SERVING until every readiness condition holds."""
        await self._announce(serving=False)
        await self.grpc.start()

    async def follow_readiness(self) -> None:
        """Say by the health service what the readiness says, until cancelled."""
        announced = False
        while True:
            serving = not self._readiness.missing
            if serving != announced:
                await self._announce(serving=serving)
                announced = serving
            await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """Take no new calls and give running ones their grace."""
        await self._health.enter_graceful_shutdown()
        await self.grpc.stop(GRACE)

    async def _announce(self, *, serving: bool) -> None:
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for service in ("", *SERVICES):
            await self._health.set(service, status)
