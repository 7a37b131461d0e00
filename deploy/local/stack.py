"""The one-machine stack: its parts started in order with readiness, watched, and stopped in order.

Knows order, readiness and ends, not what the parts do. Nothing survives it: `guard.py` ends what runs when the
supervisor itself is killed.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console

from deploy.local import guard, record
from deploy.local.config import StackConfig
from deploy.local.part import Part
from deploy.local.parts import NAMES, make_parts
from deploy.local.preflight import check_paths, check_ports, check_space
from deploy.local.process import Process, keep_previous_logs
from deploy.local.record import PartRecord, Record
from deploy.local.view import say
from segue.errors import StackError

Report = Callable[[str, PartRecord], None]
MakeParts = Callable[[StackConfig, Collection[str], str, Console], Iterable[Part]]

POLL_SECONDS = 0.05
KILL_SECONDS = 30.0


class LocalStack:
    """The stack, or with `only` some of its parts: kafka, triton, topics, gateway, sessions, track_tokens.

    A context manager: started on entry, stopped on exit. With `fresh` it forgets what earlier runs in its folder have
    stored. Not for use from several threads at once.
    """

    def __init__(
        self,
        config: StackConfig,
        only: Collection[str] = NAMES,
        report: Report = lambda _name, _part: None,
        console: Console | None = None,
        make: MakeParts = make_parts,
        *,
        fresh: bool = False,
    ) -> None:
        if unknown := set(only) - set(NAMES):
            raise StackError(f"unknown parts {sorted(unknown)}; there are {', '.join(NAMES)}")
        self.config = config
        self._only = frozenset(only)
        self._report = report
        self._make = make
        self._fresh = fresh
        self._console = console or Console(stderr=True)
        self._name = f"segue-{secrets.token_hex(4)}"
        self._parts: list[Part] = []
        self._running: dict[str, Process] = {}
        self._open = ExitStack()
        self._record = Record(self._name, supervisor=0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def processes(self) -> dict[str, int]:
        """The process id of each part that runs; the same number names its process group."""
        return {name: process.pid for name, process in self._running.items() if process.exit_code() is None}

    def start(self) -> None:
        """Start every part and return once all are ready. Raises StackError, with nothing left running."""
        try:
            self._prepare()
            self._bring_up()
            self._phase("running")
        except OSError as error:
            self.stop()
            raise StackError(f"the stack cannot start: {error}") from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop every part, the last started first. Interrupted, it ends them all at once."""
        try:
            self._stop_in_order()
        finally:
            for process in self._running.values():
                process.kill()
            self._running.clear()
            if self._record.supervisor:
                self._record.supervisor = 0
                record.remove(self.config.folder)
            self._open.close()

    def kill(self, name: str) -> None:
        """End one part with SIGKILL, as a crash would."""
        process = self._process(name)
        process.is_stopping = True
        process.kill()
        self._note(name, "exited", process.seconds(), "killed")

    def restart(self, name: str, *, wait: bool = True) -> None:
        """Start one part again, after `kill` or after asking it to stop, and wait until it is ready."""
        process = self._process(name)
        process.stop(self.config.stop_seconds)
        self._launch(process.part)
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return once every part that was started is ready. Raises StackError when one ends or is late."""
        while not self._advance_all():
            time.sleep(POLL_SECONDS)

    def check(self) -> None:
        """Raise StackError when a part has ended that nobody asked to."""
        for message in self.ended().values():
            raise StackError(message)

    def ended(self) -> dict[str, str]:
        """Return a message for each part that has ended since the last call without being asked to."""
        messages = {}
        for name, process in self._running.items():
            process.bound_log()
            if not process.part.is_task and not process.is_stopping and process.exit_code() is not None:
                process.is_stopping = True
                self._note(name, "exited", process.seconds(), process.how_it_ended())
                messages[name] = _ended(process)
        return messages

    def look_for_ready(self) -> list[str]:
        """Return a message for each part that was started again and has become ready since the last call."""
        became = [process for process in self._running.values() if process.is_up() and not process.is_ready]
        for process in became:
            process.is_ready = True
            name = process.part.name
            self._note(name, "ready", process.seconds(), self._record.parts[name].detail)
        return [f"{process.part.name} is ready after {process.seconds():.1f} s" for process in became]

    def explain(self, name: str, detail: str) -> None:
        """Add to a part's state what a person should know of it."""
        part = self._record.parts[name]
        self._note(name, part.state, part.seconds or 0.0, f"{part.detail}; {detail}" if part.detail else detail)

    def _prepare(self) -> None:
        self._open.enter_context(record.held(self.config.folder))
        clean_after_crash(self.config.folder)
        if self._fresh:
            forget(self.config.folder)
        check_space(self.config)
        if "triton" in self._only:
            check_paths(self.config)
        self._record = Record(self._name, supervisor=os.getpid())
        self._parts = list(self._make(self.config, self._only, self._name, self._console))
        check_ports(self._parts)
        keep_previous_logs(self.config.logs)
        self._record.parts = {part.name: PartRecord(ports=dict(part.ports)) for part in self._parts}
        self._phase("starting")
        self._open.callback(_end_guard, _start_guard(self._name))

    def _bring_up(self) -> None:
        """Start each part once those it comes after are ready, until all are."""
        waiting = list(self._parts)
        chosen = {part.name for part in waiting}
        while not self._advance_all() or waiting:
            ready = {name for name, process in self._running.items() if process.is_ready}
            for part in [part for part in waiting if part.after & chosen <= ready]:
                waiting.remove(part)
                self._launch(part)
            time.sleep(POLL_SECONDS)

    def _advance_all(self) -> bool:
        """Note which processes have become ready; whether all have. Raises StackError when one has ended or is late."""
        for process in self._running.values():
            self._advance(process)
        return all(process.is_ready or process.is_stopping for process in self._running.values())

    def _stop_in_order(self) -> None:
        # A disk that is full must not keep anything from being stopped.
        with suppress(OSError):
            self._phase("stopping")
        for process in reversed(self._running.values()):
            if process.part.is_task and process.is_ready:
                continue
            process.stop(self.config.stop_seconds)
            with suppress(OSError):
                self._note(process.part.name, "stopped", process.seconds())

    def _launch(self, part: Part) -> None:
        self._running[part.name] = process = Process(part, self._name, self.config.logs)
        self._note(part.name, "starting", 0.0)
        self._record.parts[part.name].pid = process.pid

    def _advance(self, process: Process) -> None:
        if process.is_ready or process.is_stopping:
            return
        part, code = process.part, process.exit_code()
        process.is_ready = code == 0 if part.is_task else process.is_up()
        if process.is_ready:
            self._note(part.name, "done" if part.is_task else "ready", process.seconds())
        elif code is not None:
            raise StackError(_ended(process))
        elif process.seconds() > self.config.start_seconds:
            raise StackError(_late(process, self.config.start_seconds))

    def _process(self, name: str) -> Process:
        if name not in self._running:
            raise StackError(f"{name} was not started; running: {', '.join(self._running) or 'nothing'}")
        return self._running[name]

    def _note(self, name: str, state: str, seconds: float, detail: str = "") -> None:
        part = self._record.parts[name]
        part.state, part.seconds, part.detail = state, round(seconds, 2), detail
        try:
            self._record.write(self.config.folder)
        except OSError as error:
            if self._record.phase != "running":
                raise
            # What runs goes on: a full disk costs what `status` shows, and not the parts that can do without it.
            say(self._console, f"{name} is {state}, which cannot be written down: {error}")
        self._report(name, part)

    def _phase(self, phase: str) -> None:
        if self._record.supervisor:
            self._record.phase = phase
            self._record.write(self.config.folder)


def clean_after_crash(folder: Path) -> list[int]:
    """End what a stack whose supervisor is gone left running. The caller holds the folder. Returns who was ended."""
    left = record.read(folder)
    if left is None:
        return []
    ended = guard.end_all(left.stack)
    record.remove(folder)
    return ended


def forget(folder: Path) -> None:
    """Remove Kafka's log and the services' tables. The caller holds the folder."""
    for name in ("kafka", "state"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _start_guard(stack: str) -> subprocess.Popen[bytes]:
    command = (sys.executable, "-I", "-S", guard.__file__, stack)
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)


def _end_guard(watching: subprocess.Popen[bytes]) -> None:
    """Close the guard's pipe: it ends what is left, if anything, and then itself."""
    watching.communicate(timeout=KILL_SECONDS)


def _ended(process: Process) -> str:
    return (
        f"{process.part.name} ended after {process.seconds():.1f} s with {process.how_it_ended()}; "
        f"the end of {process.log}:\n{process.last_lines()}"
    )


def _late(process: Process, allowed: float) -> str:
    return (
        f"{process.part.name} was not ready after {allowed:.0f} s (SEGUE_LOCAL_START_SECONDS allows more); "
        f"the end of {process.log}:\n{process.last_lines()}"
    )
