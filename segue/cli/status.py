"""`segue status`: what of a running Segue is healthy, as far as a client can see.

Knows addresses and what each part says of itself. A part that is fine has an empty description.
"""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Iterator
from typing import Annotated

import typer

from segue.cli.broker import living_brokers
from segue.errors import RequestFailed

app = typer.Typer()

# Seconds; a part that needs longer to say how it is, is not well.
TIMEOUT = 2.0
# What every Python process with prometheus-client serves: seconds since the epoch.
STARTED = re.compile(r"^process_start_time_seconds (\S+)$", re.MULTILINE)


@app.command()
def status(
    address: Annotated[str, typer.Option(help="The gateway's gRPC address, host:port.")] = "127.0.0.1:7600",
    gateway: Annotated[str, typer.Option(help="The gateway's metrics address.")] = "127.0.0.1:7701",
    sessions: Annotated[str, typer.Option(help="The metrics address of sessions.")] = "127.0.0.1:7702",
    track_tokens: Annotated[str, typer.Option(help="The metrics address of track_tokens.")] = "127.0.0.1:7703",
    triton: Annotated[str, typer.Option(help="Triton's HTTP address.")] = "127.0.0.1:8000",
    kafka: Annotated[str, typer.Option(help="Kafka's bootstrap address.")] = "127.0.0.1:9092",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Say what is healthy; the exit code is 1 when something is not."""
    from segue.cli import show

    for option, where in (("gateway", gateway), ("sessions", sessions), ("track-tokens", track_tokens)):
        _check_address(option, where)
    _check_address("triton", triton)
    _check_address("kafka", kafka)
    parts = {
        "kafka": _answers(kafka),
        "triton: recommender": _ready(triton, "/v2/models/recommender/ready"),
        "triton: track_encoder": _ready(triton, "/v2/models/track_encoder/ready"),
        "gateway": _ready(gateway, "/ready"),
        **dict(_services(address)),
        "sessions": _ready(sessions, "/ready"),
        "track_tokens": _ready(track_tokens, "/ready"),
    }
    processes = {"gateway": gateway, "sessions": sessions, "track_tokens": track_tokens}
    seconds = {name: age for name, where in processes.items() if (age := _seconds_up(where)) is not None}
    show.health(parts, seconds, as_json=as_json)
    if any(parts.values()):
        raise typer.Exit(1)


def _check_address(option: str, address: str) -> None:
    """Raise typer.BadParameter unless the address is host:port."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise typer.BadParameter(f"{address!r} is no host:port", param_hint=f"--{option}")


def _services(address: str) -> Iterator[tuple[str, str]]:
    """Yield each gRPC service and what is wrong with it."""
    from segue.client import Client
    from segue.client.calls import SERVICES

    with Client(address, timeout=TIMEOUT) as client:
        try:
            found = client.health()
        except RequestFailed as error:
            found = dict.fromkeys(SERVICES, f"no answer at {address} ({error.status})")
    for service in SERVICES:
        said = found.get(service, "unknown")
        yield f"gateway: {service}", "" if said == "SERVING" else said


def _ready(address: str, path: str) -> str:
    """Return what is wrong with a part that answers over HTTP: 200 when it is ready, else its own words."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read(10_000)
    except (OSError, http.client.HTTPException) as error:
        return f"no answer at {address} ({_cause(error)})"
    finally:
        connection.close()
    return "" if response.status == http.client.OK else _not_ready(body)


def _seconds_up(address: str) -> float | None:
    """Return for how long the process has run, by its own metrics; None when they cannot be read."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT)
    try:
        connection.request("GET", "/metrics")
        found = STARTED.search(connection.getresponse().read().decode(errors="replace"))
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return max(0.0, time.time() - float(found[1])) if found else None


def _not_ready(body: bytes) -> str:
    try:
        said = json.loads(body)
    except ValueError:
        return "not ready"
    missing = said.get("missing", {}) if isinstance(said, dict) else {}
    return "not ready" + "".join(f"; {condition}: {why}" for condition, why in missing.items())


def _answers(address: str) -> str:
    """Return what is wrong with the broker: one that listens may be paused, so it is asked."""
    host, _, port = address.rpartition(":")
    try:
        alive = living_brokers(host, int(port), TIMEOUT)
    except OSError as error:
        return f"no answer at {address} ({_cause(error)})"
    return "" if alive else f"the broker at {address} is not ready"


def _cause(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
