"""Kafka's jars in the user's cache: which they are, and where they lie. Knows nothing about running them.

`download.py` fetches them the first time. The list of them is written last, so it stands for a complete set.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from rich.console import Console

from segue.errors import StackError

# Resolved one by one, the first that brings a jar decides its version: resolved together, log4j's own version
# management would replace Kafka's client.
COORDINATES = (
    "org.apache.logging.log4j:log4j-core:2.25.3",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.3",
    "org.apache.kafka:kafka_2.13:4.1.1",
)


def kafka_classpath(cache: Path, console: Console) -> list[Path]:
    """Return the jars, downloading what is missing with a progress bar. Raises StackError when that fails."""
    listing = listing_of(cache)
    return _listed(listing) or _downloaded(listing, console)


def listing_of(cache: Path) -> Path:
    """Return the file that lists the jars of these coordinates."""
    return cache / f"classpath-{hashlib.sha256(' '.join(COORDINATES).encode()).hexdigest()[:12]}.txt"


def _listed(listing: Path) -> list[Path]:
    """Return the jars that an earlier run downloaded, or nothing when one of them is gone."""
    if not listing.exists():
        return []
    jars = [listing.parent / line for line in listing.read_text().splitlines()]
    return jars if all(jar.exists() for jar in jars) else []


def _downloaded(listing: Path, console: Console) -> list[Path]:
    # Imported late: jgo and its HTTP client cost a second, and are needed once in a machine's life.
    from deploy.local.download import download_jars  # noqa: PLC0415

    jars = download_jars(COORDINATES, listing.parent, console)
    part = listing.with_suffix(".part")
    try:
        part.write_text("".join(f"{jar.relative_to(listing.parent)}\n" for jar in jars))
        part.replace(listing)
    except OSError as error:
        raise StackError(f"{listing} cannot be written: {error.strerror}") from error
    return jars
