"""Follows a compacted topic of tracks from its beginning, in a thread of its own, and hands on what changed in batches.

No group and no commits: whoever follows holds the whole topic. Knows Kafka, and neither what the records are for nor
where its progress is shown.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from segue.errors import InvalidMessage
from services.runtime.settings import Settings
from services.runtime.topology import Topic

log = structlog.get_logger()

# Tracks in one batch: at the start it bounds memory, later nothing comes near it.
MOST_AT_ONCE = 10_000
# Records that are read between two turns, and bytes of a partition that are fetched at once: what comes together is
# taken apart together, 10 ms for a megabyte (bench.tokens).
SOME = 16
FETCH_BYTES = 1 << 17
# How long one look at the broker lasts, an attempt to reach it, and the pause after a failed one, in seconds.
LOOK = 0.1
CONNECT = 2.0
RETRY = 1.0
# How often it asks where the topic ends now, in seconds.
MEASURE = 1.0

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)

# What a record's value says of the track in its key. Raises InvalidMessage.
Read = Callable[[str, bytes], T]


class Apply(Protocol[T_contra]):
    """Whatever takes over a batch: what is new of tracks that changed, and the ids of tracks that are gone."""

    def __call__(self, news: Sequence[T_contra], removed: Collection[str], /) -> None:
        """Take over the batch."""


class Watch(Protocol):
    """Whoever is told how the following goes, in the follower's thread."""

    def behind(self, records: int) -> None:
        """The topic holds so many records that are not read. Told every second while the broker answers."""

    def caught_up(self) -> None:
        """Everything is read that was there when the following began."""

    def applied(self, written_ms: Sequence[int], seconds: float) -> None:
        """Tracks were taken over within these seconds; each one's record was written then, in Unix milliseconds."""

    def failed(self) -> None:
        """One track could not be taken over."""

    def refused(self) -> None:
        """One record cannot be read."""


@dataclass(frozen=True, slots=True)
class _News(Generic[T]):
    """The newest record of a track: what it says, or None where the track is gone, and when the broker got it."""

    track_id: str
    said: T | None
    written_ms: int


