"""Triton as a part of the stack: the server and Python backend that nvidia-pytriton carries. Knows no model.

The wheel keeps the backend's stub apart for each Python version; Triton wants them in one folder, so one is made
of links.
"""

from __future__ import annotations

import ctypes
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

from deploy.local.config import StackConfig
from deploy.local.part import Part
from deploy.local.probes import http_is_ok
from segue.errors import StackError

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # where Triton puts its regions; it is not ours to choose
PORTS = ("triton_http_port", "triton_grpc_port", "triton_metrics_port", "recommender_metrics_port")


def triton_part(config: StackConfig, region_prefix: str, *, with_kafka: bool = True) -> Part:
    """Return the model server; without Kafka it follows no topic. It is ready when every model of the repository is.

    Raises StackError.
    """
    wheel = _wheel()
    models = model_names(config.model_repository)
    backends = _backends(wheel, config.folder / "triton" / "backends")
    ports = {name: getattr(config, name) for name in PORTS}
    return Part(
        "triton",
        (
            str(wheel / "bin" / "tritonserver"),
            f"--model-repository={config.model_repository}",
            # All of the repository at the start, and no other afterwards: who may load a model may run its code.
            "--model-control-mode=none",
            f"--backend-directory={backends}",
            f"--backend-config=python,shm-region-prefix-name={region_prefix}",
            f"--http-port={config.triton_http_port}",
            f"--grpc-port={config.triton_grpc_port}",
            f"--metrics-port={config.triton_metrics_port}",
            "--http-address=127.0.0.1",
            "--grpc-address=127.0.0.1",
            "--metrics-address=127.0.0.1",
            "--exit-timeout-secs=5",
            "--log-info=false",
        ),
        environment={**_environment(config, wheel), "SEGUE_FOLLOW_TOKENS": str(with_kafka).lower()},
        # The stub embeds the interpreter that it finds first, and that one knows its own site-packages.
        path_first=str(Path(sys.prefix) / "bin"),
        ready=lambda: all(http_is_ok(config.triton_http_port, f"/v2/models/{name}/ready") for name in models),
        ports=ports,
        clean=lambda: remove_regions(region_prefix),
    )


def model_names(repository: Path) -> list[str]:
    """Return the models of the repository. Raises StackError when it holds none."""
    names = sorted(config.parent.name for config in repository.glob("*/config.pbtxt"))
    if not names:
        raise StackError(f"no model in {repository}; expected folders that hold a config.pbtxt")
    return names


def remove_regions(prefix: str) -> None:
    """Remove the shared-memory regions that a killed Triton left behind: only those with its own prefix."""
    for region in SHARED_MEMORY.glob(f"{prefix}*"):
        region.unlink(missing_ok=True)


def python_library() -> str:
    """Return the file name of the interpreter's shared library, which the backend's stub is linked against."""
    return f"libpython{sys.version_info.major}.{sys.version_info.minor}.so.1.0"


def check_python_library() -> None:
    """Raise StackError when the interpreter's shared library is neither beside it nor known to the loader."""
    library = python_library()
    if (Path(sysconfig.get_config_var("LIBDIR")) / library).exists():
        return
    try:
        ctypes.CDLL(library)
    except OSError as error:
        raise StackError(
            f"{library} is missing, which Triton's Python backend needs; install it "
            f"(Debian, Ubuntu: apt-get install {library.split('.so')[0]}) or use a Python built with --enable-shared"
        ) from error


def _wheel() -> Path:
    check_python_library()
    found = find_spec("pytriton")
    if found is None or found.origin is None:
        raise StackError("nvidia-pytriton is not installed; run make setup")
    return Path(found.origin).parent / "tritonserver"


def _backends(wheel: Path, folder: Path) -> Path:
    """Make the backend folder: library, Python side and the stub for this interpreter, side by side."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    stub = wheel / "python_backend_stubs" / version / "triton_python_backend_stub"
    if not stub.exists():
        raise StackError(f"Triton carries no stub for Python {version}; use Python 3.11 or 3.12")
    backend = folder / "python"
    backend.mkdir(parents=True, exist_ok=True)
    for file in (*(wheel / "backends" / "python").iterdir(), stub):
        link = backend / file.name
        link.unlink(missing_ok=True)
        link.symlink_to(file)
    return folder


def _environment(config: StackConfig, wheel: Path) -> dict[str, str]:
    # site-packages/pytriton/tritonserver -> site-packages/nvidia_pytriton.libs
    libraries = wheel.parents[1] / "nvidia_pytriton.libs"
    return {
        "LD_LIBRARY_PATH": f"{sysconfig.get_config_var('LIBDIR')}:{libraries}",
        "SEGUE_CHECKPOINT": str(config.checkpoint),
        "SEGUE_KAFKA": config.kafka,
        "SEGUE_METRICS_PORT": str(config.recommender_metrics_port),
        # More threads spin against the other processes of this machine.
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
