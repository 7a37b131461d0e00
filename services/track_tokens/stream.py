"""The service's two lanes side by side: playlists tell tracks what changed, tracks tell the recommender what they are.

Knows which topics a lane reads and what watches them; `playlists.py` and `tracks.py` do the work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from segue.cooccurrence.clusters import FrozenClusters
from services.runtime.commit import OrderedApp
from services.runtime.emitter import Emitter
from services.runtime.health import Readiness
from services.runtime.partitions import AssignedPartitions
from services.runtime.progress import Progress
from services.runtime.settings import Settings
from services.runtime.topology import PLAYLIST_EVENTS, TRACK_TOPICS
from services.runtime.track_encoder import TrackEncoder
from services.track_tokens import metrics
from services.track_tokens.encoding import Encoding
from services.track_tokens.playlists import Playlists
from services.track_tokens.roll_out import RollOut
from services.track_tokens.tracks import Tracks

# How often the model and the partitions are looked at, in seconds.
WATCH = 0.25


class TokenStream:
    """The lanes, and what watches them."""

    def __init__(
        self,
        app: OrderedApp,
        settings: Settings,
        connect: Callable[[], TrackEncoder],
        readiness: Readiness,
        clusters: FrozenClusters,
    ) -> None:
        self._app: Any = app
        self._settings = settings
        self._readiness = readiness
        self._progress = Progress(app.gaps)
        self._encoding = Encoding(connect, readiness)
        self._emitter = Emitter(settings, "segue-track-tokens")
        self._playlists = Playlists(app, settings, self._emitter, self._progress)
        self._tracks = Tracks(app, settings, self._emitter, self._encoding, self._progress, clusters)
        self._roll_out = RollOut(app, settings, self._emitter, self._tracks)
        self._partitions = AssignedPartitions(
            app, [topic.name for topic in (PLAYLIST_EVENTS, *TRACK_TOPICS)], self._progress
        )

    def attach(self) -> None:
        """Register the lanes and the tasks with the app."""
        self._playlists.lane.attach(self._playlists.work)
        self._tracks.lane.attach(self._tracks.work)
        self._app.task(self._watch)
        self._app.task(self._roll_out.run)
        self._app.timer(1.0)(self._measure)
        self._app.on_partitions_revoked.connect(self._on_revoked)
        self._app.on_before_shutdown.connect(self._emitter.stop)

    async def _watch(self) -> None:
        while not self._app.should_stop:
            await self._encoding.watch()
            self._partitions.note_committed()
            self._partitions.tell(self._readiness)
            await asyncio.sleep(WATCH)

    async def _measure(self) -> None:
        self._partitions.measure(self._settings.state)
        for lane in (self._playlists.lane, self._tracks.lane):
            metrics.QUEUE_DEPTH.labels(lane.name).set(lane.depth)

    async def _on_revoked(self, *_: object, **__: object) -> None:
        self._progress.forget()
        self._roll_out.begin_anew()
