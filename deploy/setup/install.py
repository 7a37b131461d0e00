"""The steps of set-up: environment, uv, locked packages, this project, Kafka's jars; and the stamp that says: done.

Names no package index: pip's configuration decides, and uv is told the same.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.setup.errors import SetupError, explain
from deploy.setup.interpreter import Interpreter

if TYPE_CHECKING:  # interpreters that are too old for these must get as far as saying so
    from collections.abc import Sequence

UV = "uv==0.13.9"
# Measured: the environment takes 6.0 GB with CUDA's libraries and 2.2 GB without.
GIGABYTES = {"default": 7, "cpu": 3}
INDEX = "the package index"

# pip's setting, and the variable that tells uv the same.
SAME_FOR_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "cert": "SSL_CERT_FILE",
    "find-links": "UV_FIND_LINKS",
}


class Environment:
    """The virtual environment `.venv` of a project folder."""

    def __init__(self, project: Path, torch: str | None) -> None:
        if torch not in (None, *GIGABYTES):
            raise SetupError(f"SEGUE_TORCH is {torch!r}; set it to cpu, or leave it out for the default build")
        self.folder = project / ".venv"
        self.python = self.folder / "bin" / "python"
        self._project = project
        self._lock = project / "requirements.lock"
        self._stamp = self.folder / "segue.stamp"
        self._torch = torch or self._chosen_before()
        self._settings: dict[str, str] = {}

    def is_complete(self) -> bool:
        """Whether set-up has finished here with the same lock, project and choice, and its interpreter still exists."""
        return self._stamp.exists() and self.python.exists() and self._stamp.read_text() == self._contents()

    def _contents(self) -> str:
        """Return the stamp of an environment that is complete: the build of torch, and what it was made from."""
        digest = hashlib.sha256(UV.encode())
        for file in (self._lock, self._project / "pyproject.toml", self.folder / "pyvenv.cfg"):
            digest.update(file.read_bytes())
        return f"{self._torch} {digest.hexdigest()}"

    def _chosen_before(self) -> str:
        return self._stamp.read_text().split()[0] if self._stamp.exists() else "default"

    def make(self, interpreter: Interpreter) -> None:
        """Make it, or complete what an interrupted run began. Raises SetupError."""
        self._check_space()
        self._say(f"making .venv with Python {interpreter.short}")
        if self._stamp.exists():
            self._stamp.unlink()
        if not self._fits(interpreter):
            self._run([interpreter.executable, "-m", "venv", "--clear", str(self.folder)], "making .venv", INDEX)
        self._settings = uv_settings(self.python)
        self._run([str(self.python), "-m", "pip", "install", UV], "installing uv", INDEX)
        self._install_packages()
        self._say("fetching Kafka's jars")
        self._show([str(self.python), "-m", "deploy.local", "fetch"], "fetching Kafka's jars", "Maven Central")
        part = self._stamp.with_suffix(".part")
        part.write_text(self._contents())
        part.replace(self._stamp)

    def _install_packages(self) -> None:
        uv = [str(self.folder / "bin" / "uv"), "pip", "install", "--python", str(self.python)]
        if self._torch == "cpu":
            self._say("installing the locked packages with the CPU build of torch")
            chosen = ["-c", str(self._lock), "--torch-backend", "cpu", "-r", "pyproject.toml", "--all-extras"]
            network = "PyTorch's own index (without SEGUE_TORCH=cpu the package index alone is enough)"
        else:
            self._say("installing the locked packages (3 GB to download the first time)")
            chosen, network = ["-r", str(self._lock)], INDEX
        self._show([*uv, *chosen], "installing packages", network)
        # The build tool is locked too, so nothing more is downloaded.
        own = ["--quiet", "--no-deps", "--no-build-isolation", "-e", "."]
        self._run([*uv, *own], "installing the project", INDEX)

    def _check_space(self) -> None:
        needed = GIGABYTES[self._torch]
        free = shutil.disk_usage(self._project).free
        if not self._lock.exists():
            raise SetupError(f"{self._lock} is missing; run the command in a complete checkout")
        if free < needed * 10**9 and not self.folder.exists():
            raise SetupError(
                f"the disk is full: {self._project} has {free / 10**9:.1f} GB left "
                f"and set-up needs {needed} GB; free some and run the command again"
            )

    def _fits(self, interpreter: Interpreter) -> bool:
        """Whether an environment of this version is already there, perhaps without its packages."""
        configuration = self.folder / "pyvenv.cfg"
        if not configuration.exists() or not self.python.exists():
            return False
        return f"version = {'.'.join(map(str, interpreter.version))}" in configuration.read_text()

    def _run(self, command: Sequence[str], step: str, network: str) -> None:
        """Run a quick step. Raises SetupError with the reason in its output."""
        done = self._execute(command, capture=True)
        if done.returncode:
            raise explain(step, f"{done.stdout}{done.stderr}", network)

    def _show(self, command: Sequence[str], step: str, network: str) -> None:
        """Run a long step that shows its own progress; when it fails, run it again to hear why."""
        if self._execute(command, capture=False).returncode:
            self._run(command, step, network)

    def _execute(self, command: Sequence[str], *, capture: bool) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                command,
                cwd=str(self._project),
                env={**os.environ, **self._settings},
                capture_output=capture,
                text=True,
                check=False,
            )
        except OSError as error:
            raise explain(f"running {command[0]}", str(error), INDEX) from error

    @staticmethod
    def _say(what: str) -> None:
        sys.stderr.write(f"set-up: {what}\n")


def uv_settings(python: Path) -> dict[str, str]:
    """Return the variables that give uv pip's configuration, except those that are set already."""
    listed = subprocess.run([str(python), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    given = dict(line.split("=", 1) for line in listed.stdout.splitlines() if "=" in line)
    found = {name.rsplit(".", 1)[-1]: value.strip("'\"") for name, value in given.items()}
    same = {variable: found[name] for name, variable in SAME_FOR_UV.items() if found.get(name)}
    return {name: value for name, value in same.items() if name not in os.environ}
