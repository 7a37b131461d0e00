"""The services as parts of the stack, and the step that creates the topics. Knows their settings, not what they do."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from deploy.local.config import StackConfig
from deploy.local.part import Part
from deploy.local.probes import http_is_ok

SERVICES = ("gateway", "sessions", "track_tokens")


def service_parts(config: StackConfig) -> Iterator[Part]:
    """Yield the topics' creation and the services, which need the broker, the topics and the model server."""
    common = _environment(config)
    topics = (sys.executable, "-m", "services.runtime.topics")
    yield Part("topics", topics, {**common, **config.service_environment}, after=frozenset({"kafka"}))
    for name in SERVICES:
        yield _service(config, name, common)


def _service(config: StackConfig, name: str, common: dict[str, str]) -> Part:
    field = f"{name}_metrics_port"
    metrics_port: int = getattr(config, field)
    own = {
        "SEGUE_METRICS_PORT": str(metrics_port),
        "SEGUE_STATE": str(config.folder / "state" / name),
    }
    served = {"gateway_port": config.gateway_port} if name == "gateway" else {}
    return Part(
        name,
        (sys.executable, "-m", f"services.{name}"),
        {**common, **own, **config.service_environment},
        after=frozenset({"topics", "triton"}),
        ready=lambda: http_is_ok(metrics_port, "/ready"),
        ports={field: metrics_port, **served},
    )


def _environment(config: StackConfig) -> dict[str, str]:
    return {
        "SEGUE_KAFKA": config.kafka,
        "SEGUE_TRITON": config.triton,
        "SEGUE_CHECKPOINT": str(config.checkpoint),
        "SEGUE_GRPC_PORT": str(config.gateway_port),
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
    }