class Follower(Generic[T]):
    """One thread that follows the topic until it is stopped, across failures of the broker and faults of ours.

    `service` is who follows, for its logs and the broker's. What takes time is done a little at a time, each inside a
    `turn`, so that whoever shares the interpreter can go first.
    """

    def __init__(  # noqa: PLR0913  what is followed, for whom, and how
        self,
        settings: Settings,
        service: str,
        topic: Topic,
        read: Read[T],
        apply: Apply[T],
        watch: Watch,
        connect: Callable[..., Any] = KafkaConsumer,
        *,
        turn: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._settings = settings
        self._service = service
        self._topic = topic.name
        self._said_by = read
        self._apply = apply
        self._watch = watch
        self._connect = connect
        self._turn = turn
        self._positions: dict[TopicPartition, int] = {}
        self._measured = 0.0
        # Whether the broker failed last, which is said once.
        self._away = False
        self._caught_up = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=topic.name, daemon=True)

    def begin(self) -> None:
        """Follow from now on; what is served is older than the topic until it is read."""
        self._thread.start()

    def start(self) -> bool:
        """Follow from now on, and return once caught up with the topic's end; False when that takes too long.

        Then what is served is older than the topic, and gets newer as soon as the broker can be reached.
        """
        self.begin()
        seconds = self._settings.catch_up.total_seconds()
        caught_up = self._caught_up.wait(seconds)
        if not caught_up:
            log.error(
                "not caught up; serving what the checkpoint knows, and trying on",
                topic=self._topic,
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
        structlog.contextvars.bind_contextvars(service=self._service)
        while not self._stopping.is_set():
            try:
                self._follow()
            except KafkaError as error:
                say = log.debug if self._away else log.warning
                say("cannot follow", topic=self._topic, kafka=self._settings.kafka, error=repr(error)[:300])
                self._away = True
                self._stopping.wait(RETRY)
            except Exception:
                # A thread that ended would leave an index that grows old without a word.
                log.exception("following failed; trying on", topic=self._topic)
                self._stopping.wait(RETRY)

    def _follow(self) -> None:
        consumer = self._connect(
            bootstrap_servers=self._settings.kafka.split(","),
            client_id=f"segue-{self._service}-follower",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=FETCH_BYTES,
            bootstrap_timeout_ms=int(CONNECT * 1_000),
        )
        try:
            ends = self._begin(consumer)
            while ends is not None and not self._stopping.is_set():
                self._hand_on(self._gathered(consumer))
                self._positions = {at: consumer.position(at) for at in ends}
                self._away = False
                self._measure(consumer)
                if not self._caught_up.is_set() and all(self._positions[at] >= end for at, end in ends.items()):
                    log.info("caught up", topic=self._topic, records=sum(ends.values()))
                    self._watch.caught_up()
                    self._caught_up.set()
        finally:
            consumer.close()

    def _begin(self, consumer: Any) -> dict[TopicPartition, int] | None:
        """Go to where reading goes on, and return where the topic ends now; None when it does not exist yet."""
        numbers = consumer.partitions_for_topic(self._topic)
        if not numbers:
            log.info("the topic does not exist yet", topic=self._topic, kafka=self._settings.kafka)
            self._stopping.wait(RETRY)
            return None
        partitions = [TopicPartition(self._topic, number) for number in sorted(numbers)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        for partition, position in self._positions.items():
            consumer.seek(partition, position)
        ends: dict[TopicPartition, int] = consumer.end_offsets(partitions)
        return ends

    def _measure(self, consumer: Any) -> None:
        """Tell how far behind the topic's end this is. Raises KafkaError where the broker does not say."""
        now = time.monotonic()
        if now - self._measured < MEASURE:
            return
        self._measured = now
        ends = consumer.end_offsets(list(self._positions), timeout_ms=int(CONNECT * 1_000))
        self._watch.behind(sum(max(0, end - self._positions[at]) for at, end in ends.items()))

    def _gathered(self, consumer: Any) -> list[_News[T]]:
        """Return the newest record of each track among those that can be read now."""
        newest: dict[str, _News[T]] = {}
        found = consumer.poll(timeout_ms=int(LOOK * 1_000), max_records=1)
        while found:
            newest.update((news.track_id, news) for records in found.values() for news in self._read(records))
            found = self._some(consumer) if len(newest) < MOST_AT_ONCE else {}
        return list(newest.values())

    def _some(self, consumer: Any) -> Any:
        """Return a few of the records that are there: what a client reads at once nobody can interrupt."""
        with self._turn():
            return consumer.poll(timeout_ms=0, max_records=SOME)

    def _hand_on(self, news: Sequence[_News[T]]) -> None:
        started = time.monotonic()
        self._put(news)
        # Requests get at least as much of the interpreter as updates, however fast these come.
        self._stopping.wait(time.monotonic() - started)

    def _put(self, news: Sequence[_News[T]]) -> None:
        """Hand on; halves by themselves where that fails, so that it costs no track its news but those it fails for."""
        if not news:
            return
        started = time.monotonic()
        try:
            self._apply(
                [each.said for each in news if each.said is not None],
                [each.track_id for each in news if each.said is None],
            )
        except Exception:
            if len(news) == 1:
                log.exception("news of a track not applied", topic=self._topic, track_id=news[0].track_id)
                self._watch.failed()
                return
            middle = len(news) // 2
            self._put(news[:middle])
            self._put(news[middle:])
        else:
            seconds = time.monotonic() - started
            log.debug("news applied", topic=self._topic, tracks=len(news), seconds=round(seconds, 4))
            self._watch.applied([each.written_ms for each in news], seconds)

    def _read(self, records: Sequence[Any]) -> Iterator[_News[T]]:
        for record in records:
            try:
                track_id = (record.key or b"").decode()
                with self._turn():
                    said = None if record.value is None else self._said_by(track_id, record.value)
                yield _News(track_id, said, record.timestamp)
            except (InvalidMessage, UnicodeDecodeError) as error:
                place = {"topic": self._topic, "partition": record.partition, "offset": record.offset}
                log.warning("cannot be read", **place, error=str(error)[:300])
                self._watch.refused()
