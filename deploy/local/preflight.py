"""What must be true before anything is started, each failure as one sentence. Starts nothing, changes nothing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import psutil

from deploy.local.config import StackConfig, port_is_free, variable
from deploy.local.part import Part
from deploy.local.triton import SHARED_MEMORY
from segue.errors import StackError
from segue.model.checkpoint_files import Files

DISK_BYTES = 500_000_000
SHARED_MEMORY_BYTES = 64_000_000
MEGABYTE = 1_000_000


def check_ports(parts: Iterable[Part]) -> None:
    """Raise StackError for the first port that is given twice, or that another process listens on."""
    given: dict[int, str] = {}
    for part in parts:
        for field, port in part.ports.items():
            if port in given:
                raise StackError(f"{variable(given[port])} and {variable(field)} are both port {port}; change one")
            given[port] = field
            if not port_is_free(port):
                raise StackError(
                    f"port {port}, which {part.name} needs, is in use by {listener(port)}; "
                    f"stop that, or choose another port with {variable(field)}"
                )


def check_space(config: StackConfig) -> None:
    """Raise StackError when the disk or the shared memory is too full to start."""
    for folder, needed, way_out in (
        (
            config.folder,
            DISK_BYTES,
            f"free some, or choose another folder with {variable('folder')}",
        ),
        (
            SHARED_MEMORY,
            SHARED_MEMORY_BYTES,
            "free some (in a container: enlarge it with --shm-size)",
        ),
    ):
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise StackError(
                f"the disk is full: {folder} has {free // MEGABYTE} MB left and the stack needs "
                f"{needed // MEGABYTE} MB; {way_out}"
            )


def check_checkpoint(checkpoint: Path) -> None:
    """Raise StackError when there is no checkpoint to serve, CheckpointError when its files are not what they were."""
    if not checkpoint.is_dir():
        raise StackError(f"no checkpoint in {checkpoint}; `make checkpoint` trains one")
    Files.open(checkpoint)


def check_paths(config: StackConfig) -> None:
    """Raise StackError when a path holds a space: Triton hands those of its Python models to a shell as they are."""
    for path in (config.folder, config.model_repository, Path(sys.prefix)):
        if any(character.isspace() for character in str(path)):
            raise StackError(
                f"Triton cannot work with a space in a path: {path}; move the checkout where there is none"
            )


def listener(port: int) -> str:
    """Return who listens on the port, as far as this user may know."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return "another process"
    for connection in connections:
        listening = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
        if listening and connection.pid is not None:
            return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return "another process"
