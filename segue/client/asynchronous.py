"""The client for asyncio. Knows how to await; what is sent and how it reads is in `calls.py`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar

import grpc
import grpc.aio

from segue.catalog import Track, TrackDescription
from segue.client import calls
from segue.client.calls import SERVICES, Call
from segue.client.channel import DEFAULT_ADDRESS, DEFAULT_TIMEOUT, OPTIONS, failure
from segue.events import Filters, ListeningEvent, PlaylistEvent, SourceOffset
from segue.recommendations import Explanation, RecommendationList, SessionSnapshot

A = TypeVar("A")
Stream: TypeAlias = grpc.aio.UnaryStreamCall[Any, Any]


class AsyncClient:
    """A connection to a gateway, for one event loop. Close it, or use it in an `async with` block.

    `timeout`, in seconds, is that of every call that is given none. Every method raises RequestFailed, and
    MalformedMessage when what it is given does not fit the schema's types.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        self.address = address
        self._timeout = timeout
        self._channel = (
            grpc.aio.secure_channel(address, credentials, options=OPTIONS)
            if credentials
            else grpc.aio.insecure_channel(address, options=OPTIONS)
        )

    async def recommend(
        self,
        listener_id: str,
        *,
        count: int = 0,
        filters: Filters | None = None,
        seed_track_ids: Iterable[str] = (),
        session_id: str = "",
        timeout: float | None = None,
    ) -> RecommendationList:
        """Return tracks for a listener; `count` is 1 to 100, or 0 for 10."""
        return await self._one(calls.recommend(listener_id, session_id, count, filters, seed_track_ids), timeout)

    def converse(
        self,
        listener_id: str,
        text: str,
        *,
        count: int = 0,
        filters: Filters | None = None,
        session_id: str = "",
        turn_id: str = "",
        timeout: float | None = None,
    ) -> AsyncGenerator[RecommendationList | str]:
        """Say something and yield the answer's parts: the list first, then the reply piece by piece."""
        call = calls.converse(listener_id, text, session_id, turn_id, count, filters)
        return self._parts(call, self._start(call, self._timeout if timeout is None else timeout))

    async def say(
        self,
        listener_id: str,
        text: str,
        *,
        count: int = 0,
        filters: Filters | None = None,
        session_id: str = "",
        turn_id: str = "",
        timeout: float | None = None,
    ) -> RecommendationList:
        """Say something and return the whole answer, with its `reply_text`."""
        call = calls.converse(listener_id, text, session_id, turn_id, count, filters)
        return calls.whole(
            [part async for part in self._parts(call, self._start(call, self._timeout if timeout is None else timeout))]
        )

    async def explain(
        self,
        listener_id: str,
        track_id: str,
        *,
        filters: Filters | None = None,
        session_id: str = "",
        timeout: float | None = None,
    ) -> Explanation:
        """Return why a track is where it is for a listener now, and where it would be without this or that."""
        return await self._one(calls.explain(listener_id, track_id, session_id, filters), timeout)

    async def watch(self, listener_id: str, *, timeout: float | None = None) -> AsyncGenerator[RecommendationList]:
        """Return an iterator over every new list of a listener, until it is closed or the timeout passes.

        When this returns, the gateway is watching: nothing that is recommended afterwards is missed.
        """
        call = calls.watch(listener_id)
        stream = self._start(call, timeout)
        await stream.initial_metadata()  # waits until the service has taken the call
        return self._parts(call, stream)

    async def record_events(
        self, events: Iterable[ListeningEvent | PlaylistEvent], *, timeout: float | None = None
    ) -> tuple[SourceOffset, ...]:
        """Write at most 1,000 events and return the newest position written in each partition.

        An event without an id gets one; without an event time it gets the gateway's time.
        """
        return await self._one(calls.record_events(events), timeout)

    async def get_session(self, listener_id: str, *, timeout: float | None = None) -> SessionSnapshot:
        """Return the listener's recent past, as the recommender sees it."""
        return await self._one(calls.get_session(listener_id), timeout)

    async def upsert_tracks(
        self, tracks: Iterable[Track] = (), removed_track_ids: Iterable[str] = (), *, timeout: float | None = None
    ) -> tuple[SourceOffset, ...]:
        """Write and remove at most 1,000 tracks and return the newest position written in each partition."""
        return await self._one(calls.upsert_tracks(tracks, removed_track_ids), timeout)

    async def get_track(self, track_id: str, *, timeout: float | None = None) -> TrackDescription:
        """Return what the recommender knows of a track now: its codes by name, since when, on what evidence.

        RequestFailed has the status NOT_FOUND where there is no such track, or it was removed.
        """
        return await self._one(calls.get_track(track_id), timeout)

    async def health(self, *, timeout: float | None = None) -> dict[str, str]:
        """Return each service's serving status; the empty name is the whole gateway."""
        return {service: await self._one(calls.health(service), timeout) for service in ("", *SERVICES)}

    async def close(self) -> None:
        """End every call that runs and close the connection."""
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _one(self, call: Call[A], timeout: float | None) -> A:
        send = self._channel.unary_unary(call.path, type(call.request).SerializeToString, call.response.FromString)
        try:
            return call.read(await send(call.request, timeout=self._timeout if timeout is None else timeout))
        except grpc.aio.AioRpcError as error:
            raise failure(error, self.address) from error

    def _start(self, call: Call[A], timeout: float | None) -> Stream:
        send = self._channel.unary_stream(call.path, type(call.request).SerializeToString, call.response.FromString)
        return send(call.request, timeout=timeout)

    async def _parts(self, call: Call[A], stream: Stream) -> AsyncGenerator[A]:
        try:
            async for part in stream:
                yield call.read(part)
        except grpc.aio.AioRpcError as error:
            raise failure(error, self.address) from error
        finally:
            stream.cancel()
