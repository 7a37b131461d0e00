"""A real broker, a gateway on it, and a real model server with a small model, for all integration tests."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from deploy.local import LocalStack, StackConfig
from segue.client import Client
from tests.integration.gateway_stage import MAX_WAITING, Gateway, running_gateway

ECHO_CONFIG = """
backend: "python"
max_batch_size: 8
input [{ name: "QUERY" data_type: TYPE_STRING dims: [1] }]
output [{ name: "RANKING" data_type: TYPE_STRING dims: [1] }]
"""
ECHO_MODEL = """
import triton_python_backend_utils as backend


class TritonPythonModel:
    def execute(self, requests):
        return [self.answer(backend.get_input_tensor_by_name(request, "QUERY")) for request in requests]

    def answer(self, query):
        return backend.InferenceResponse([backend.Tensor("RANKING", query.as_numpy())])
"""


def write_model(repository: Path, name: str, model: str = ECHO_MODEL) -> None:
    """Write a model of the Python backend into a repository."""
    (repository / name / "1").mkdir(parents=True)
    (repository / name / "config.pbtxt").write_text(ECHO_CONFIG)
    (repository / name / "1" / "model.py").write_text(model)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackConfig]:
    """A broker with the declared topics; `kafka.kafka` is its address."""
    config = StackConfig.for_tests(tmp_path_factory.mktemp("kafka"))
    with LocalStack(config, only={"kafka", "topics"}):
        yield config


@pytest.fixture
def echo_repository(tmp_path: Path) -> Path:
    """A model repository with one model, which answers what it is asked."""
    repository = tmp_path / "models"
    write_model(repository, "echo")
    return repository


@pytest.fixture(scope="module")
def gateway(kafka: StackConfig, tmp_path_factory: pytest.TempPathFactory) -> Generator[Gateway]:
    with running_gateway(tmp_path_factory.mktemp("gateway"), kafka.kafka, max_waiting=MAX_WAITING) as running:
        yield running


@pytest.fixture
def client(gateway: Gateway) -> Generator[Client]:
    with Client(gateway.address, timeout=20) as client:
        yield client
