"""What the Faust services share: an app with the settings that were measured to be right, and its records.

One app per process. Knows nothing of what a service does with a record.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import faust
import structlog
from faust.streams import _current_event

from services.runtime import garbage
from services.runtime.changelog import AcknowledgedTable
from services.runtime.commit import OrderedApp
from services.runtime.record import Record
from services.runtime.settings import Settings
from services.runtime.topology import MAX_STATE_BYTES

log = structlog.get_logger()

# A worker that was killed is missed after this long, in seconds; the broker's lower bound is 6.
SESSION_TIMEOUT = 6.0
# Uncommitted work is done again after a crash, so commits are frequent, in seconds.
COMMIT_INTERVAL = 0.5
# Faust's producer carries the changelogs alone: states of several kilobytes, sent together (bench.surge).
CHANGELOG_LINGER = 0.01
CHANGELOG_BATCH_BYTES = 1 << 19
# How long the app may take to stop, in seconds. Without a broker it would wait for ever for what it cannot write.
STOP_SECONDS = 10.0
# How long the agents may go on while the consumer waits for the interpreter; Python's own is 5 ms (bench.surge).
SWITCH_SECONDS = 0.0005
# Each partition has a RocksDB of its own: a megabyte or two of buffers and cache each keeps a worker small.
ROCKSDB = {
    "write_buffer_size": 1 << 19,
    "max_write_buffer_number": 2,
    "block_cache_size": 1 << 20,
    "target_file_size_base": 8 << 20,
    "max_open_files": 64,
}


def faust_app(settings: Settings, name: str) -> OrderedApp:
    """Return a Faust app that reads bytes, keeps tables in RocksDB, and commits what was acknowledged in order."""
    folder = settings.state / name
    folder.mkdir(parents=True, exist_ok=True)
    return _App(
        name,
        broker=";".join(f"kafka://{address}" for address in settings.kafka.split(",")),
        store="rocksdb://",
        datadir=str(folder),
        autodiscover=False,
        web_enabled=False,
        web_tables_enabled=False,
        key_serializer="raw",
        value_serializer="raw",
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=COMMIT_INTERVAL,
        broker_session_timeout=SESSION_TIMEOUT,
        broker_heartbeat_interval=SESSION_TIMEOUT / 4,
        producer_acks=-1,
        producer_linger=CHANGELOG_LINGER,
        producer_max_batch_size=CHANGELOG_BATCH_BYTES,
        producer_max_request_size=MAX_STATE_BYTES,
        Table=AcknowledgedTable,
        worker_redirect_stdouts=False,
        logging_config=None,
    )


def record_of(event: faust.types.EventT[Any]) -> Record:
    """Return the record behind a Faust event."""
    message = event.message
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        time_ms=int(message.timestamp * 1_000),
        key=message.key,
        value=message.value,
        headers=tuple(_pairs(message.headers)),
    )


@contextmanager
def on_behalf_of(event: Any) -> Iterator[None]:
    """Write to tables inside as the agent would while it reads this event: in the event's partition."""
    # Faust's tables ask this variable for the partition, and Faust sets it only for the agent that reads.
    token = _current_event.set(weakref.ref(event))
    try:
        yield
    finally:
        _current_event.reset(token)


def _pairs(found: Mapping[str, Any] | Iterable[tuple[str, Any]] | None) -> Iterable[tuple[str, bytes | None]]:
    # Kafka allows a header without a value.
    return found.items() if isinstance(found, Mapping) else found or ()


class _App(OrderedApp):
    """Ends within its time, whatever it waits for: what runs it can only start it again once it has ended."""

    async def on_stop(self) -> None:
        """Stop as Faust does, against the clock."""
        clock = threading.Timer(STOP_SECONDS, _end)
        clock.daemon = True
        clock.start()
        await super().on_stop()


def _end() -> None:
    """End the process as a crash would: what is not in the log is not acknowledged either, and is read again."""
    log.critical(
        "not stopped in time, ends now; the next start reads again what was not acknowledged", seconds=STOP_SECONDS
    )
    os._exit(1)


def run(app: faust.App) -> None:
    """Run the app until it is told to stop, exit code 0, or crashes, exit code 1; a crash is logged with its reason."""
    sys.setswitchinterval(SWITCH_SECONDS)
    garbage.settle()
    # Quiet: what Faust draws for a terminal is no line of a log.
    worker = faust.Worker(app, loop=asyncio.new_event_loop(), loglevel="WARNING", override_logging=False, quiet=True)
    worker.spinner = None
    worker.execute_from_commandline()
