"""One process of the stack while it runs: started in its own group, its output in a file, stopped with grace.

Knows nothing about the other processes or their order; `stack.py` does.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from deploy.local.config import ROOT
from deploy.local.guard import MARK, marked
from deploy.local.part import Part
from segue.errors import StackError

LAST_LINES = 12
PREVIOUS = ".previous.log"
# A log that grows beyond this while its process runs is moved aside.
LOG_BYTES = 64 * 1024 * 1024


class Process:
    """A started part."""

    def __init__(self, part: Part, stack: str, logs: Path) -> None:
        """Start it. Raises StackError when its program cannot be executed or its log cannot be written."""
        self.part = part
        self._stack = stack
        self.log = logs / f"{part.name}.log"
        self.started = time.monotonic()
        self.is_ready = False
        self.is_stopping = False
        try:
            with self.log.open("ab") as log:
                self._popen = subprocess.Popen(
                    part.command,
                    cwd=ROOT,
                    env=_environment(part, stack),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    # Ctrl-C in the terminal is for the supervisor alone, which stops the others in order.
                    start_new_session=True,
                )
        except OSError as error:
            raise StackError(f"{part.name} cannot be started: {error}") from error

    @property
    def pid(self) -> int:
        """The process id, which is also its group's."""
        return self._popen.pid

    def exit_code(self) -> int | None:
        """Return the exit code, negative for a signal; None while it runs."""
        return self._popen.poll()

    def is_up(self) -> bool:
        """Whether it runs and says that it is ready; a task never is."""
        return self.exit_code() is None and self.part.ready is not None and self.part.ready()

    def how_it_ended(self) -> str:
        """Return its exit code or the signal that ended it, in words."""
        code = self.exit_code() or 0
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def seconds(self) -> float:
        """Return how long ago it was started, in seconds."""
        return time.monotonic() - self.started

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process and its children, unless it has ended: then its id may be another's."""
        if self.exit_code() is None:
            os.killpg(self.pid, number)

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended; False when it has not in time."""
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self, grace: float) -> None:
        """Ask it to end, end it after the grace (seconds), and remove what it cannot remove itself."""
        self.is_stopping = True
        if self.exit_code() is None:
            self._popen.send_signal(signal.SIGTERM)
            self.send(signal.SIGCONT)
            self.wait(grace)
        self.kill()

    def kill(self) -> None:
        """End it and its children at once, and remove what it left behind."""
        self.send(signal.SIGKILL)
        self._popen.wait()
        self._kill_orphans()
        self.part.clean()

    def _kill_orphans(self) -> None:
        """End the children that outlived it: those of its group that carry the stack's mark."""
        for process in marked(self._stack):
            with suppress(ProcessLookupError):
                if os.getpgid(process) == self.pid:
                    os.kill(process, signal.SIGKILL)

    def last_lines(self) -> str:
        """Return the end of its log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(f"  {line}" for line in lines[-LAST_LINES:])

    def bound_log(self) -> None:
        """Move a log that has grown too large aside; the process goes on at the start of the same file.

        On a full disk what the log held is given up: nothing that runs is ended for it.
        """
        with suppress(OSError):
            if self.log.stat().st_size <= LOG_BYTES:
                return
            try:
                shutil.copyfile(self.log, _previous(self.log))
            except OSError:
                _previous(self.log).unlink(missing_ok=True)  # half a copy only takes room
            os.truncate(self.log, 0)


def _environment(part: Part, stack: str) -> dict[str, str]:
    """Return the supervisor's environment with the part's own variables and the stack's mark."""
    given = {**os.environ, **part.environment, MARK: stack}
    if first := part.path_first:
        given["PATH"] = f"{first}:{given.get('PATH', os.defpath)}"
    return given


def keep_previous_logs(logs: Path) -> None:
    """Make the folder, and move the logs of the run before aside, over those of the run before it."""
    logs.mkdir(parents=True, exist_ok=True)
    for log in logs.glob("*.log"):
        if not log.name.endswith(PREVIOUS):
            log.replace(_previous(log))


def _previous(log: Path) -> Path:
    return log.with_name(log.name.removesuffix(".log") + PREVIOUS)
