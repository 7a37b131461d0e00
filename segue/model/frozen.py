"""What live codes need of a checkpoint, and no more: its clusters, and which track is in which.

Codes no content, so it needs neither a text encoder nor torch: the services and a backtest read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from segue import wire
from segue.catalog import Track
from segue.cooccurrence.clusters import FrozenClusters
from segue.errors import CheckpointError, SegueError
from segue.model.checkpoint_files import Files
from segue.model.codebook_files import codebooks_from
from segue.tokens.text import Floats


def load_clusters(folder: Path) -> FrozenClusters:
    """Read the clusters, after checking the whole folder. Raises CheckpointError."""
    files = Files.open(folder)
    facts = files.json("codebooks.json")
    try:
        encoder = _NamedEncoder(next(_pretrained(facts["transforms"]), ""))
        codebooks = codebooks_from(files.arrays("codebooks"), facts, encoder)
        codes = files.arrays("index")["codes"].astype(np.int64)
        tracks = [wire.decode(line, Track) for line in files.content("catalog.jsonl").splitlines()]
        return replace(codebooks.freeze(tracks, codes), checkpoint=files.version)
    except (KeyError, TypeError, ValueError, IndexError, msgspec.ValidationError, SegueError) as error:
        raise CheckpointError(f"{folder} holds no clusters: {error!r}; rebuild the checkpoint") from error


@dataclass(frozen=True, slots=True)
class _NamedEncoder:
    """Stands for the pretrained encoder that codes of content rest on: their version needs its name alone."""

    name: str
    dimensions: int = 0

    def encode(self, texts: Sequence[str]) -> Floats:
        """Raise CheckpointError: clusters are read to be compared, not to code texts."""
        raise CheckpointError(f"{len(texts)} texts to encode with {self.name}, of which only the name was read")


def _pretrained(told: Mapping[str, Any]) -> Iterator[str]:
    if told.get("kind") == "pretrained":
        yield told["name"]
    for each in told.values():
        if isinstance(each, Mapping):
            yield from _pretrained(each)
