"""Whether docker-compose.yml, the images and the scrape configuration agree with the settings and ports of the rest.

Reads files only; tests/end_to_end/test_containers.py runs them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.config import StackConfig
from deploy.local.kafka import broker_properties
from deploy.setup.install import UV
from services.runtime.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("gateway", "sessions", "track_tokens")
# What serves the services' kind of metrics, and the container that it runs in.
MEASURED = {**{name: name for name in OURS}, "recommender": "triton"}
DOCKERFILES = sorted((ROOT / "deploy" / "docker").glob("*.Dockerfile"))
# Each choice has a default, so that compose starts with none made.
CHOICE = re.compile(r"\$\{([A-Z_]+)(:-[^}]*)?\}")


@pytest.mark.parametrize("name", [*OURS, "topics", "triton"])
def test_every_setting_reaches_a_service_and_nothing_else_does(name: str) -> None:
    allowed = {f"SEGUE_{field.upper()}" for field in Settings.model_fields}
    given = {variable for variable in SERVICES[name]["environment"] if variable.startswith("SEGUE_")}
    assert given <= allowed
    left_out = {"SEGUE_METRICS_PORT"} if name == "topics" else set()
    assert allowed - given == left_out


def test_every_choice_has_a_default_and_is_explained() -> None:
    guide = (ROOT / "docs" / "operations.md").read_text()
    for variable, default in CHOICE.findall((ROOT / "docker-compose.yml").read_text()):
        assert default, f"{variable} has no default"
        assert f"`{variable}`" in guide, f"docs/operations.md does not explain {variable}"


def test_only_the_gateway_and_the_user_interfaces_are_published_and_only_to_this_machine_by_default() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"gateway", "prometheus", "grafana"}
    for (port,) in published.values():
        assert re.fullmatch(r"\$\{SEGUE_COMPOSE_PUBLISH:-127\.0\.0\.1\}:\$\{SEGUE_COMPOSE_[A-Z]+_PORT:-\d+\}:\d+", port)


@pytest.mark.parametrize("name", SERVICES)
def test_what_runs_on_is_bounded_watched_restarted_and_without_privileges(name: str) -> None:
    service = SERVICES[name]
    assert service["deploy"]["resources"]["limits"]["memory"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"]["max-size"]
    assert service.get("read_only", False) == (name != "kafka"), "as docs/operations.md says"
    if name != "topics":
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["start_period"]


@pytest.mark.parametrize("name", OURS)
def test_a_service_starts_after_what_it_needs(name: str) -> None:
    conditions = {needed: how["condition"] for needed, how in SERVICES[name]["depends_on"].items()}
    assert conditions == {
        "kafka": "service_healthy",
        "topics": "service_completed_successfully",
        "triton": "service_healthy",
    }


@pytest.mark.parametrize("name", [*OURS, "triton"])
def test_the_checkpoint_is_read_only(name: str) -> None:
    (mounted,) = [volume for volume in SERVICES[name]["volumes"] if "/checkpoint" in volume]
    assert mounted.endswith(":/checkpoint:ro")
    assert SERVICES[name]["environment"]["SEGUE_CHECKPOINT"] == "/checkpoint"
    assert SERVICES[name]["read_only"] is True


@pytest.mark.parametrize("name", ["sessions", "track_tokens"])
def test_workers_can_be_scaled_because_each_takes_a_state_folder_of_its_own(name: str) -> None:
    service = SERVICES[name]
    assert not {"container_name", "ports", "hostname"} & service.keys()
    assert service["command"][0] == "own-state"
    assert any(volume.endswith(":/state") for volume in service["volumes"])


def test_data_outlives_the_containers() -> None:
    mounted = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}
    assert set(COMPOSE["volumes"]) <= mounted
    assert {"kafka-data", "sessions-state", "track-tokens-state"} <= set(COMPOSE["volumes"])


def test_prometheus_scrapes_every_part_at_the_port_where_it_serves() -> None:
    jobs = _jobs("compose.yml")
    for name, container in MEASURED.items():
        (found,) = jobs[name]["dns_sd_configs"]
        port = SERVICES[container]["environment"]["SEGUE_METRICS_PORT"]
        assert (found["names"], found["port"]) == ([container], port)
    local = {name: job["static_configs"][0]["targets"] for name, job in _jobs("local.yml").items()}
    fields = StackConfig.model_fields
    assert local.keys() == jobs.keys()
    for name in (*MEASURED, "triton"):
        assert local[name] == [f"127.0.0.1:{fields[f'{name}_metrics_port'].default}"]


@pytest.mark.parametrize(("name", "container"), MEASURED.items())
def test_a_service_has_the_same_metrics_port_in_a_container_as_on_one_machine(name: str, container: str) -> None:
    port = StackConfig.model_fields[f"{name}_metrics_port"].default
    assert SERVICES[container]["environment"]["SEGUE_METRICS_PORT"] == port


def test_both_brokers_are_configured_alike_but_for_addresses_and_folders() -> None:
    lines = (ROOT / "deploy" / "kafka" / "broker.env").read_text().splitlines()
    given = dict(line.removeprefix("KAFKA_").split("=", 1) for line in lines if line.startswith("KAFKA_"))
    here = {name.lower().replace("_", "."): value for name, value in given.items()}
    there = broker_properties(StackConfig())
    places = {"listeners", "advertised.listeners", "controller.quorum.voters", "log.dirs"}
    same = (here.keys() & there.keys()) - places
    assert {"auto.create.topics.enable", "message.max.bytes", "group.min.session.timeout.ms"} <= same
    assert {name: here[name] for name in same} == {name: there[name] for name in same}


def test_images_are_named_with_their_version() -> None:
    images = [service["image"] for service in SERVICES.values()]
    bases = [
        line.split()[1] for path in DOCKERFILES for line in path.read_text().splitlines() if line.startswith("FROM")
    ]
    for image in (*images, *bases):
        tag = CHOICE.sub(lambda match: match[2].removeprefix(":-"), image).rsplit(":", 1)[-1]
        assert re.search(r"\d", tag), f"{image} names no version"
        assert tag != "latest"


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_an_image_is_built_from_the_lock_with_the_uv_of_set_up_and_does_not_run_as_root(path: Path) -> None:
    text = path.read_text()
    assert "-c requirements.lock" in text
    assert f"ARG UV_VERSION={UV.removeprefix('uv==')}" in text
    assert re.findall(r"^USER (\d+):\d+$", text, re.MULTILINE)[-1] != "0"


def test_only_the_model_servers_image_holds_torch() -> None:
    extras = {path.stem: set(re.findall(r"--extra (\w+)", path.read_text())) for path in DOCKERFILES}
    assert extras == {"services": {"services"}, "triton": {"model"}}


def test_the_build_context_holds_what_the_images_copy_and_nothing_more() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        source
        for path in DOCKERFILES
        for line in path.read_text().splitlines()
        if line.startswith("COPY") and "--from" not in line
        for source in line.split()[1:-1]
        if not source.startswith("--")
    }
    assert all(any(Path(source).is_relative_to(name) for name in kept) for source in copied)
    assert all(any(Path(source).is_relative_to(name) for source in copied) for name in kept)


def _jobs(name: str) -> dict[str, dict[str, Any]]:
    configuration = yaml.safe_load((ROOT / "deploy" / "prometheus" / name).read_text())
    return {job["job_name"]: job for job in configuration["scrape_configs"]}
