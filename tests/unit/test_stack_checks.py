"""What the stack checks before it starts, and what it chooses: ports, room, settings, models, shared memory."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rich.console import Console

from deploy.local import StackConfig, config, triton
from deploy.local.jars import COORDINATES, kafka_classpath
from deploy.local.kafka import broker_properties
from deploy.local.part import Part
from deploy.local.parts import NAMES
from deploy.local.preflight import check_checkpoint, check_paths, check_ports, check_space
from deploy.local.probes import broker_is_ready, http_is_ok
from deploy.local.services import service_parts
from deploy.local.stack import LocalStack
from segue.errors import CheckpointError, StackError
from services.runtime.topology import MAX_MESSAGE_BYTES


def test_every_part_of_a_test_stack_has_a_port_of_its_own(tmp_path: Path) -> None:
    chosen = StackConfig.for_tests(tmp_path)
    ports = [getattr(chosen, name) for name in config.port_fields()]
    assert len(set(ports)) == len(ports) == 10
    assert all(port in config.PORTS_FOR_TESTS for port in ports)


def test_a_listening_port_is_not_free() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert not config.port_is_free(taken.getsockname()[1])


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGUE_LOCAL_KAFKA_PORT", "70000")
    with pytest.raises(StackError, match="SEGUE_LOCAL_KAFKA_PORT"):
        config.load()


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.preflight.shutil.disk_usage", lambda _: _Usage())
    with pytest.raises(StackError, match=rf"the disk is full: {tmp_path} has 12 MB left.*SEGUE_LOCAL_FOLDER"):
        check_space(StackConfig.for_tests(tmp_path))


def test_a_missing_checkpoint_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="make checkpoint"):
        check_checkpoint(tmp_path / "absent")


@pytest.mark.parametrize(("variable", "said"), [("FOLDER", "/proc/nowhere"), ("CHECKPOINT", "make checkpoint")])
def test_a_folder_that_cannot_be_used_is_one_sentence(variable: str, said: str) -> None:
    environment = {**os.environ, f"SEGUE_LOCAL_{variable}": "/proc/nowhere"}
    command = (sys.executable, "-m", "deploy.local", "up")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (sentence,) = done.stderr.strip().splitlines()
    assert said in sentence


def test_an_empty_model_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"config\.pbtxt"):
        triton.model_names(tmp_path)


def test_no_model_can_be_loaded_into_a_running_server(tmp_path: Path) -> None:
    part = triton.triton_part(StackConfig.for_tests(tmp_path), "segue-test")
    image = (config.ROOT / "deploy" / "docker" / "triton.Dockerfile").read_text()
    for command in (" ".join(part.command), image):
        assert "--model-control-mode=none" in command
        assert "--load-model" not in command


def test_a_missing_interpreter_library_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.triton.python_library", lambda: "libpython3.99.so.1.0")
    with pytest.raises(StackError, match=r"libpython3\.99\.so\.1\.0 is missing.*apt-get install libpython3\.99"):
        triton.check_python_library()


def test_only_the_own_shared_memory_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triton, "SHARED_MEMORY", tmp_path)
    for name in ("segue-1-a", "segue-1-b", "segue-2-a", "other"):
        (tmp_path / name).touch()
    triton.remove_regions("segue-1")
    assert sorted(region.name for region in tmp_path.iterdir()) == ["other", "segue-2-a"]


def test_an_unknown_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="unknown parts"):
        LocalStack(StackConfig.for_tests(tmp_path), only={"zookeeper"})


def test_services_wait_for_the_topics_and_the_model(tmp_path: Path) -> None:
    parts = {part.name: part for part in service_parts(StackConfig.for_tests(tmp_path))}
    assert set(parts) == set(NAMES) - {"kafka", "triton"}
    assert parts["topics"].is_task
    assert all(parts[name].after == {"topics", "triton"} for name in ("gateway", "sessions", "track_tokens"))


def test_each_service_has_its_own_port_and_folder(tmp_path: Path) -> None:
    services = [part for part in service_parts(StackConfig.for_tests(tmp_path)) if not part.is_task]
    for variable in ("SEGUE_METRICS_PORT", "SEGUE_STATE"):
        assert len({part.environment[variable] for part in services}) == len(services)


def test_the_broker_creates_no_topic_by_itself_and_takes_the_largest_message(tmp_path: Path) -> None:
    properties = broker_properties(StackConfig.for_tests(tmp_path))
    assert properties["auto.create.topics.enable"] == "false"
    assert int(properties["message.max.bytes"]) >= MAX_MESSAGE_BYTES
    assert int(properties["group.min.session.timeout.ms"]) <= 6_000


def test_jars_that_are_there_need_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def download(coordinates: tuple[str, ...], cache: Path, _console: object) -> list[Path]:
        asked.append(coordinates)
        (cache / "a.jar").touch()
        return [cache / "a.jar"]

    monkeypatch.setattr("deploy.local.download.download_jars", download)
    first = kafka_classpath(tmp_path, Console())
    assert kafka_classpath(tmp_path, Console()) == first == [tmp_path / "a.jar"]
    assert asked == [COORDINATES]
    (tmp_path / "a.jar").unlink()
    kafka_classpath(tmp_path, Console())
    assert len(asked) == 2


def test_nothing_that_listens_is_not_ready() -> None:
    assert not http_is_ok(1, "/ready")
    assert not broker_is_ready(1)


@pytest.mark.parametrize(("alive", "ready"), [(0, False), (1, True)])
def test_a_broker_is_ready_once_it_lists_itself(alive: int, ready: bool) -> None:  # noqa: FBT001
    with socket.create_server(("127.0.0.1", 0)) as server:
        answer = (12).to_bytes(4, "big") + (1).to_bytes(4, "big") + bytes(4) + alive.to_bytes(4, "big")
        broker = threading.Thread(target=_answer_once, args=(server, answer))
        broker.start()
        assert broker_is_ready(server.getsockname()[1]) is ready
        broker.join()


def _answer_once(server: socket.socket, answer: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(1_000)
        connection.sendall(answer)


class _Usage:
    free = 12_000_000


def test_a_path_with_a_space_is_refused_before_triton_is_started(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="space in a path"):
        check_paths(StackConfig(folder=tmp_path / "my segue"))


def test_a_damaged_checkpoint_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    copy = tmp_path / "checkpoint"
    shutil.copytree(StackConfig().checkpoint, copy)
    decoder = copy / "decoder.safetensors"
    decoder.write_bytes(decoder.read_bytes()[:-1_000])
    with pytest.raises(CheckpointError, match=r"decoder\.safetensors is damaged"):
        check_checkpoint(copy)


def test_two_parts_on_one_port_are_named_by_their_variables() -> None:
    parts = [Part(name, (), ports={f"{name}_port": 21_999}) for name in ("kafka", "gateway")]
    with pytest.raises(StackError, match="SEGUE_LOCAL_KAFKA_PORT and SEGUE_LOCAL_GATEWAY_PORT are both port 21999"):
        check_ports(parts)
