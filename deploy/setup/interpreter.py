"""Which Python carries Segue: 3.11 or 3.12 with its shared library. Runs candidates to ask them, changes nothing.

The versions are those for which the model server has a backend and numpy 1.26 has a build.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy.setup.errors import SetupError

if TYPE_CHECKING:  # interpreters that are too old for these must get as far as saying so
    from collections.abc import Iterable, Iterator

VERSIONS = ((3, 12), (3, 11))
NAMES = ("python3.12", "python3.11")

# Asked of each candidate: its version, whether it can make environments, whether its shared library can be loaded.
QUESTION = """
import ctypes, json, os, sys, sysconfig
library = "libpython%d.%d.so.1.0" % sys.version_info[:2]
found = os.path.exists(os.path.join(sysconfig.get_config_var("LIBDIR") or "", library))
if not found:
    try:
        found = bool(ctypes.CDLL(library))
    except OSError:
        pass
try:
    import ensurepip
    pip = True
except ImportError:
    pip = False
print(json.dumps([list(sys.version_info[:3]), os.path.realpath(sys.executable), found, pip]))
"""
QUESTION_SECONDS = 20


@dataclass(frozen=True)
class Interpreter:
    """One Python: its version, its executable, whether it has a shared library and can install pip."""

    version: tuple[int, ...]
    executable: str
    has_library: bool
    has_pip: bool

    @property
    def short(self) -> str:
        """Major and minor version, as in `python3.11`."""
        return ".".join(map(str, self.version[:2]))


def choose(candidates: Iterable[Interpreter]) -> Interpreter:
    """Return the first that suits. Raises SetupError that says what the best of them lacks."""
    known = list(candidates)
    fitting = [python for python in known if tuple(python.version[:2]) in VERSIONS]
    for python in fitting:
        if python.has_library and python.has_pip:
            return python
    if not fitting:
        found = ", ".join(sorted({python.short for python in known})) or "none"
        raise SetupError(
            f"Segue needs Python 3.11 or 3.12 and found {found}; "
            "install one of them, or name it: make setup PYTHON=/path/to/python3.12"
        )
    raise SetupError(_lack(fitting[0]))


def candidates() -> Iterator[Interpreter]:
    """Yield this interpreter and those beside it that answer."""
    for executable in (sys.executable, *map(shutil.which, NAMES)):
        python = ask(executable) if executable else None
        if python is not None:
            yield python


def ask(executable: str) -> Interpreter | None:
    """Return what the executable says of itself, or None when it cannot be run."""
    command = [executable, "-c", QUESTION]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=QUESTION_SECONDS, check=True)
        version, real, has_library, has_pip = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None  # a shim of a version manager for a version that is not installed
    return Interpreter(tuple(version), real, has_library, has_pip)


def _lack(python: Interpreter) -> str:
    if not python.has_library:
        return (
            f"libpython{python.short}.so.1.0 is missing, which the model server's Python backend needs; install it "
            f"(Debian, Ubuntu: apt-get install libpython{python.short}) or use a Python built with --enable-shared"
        )
    return (
        f"{python.executable} cannot make virtual environments; "
        f"install that part of it (Debian, Ubuntu: apt-get install python{python.short}-venv)"
    )
