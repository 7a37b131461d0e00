"""What can be chosen about the one-machine stack: ports, folders, checkpoint. Read from `SEGUE_LOCAL_*`.

Knows what is chosen, not what is done with it. The services' own settings are in `services/runtime/settings.py`.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from segue.errors import StackError
from services.runtime.settings import Port

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "SEGUE_LOCAL_"

# Below the range from which the kernel takes the ports of outgoing connections: what is free now stays free.
PORTS_FOR_TESTS = range(21_000, 22_000)


class StackConfig(BaseSettings):
    """The choices; an environment variable is the field's name in capitals behind `SEGUE_LOCAL_`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    folder: Path = Field(
        ROOT / ".segue",
        description="logs, Kafka's log, RocksDB tables, the running stack's record",
    )
    checkpoint: Path = Field(ROOT / "checkpoints" / "world", description="the checkpoint that the recommender serves")
    sample: Path = Field(ROOT / "samples" / "world", description="the dataset that the demo streams")
    model_repository: Path = Field(ROOT / "model_repo", description="Triton's model repository")
    kafka_port: Port = Field(9092, description="where producers and consumers connect")
    kafka_controller_port: Port = Field(9093, description="Kafka's controller, inside the machine")
    triton_http_port: Port = Field(8000, description="Triton over HTTP")
    triton_grpc_port: Port = Field(8001, description="Triton over gRPC")
    triton_metrics_port: Port = Field(8002, description="Triton's own metrics")
    recommender_metrics_port: Port = Field(7704, description="/metrics, /live, /ready of the recommender in Triton")
    gateway_port: Port = Field(7600, description="the gateway's gRPC port")
    gateway_metrics_port: Port = Field(7701, description="the gateway's /metrics, /live, /ready")
    sessions_metrics_port: Port = Field(7702, description="the same of sessions")
    track_tokens_metrics_port: Port = Field(7703, description="the same of track_tokens")
    start_seconds: float = Field(120.0, gt=0, description="how long each part may take until it is ready")
    stop_seconds: float = Field(
        15.0,
        gt=0,
        description="how long each part may take to stop before it is killed",
    )
    service_environment: dict[str, str] = Field({}, description="further SEGUE_* variables for every service, as JSON")

    @classmethod
    def for_tests(cls, folder: Path, **changes: Any) -> Self:
        """Return a configuration with free ports of 21000-21999 and everything it writes inside the folder."""
        ports = dict(zip(port_fields(), free_ports(len(port_fields())), strict=True))
        return cls(**{"folder": folder, **ports, **changes})

    @property
    def logs(self) -> Path:
        """The folder with one log file for each process."""
        return self.folder / "logs"

    @property
    def kafka(self) -> str:
        """The bootstrap address."""
        return f"127.0.0.1:{self.kafka_port}"

    @property
    def triton(self) -> str:
        """Triton's gRPC address."""
        return f"127.0.0.1:{self.triton_grpc_port}"

    @property
    def gateway(self) -> str:
        """The gateway's gRPC address."""
        return f"127.0.0.1:{self.gateway_port}"


def load() -> StackConfig:
    """Read the configuration from the environment. Raises StackError that names each variable that is wrong."""
    try:
        return StackConfig()
    except ValidationError as error:
        wrong = "; ".join(f"{PREFIX}{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors())
        raise StackError(f"the stack's settings cannot be read: {wrong}") from error


def port_fields() -> tuple[str, ...]:
    """Return the names of the fields that are ports."""
    return tuple(name for name in StackConfig.model_fields if name.endswith("_port"))


def variable(field: str) -> str:
    """Return the environment variable that sets the field."""
    return f"{PREFIX}{field.upper()}"


def port_is_free(port: int) -> bool:
    """Whether a server could listen on the port of this machine's own address and of all its addresses."""
    return all(_can_bind(address, port) for address in ("127.0.0.1", "0.0.0.0"))  # noqa: S104  # asked, not served


def free_ports(count: int) -> list[int]:
    """Return this many different free ports for tests. Raises StackError when there are not as many."""
    found = list(_up_to(count))
    if len(found) < count:
        raise StackError(f"fewer than {count} ports of {PORTS_FOR_TESTS} are free; stop what listens there")
    return found


def _up_to(count: int) -> Iterator[int]:
    for port in random.sample(PORTS_FOR_TESTS, len(PORTS_FOR_TESTS)):
        if count == 0:
            return
        if port_is_free(port):
            count -= 1
            yield port


def _can_bind(address: str, port: int) -> bool:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((address, port))
        except OSError:
            return False
        return True
