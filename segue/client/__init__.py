"""The typed client of Segue's gRPC services: `Client` for threads, `AsyncClient` for asyncio, with the same methods.

Takes and returns the structs of `segue.events`, `segue.recommendations` and `segue.catalog`; protobuf stays inside. A
call that fails raises `segue.errors.RequestFailed`.
"""

from segue.client.asynchronous import AsyncClient
from segue.client.blocking import Client
from segue.client.channel import DEFAULT_ADDRESS

__all__ = ["DEFAULT_ADDRESS", "AsyncClient", "Client"]
