"""Structured logs on standard output: one JSON object a line, with the ids of what is being worked on.

Bind ids with `structlog.contextvars.bind_contextvars`; never log message text or lyrics.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

import structlog

from services.runtime.settings import Settings

# Chatty enough to cost throughput: raising their level gave a third more events a second (docs/decisions).
# A client library says the same two hundred times a second while a broker is away: once in so many seconds is enough.
REPEAT_AFTER_SECONDS = 10.0
QUIET_LOGGERS = ("aiokafka", "kafka", "faust", "mode", "asyncio", "grpc", "rocksdict")


class Sparse(logging.Filter):
    """Lets the same message of a library through only now and then."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be written."""
        if not record.name.startswith(QUIET_LOGGERS):
            return True
        now, message = self._clock(), (record.name, str(record.msg))
        if now - self._last.get(message, -REPEAT_AFTER_SECONDS) < REPEAT_AFTER_SECONDS:
            return False
        self._last[message] = now
        return True


def configure(settings: Settings, service: str) -> None:
    """Send this process's logs, and warnings of the libraries it uses, to standard output."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if settings.log_format == "json" else structlog.dev.ConsoleRenderer()
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(Sparse())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=service)
