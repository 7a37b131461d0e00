"""Keeps a part of the gateway that lives on a broker's connection alive. Knows what a broker's failure looks like."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiokafka.errors import KafkaError

log = structlog.get_logger()

# Seconds between attempts; the broker is one process that restarts in a few.
BACKOFF = 0.5


async def keep(part: str, serve: Callable[[], Awaitable[None]]) -> None:
    """Run `serve` until cancelled, and again whenever the broker fails it."""
    while True:
        try:
            await serve()
        except (KafkaError, OSError) as error:
            log.warning("the broker failed", part=part, error=str(error) or type(error).__name__)
        await asyncio.sleep(BACKOFF)
