"""Kafka and Triton as the stack runs them: ready means usable, killed means gone, started again means as before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from deploy.local import LocalStack, StackConfig
from deploy.local.config import free_ports
from deploy.local.guard import marked
from deploy.local.probes import http_is_ok
from deploy.local.triton import SHARED_MEMORY
from segue import wire
from segue.catalog import Track
from segue.errors import StackError
from segue.popularity import POPULAR_FILE
from services.runtime.topology import REQUESTS, TOPICS

ROOT = Path(__file__).resolve().parents[2]
SUPERVISOR = """
import sys, time
from pathlib import Path
from deploy.local import LocalStack, StackConfig
config = StackConfig.for_tests(Path(sys.argv[1]), model_repository=Path(sys.argv[2]))
with LocalStack(config, only={"kafka", "triton"}) as stack:
    print(stack._name, flush=True)
    time.sleep(120)
"""


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A folder with the popular list, which is all that the services read of a checkpoint."""
    (tmp_path / POPULAR_FILE).write_bytes(wire.encode(Track("popular", "Popular")))
    return tmp_path


def test_a_ready_broker_has_every_declared_topic(kafka: StackConfig) -> None:
    with KafkaAdminClient(bootstrap_servers=kafka.kafka) as admin:
        assert {topic.name for topic in TOPICS} <= set(admin.list_topics())


@pytest.mark.parametrize("program", ["runtime.topics", "sessions", "track_tokens"])
def test_another_number_of_partitions_than_the_topics_have_is_one_sentence(
    kafka: StackConfig, checkpoint: Path, program: str
) -> None:
    changed = {
        "SEGUE_KAFKA": kafka.kafka,
        "SEGUE_PARTITIONS": "16",
        "SEGUE_CHECKPOINT": str(checkpoint),
        "SEGUE_STATE": str(checkpoint),
        "SEGUE_METRICS_PORT": str(free_ports(1)[0]),
    }
    done = subprocess.run(
        (sys.executable, "-m", f"services.{program}"),
        cwd=ROOT,
        env={**os.environ, **changed},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    (sentence,) = done.stderr.strip().splitlines()
    assert "SEGUE_PARTITIONS is 16" in sentence
    assert "listening-events has 4 and not 16" in sentence


def test_a_service_waits_for_a_broker_that_is_away_and_ends_when_asked(checkpoint: Path) -> None:
    kafka, metrics = free_ports(2)
    environment = {
        "SEGUE_KAFKA": f"127.0.0.1:{kafka}",
        "SEGUE_CHECKPOINT": str(checkpoint),
        "SEGUE_METRICS_PORT": str(metrics),
    }
    command = (sys.executable, "-m", "services.sessions")
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True
    ) as service:
        assert service.stdout is not None
        assert any("waiting for the broker" in line for line in service.stdout)
        assert not http_is_ok(metrics, "/ready")
        assert http_is_ok(metrics, "/live")
        service.terminate()
        assert service.wait(10) == 0


def test_records_outlive_a_killed_broker(tmp_path: Path) -> None:
    config = StackConfig.for_tests(tmp_path)
    with LocalStack(config, only={"kafka", "topics"}) as stack:
        with KafkaProducer(bootstrap_servers=config.kafka, acks="all") as producer:
            producer.send(REQUESTS.name, b"kept").get(timeout=20)
        stack.kill("kafka")
        stack.restart("kafka")
        assert _values(config, REQUESTS.name) == [b"kept"]


def test_a_stopped_broker_starts_again_in_the_same_folder(tmp_path: Path) -> None:
    for _ in range(2):
        with LocalStack(StackConfig.for_tests(tmp_path), only={"kafka"}) as stack:
            assert set(stack.processes) == {"kafka"}


def test_a_ready_model_server_answers_and_a_killed_one_leaves_no_shared_memory(
    tmp_path: Path, echo_repository: Path
) -> None:
    config = StackConfig.for_tests(tmp_path, model_repository=echo_repository)
    with LocalStack(config, only={"triton"}) as stack:
        assert _echo(config, b"before") == b"before"
        with InferenceServerClient(config.triton) as client, pytest.raises(InferenceServerException):
            client.load_model("echo")  # which could bring code with it
        assert list(SHARED_MEMORY.glob(f"{stack._name}*"))
        stack.kill("triton")
        assert not list(SHARED_MEMORY.glob(f"{stack._name}*"))
        stack.restart("triton")
        assert _echo(config, b"after") == b"after"
    assert not list(SHARED_MEMORY.glob(f"{stack._name}*"))


def test_a_model_that_cannot_be_loaded_stops_the_start_with_its_own_words(tmp_path: Path) -> None:
    model = tmp_path / "models" / "broken"
    (model / "1").mkdir(parents=True)
    (model / "config.pbtxt").write_text('backend: "python"')
    (model / "1" / "model.py").write_text("raise RuntimeError('the weights are missing')")
    stack = LocalStack(StackConfig.for_tests(tmp_path, model_repository=tmp_path / "models"), only={"triton"})
    with pytest.raises(StackError, match=r"(?s)triton ended.*the weights are missing"):
        stack.start()
    assert stack.processes == {}


def test_killing_the_supervisor_leaves_neither_process_nor_shared_memory(tmp_path: Path, echo_repository: Path) -> None:
    command = (sys.executable, "-c", SUPERVISOR, str(tmp_path), str(echo_repository))
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        stack = supervisor.stdout.readline().strip()
        assert len(list(marked(stack))) >= 3  # the broker, the model server and its model
        supervisor.send_signal(signal.SIGKILL)
    _wait(lambda: not list(marked(stack)) and not list(SHARED_MEMORY.glob(f"{stack}*")))


def _values(config: StackConfig, topic: str) -> list[bytes]:
    consumer = KafkaConsumer(
        topic, bootstrap_servers=config.kafka, auto_offset_reset="earliest", consumer_timeout_ms=10_000
    )
    try:
        return [next(consumer).value]
    finally:
        consumer.close()


def _echo(config: StackConfig, query: bytes) -> bytes:
    with InferenceServerClient(config.triton) as client:
        given = InferInput("QUERY", [1, 1], "BYTES")
        given.set_data_from_numpy(np.array([[query]], dtype=object))
        return bytes(client.infer("echo", [given]).as_numpy("RANKING")[0, 0])


def _wait(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
