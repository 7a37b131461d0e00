"""The whole stack, started once for all end-to-end tests, with the checkpoint that the repository carries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import LocalStack, StackConfig
from segue.client import Client


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint folder to serve; without one there is nothing to test."""
    found = StackConfig.for_tests(tmp_path_factory.mktemp("choice")).checkpoint
    if not found.is_dir():
        pytest.skip(f"no checkpoint in {found}; `make checkpoint` trains one")
    return found


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Iterator[LocalStack]:
    """Every part, ready; addresses are in `stack.config`."""
    config = StackConfig.for_tests(tmp_path_factory.mktemp("stack"), checkpoint=checkpoint)
    with LocalStack(config) as running:
        yield running


@pytest.fixture
def client(stack: LocalStack) -> Iterator[Client]:
    """A client of the stack's gateway."""
    with Client(stack.config.gateway, timeout=10.0) as connected:
        yield connected
