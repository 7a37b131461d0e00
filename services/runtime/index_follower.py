"""Follows `track-tokens` from its beginning, in a thread of its own, and hands on what changed, batch by batch.

No group and no commits: whoever follows holds the whole topic. Knows Kafka, and nothing about what the tokens are for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Protocol

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from segue import wire
from segue.catalog import TrackTokens
from segue.errors import InvalidMessage
from services.runtime.settings import Settings
from services.runtime.topology import TRACK_TOKENS

log = structlog.get_logger()

# Tracks in one batch: at the start it bounds memory, later nothing comes near it.
MOST_AT_ONCE = 10_000
# How long one look at the broker lasts, an attempt to reach it, and the pause after a failed one, in seconds.
LOOK = 0.1
CONNECT = 2.0
RETRY = 1.0


class Apply(Protocol):
    """Whatever takes over a batch: the newest tokens of tracks that changed, and the ids of tracks that are gone."""

    def __call__(self, tokens: Sequence[TrackTokens], removed: Collection[str]) -> None:
        """Take over the batch."""


class IndexFollower:
    """One thread that follows the topic until it is stopped, across failures of the broker."""

    def __init__(self, settings: Settings, apply: Apply, connect: Callable[..., Any] = KafkaConsumer) -> None:
        self._settings = settings
        self._apply = apply
        self._connect = connect
        self._positions: dict[TopicPartition, int] = {}
        self._caught_up = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="track-tokens", daemon=True)

    def start(self) -> bool:
        """Follow from now on, and return once caught up with the topic's end; False when that takes too long.

        Then what is served is older than the topic, and gets newer as soon as the broker can be reached.
        """
        self._thread.start()
        seconds = self._settings.catch_up.total_seconds()
        caught_up = self._caught_up.wait(seconds)
        if not caught_up:
            log.error(
                "not caught up with track-tokens; serving what the checkpoint knows, and trying on",
                kafka=self._settings.kafka,
                seconds=seconds,
            )
        return caught_up

    def stop(self) -> None:
        """End the thread, if it was started."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        structlog.contextvars.bind_contextvars(service="recommender")
        while not self._stopping.is_set():
            try:
                self._follow()
            except KafkaError as error:
                log.warning("cannot follow track-tokens", kafka=self._settings.kafka, error=repr(error)[:300])
                self._stopping.wait(RETRY)

    def _follow(self) -> None:
        consumer = self._connect(
            bootstrap_servers=self._settings.kafka.split(","),
            client_id="segue-index-follower",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            bootstrap_timeout_ms=int(CONNECT * 1_000),
        )
        try:
            ends = self._begin(consumer)
            while ends is not None and not self._stopping.is_set():
                self._hand_on(self._gathered(consumer))
                self._positions = {at: consumer.position(at) for at in ends}
                if not self._caught_up.is_set() and all(self._positions[at] >= end for at, end in ends.items()):
                    log.info("caught up with track-tokens", records=sum(ends.values()))
                    self._caught_up.set()
        finally:
            consumer.close()

    def _begin(self, consumer: Any) -> dict[TopicPartition, int] | None:
        """Go to where reading goes on, and return where the topic ends now; None when it does not exist yet."""
        numbers = consumer.partitions_for_topic(TRACK_TOKENS.name)
        if not numbers:
            log.info("track-tokens does not exist yet", kafka=self._settings.kafka)
            self._stopping.wait(RETRY)
            return None
        partitions = [TopicPartition(TRACK_TOKENS.name, number) for number in sorted(numbers)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        for partition, position in self._positions.items():
            consumer.seek(partition, position)
        ends: dict[TopicPartition, int] = consumer.end_offsets(partitions)
        return ends

    def _gathered(self, consumer: Any) -> dict[str, TrackTokens | None]:
        """Return the newest record of each track among those that can be read now."""
        newest: dict[str, TrackTokens | None] = {}
        found = consumer.poll(timeout_ms=int(LOOK * 1_000))
        while found:
            newest.update(_read(record for records in found.values() for record in records))
            found = consumer.poll(timeout_ms=0) if len(newest) < MOST_AT_ONCE else {}
        return newest

    def _hand_on(self, newest: dict[str, TrackTokens | None]) -> None:
        if not newest:
            return
        started = time.monotonic()
        try:
            self._apply(
                [tokens for tokens in newest.values() if tokens is not None],
                [track_id for track_id, tokens in newest.items() if tokens is None],
            )
        except Exception:
            # What cannot be applied costs its own tracks their news, and not all others theirs for ever.
            log.exception("tokens not applied", tracks=len(newest))
        seconds = time.monotonic() - started
        log.debug("tokens applied", tracks=len(newest), seconds=round(seconds, 4))
        # Requests get at least as much of the interpreter as updates, however fast these come.
        self._stopping.wait(seconds)


def _read(records: Iterable[Any]) -> Iterable[tuple[str, TrackTokens | None]]:
    for record in records:
        try:
            track_id = (record.key or b"").decode()
            yield track_id, None if record.value is None else wire.decode(record.value, TrackTokens)
        except (InvalidMessage, UnicodeDecodeError) as error:
            log.warning("no tokens", partition=record.partition, offset=record.offset, error=str(error)[:300])
