"""A real broker, a real model server and sessions, started once for each file; each test may kill them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from bench.stack import STREAM_PARTS
from deploy.local import LocalStack, StackConfig
from segue import wire
from segue.catalog import Track
from segue.popularity import POPULAR_FILE

MODELS = Path(__file__).with_name("models")
POPULAR = [Track(f"popular-{number}", f"Popular {number}", ("Everybody",)) for number in range(50)]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    (folder / POPULAR_FILE).write_bytes(b"".join(wire.encode(track) + b"\n" for track in POPULAR))
    return folder


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Iterator[LocalStack]:
    folder = tmp_path_factory.mktemp("stack")
    config = StackConfig.for_tests(folder, checkpoint=checkpoint, model_repository=MODELS)
    with LocalStack(config, only=STREAM_PARTS) as running:
        yield running


@pytest.fixture
def console() -> Console:
    return Console(quiet=True)
