"""Wires the gateway and runs it until SIGTERM or Ctrl-C: `python -m services.gateway`."""

from __future__ import annotations

import asyncio
import signal
import sys

import uvloop

from segue.errors import SegueError
from segue.popularity import Popularity
from services.gateway.answers import Answers
from services.gateway.api import CatalogApi, RecommendationApi, SessionApi
from services.gateway.desk import Desk
from services.gateway.ends import Ends
from services.gateway.feed import Feed
from services.gateway.publisher import Publisher
from services.gateway.server import Server
from services.gateway.waiters import Waiters
from services.runtime import catalog, health, log
from services.runtime.health import Readiness
from services.runtime.recommender import TritonRecommender
from services.runtime.settings import Settings, load


async def run(settings: Settings, popular: Popularity) -> None:
    """Serve until a signal says stop, then let running calls finish."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    readiness = Readiness("kafka", "producer", "answers")
    ends, waiters = Ends(settings, readiness), Waiters(settings.max_waiting)
    publisher = Publisher(settings, ends, readiness)
    answers, feed = Answers(settings, waiters, readiness), Feed(settings, ends, publisher)
    desk = Desk(publisher, ends, answers, waiters)
    server = Server(settings, readiness)
    model = TritonRecommender(settings.triton)
    server.offer(
        RecommendationApi(settings, desk, feed, popular),
        SessionApi(settings, desk, publisher),
        CatalogApi(settings, publisher, model),
    )
    metrics = health.serve(readiness, settings.bind, settings.metrics_port)
    await server.start()
    async with asyncio.TaskGroup() as group:
        parts = [group.create_task(part.run()) for part in (publisher, ends, answers, feed)]
        parts.append(group.create_task(server.follow_readiness()))
        await stopped.wait()
        feed.stop()
        await server.stop()
        for part in parts:
            part.cancel()
    await model.close()
    metrics.shutdown()


def main() -> int:
    """Read settings and the popular list, serve, and return the exit code."""
    try:
        settings = load()
        log.configure(settings, "gateway")
        popular = Popularity.load(settings.checkpoint)
        catalog.follower(settings, "gateway", popular, popular.update).begin()
        uvloop.run(run(settings, popular))
    except SegueError as error:
        print(f"gateway: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
