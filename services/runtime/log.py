"""Structured logs on standard output: one JSON object a line, with the ids of what is being worked on.

Bind ids with `structlog.contextvars.bind_contextvars`; never log message text or lyrics.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from services.runtime.settings import Settings

# Libraries that tell of themselves at length: their warnings and errors are enough.
QUIET_LOGGERS = ("aiokafka", "kafka", "faust", "mode", "asyncio", "grpc", "rocksdict")
# A client library says the same two hundred times a second while a broker is away: once in so many seconds is enough.
REPEAT_AFTER_SECONDS = 10.0
# Different messages that are remembered; the libraries have fewer that they repeat.
MOST_MESSAGES = 256

_NUMBER = re.compile(r"\d+")


@dataclass(slots=True)
class _Said:
    """When a message was last written, and how often it was left out since."""

    at: float
    left_out: int = 0


class Sparse(logging.Filter):
    """Lets the same message of a library through only now and then, and says then how often it was left out.

    The same is what one logger says with one format string: ids, offsets and ports in it may differ.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        # The message that was written longest ago comes first.
        self._said: OrderedDict[tuple[str, str], _Said] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be written; then `left_out` is how often it was not since it was last."""
        if not record.name.startswith(QUIET_LOGGERS):
            return True
        # The arguments are not in it yet, but some libraries put numbers into the string itself.
        now, message = self._clock(), (record.name, _NUMBER.sub("0", str(record.msg)))
        said = self._said.get(message)
        if said is not None and now - said.at < REPEAT_AFTER_SECONDS:
            said.left_out += 1
            return False
        record.left_out = said.left_out if said is not None else 0
        self._said[message] = _Said(now)
        self._said.move_to_end(message)
        if len(self._said) > MOST_MESSAGES:
            self._said.popitem(last=False)
        return True


def _left_out(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Add how often a library's message was left out since it was last written."""
    if times := getattr(event.get("_record"), "left_out", 0):
        event["left_out"] = times
    return event


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
            foreign_pre_chain=[*shared, _left_out],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=service)
