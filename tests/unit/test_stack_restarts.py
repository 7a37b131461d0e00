"""How a stack that was left running starts again what ends unasked, with small processes in place of the real ones."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from deploy.local import LocalStack, process, record
from deploy.local.part import Part
from deploy.local.record import PartRecord
from deploy.local.restarts import RestartRules, Restarts
from deploy.local.view import say
from tests.unit.test_stack_supervision import living, stack_of

# Runs for ever the first time, and ends at once every time after that.
FAILS_FROM_THE_SECOND_TIME_ON = """
import pathlib, sys, time
mark = pathlib.Path(sys.argv[1]) / sys.argv[2]
if mark.exists():
    sys.exit("the reason")
mark.touch()
time.sleep(60)
"""
AT_ONCE = RestartRules(first_pause=0.0)


class Watched:
    """A stack that is watched, with a clock that moves when it is told to."""

    def __init__(self, stack: LocalStack, rules: RestartRules) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.stack = stack
        self._restarts = Restarts(stack, rules, lambda: self.now)

    def until(self, condition: Callable[[], object], seconds: float = 10.0) -> None:
        """Look until the condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"it did not happen in time: {self.said}"
            self.look()
            time.sleep(0.02)

    def look(self) -> None:
        self.said += self._restarts.look()

    def kill(self, name: str) -> None:
        """End a part as a crash would, and wait until that was noticed."""
        noticed = len(self.said)
        os.kill(self.stack.processes[name], signal.SIGKILL)
        self.until(lambda: len(self.said) > noticed)

    def part(self, name: str) -> PartRecord:
        known = record.read(self.stack.config.folder)
        assert known is not None
        return known.parts[name]


def failing(folder: Path, name: str) -> Part:
    command = (sys.executable, "-c", FAILS_FROM_THE_SECOND_TIME_ON, str(folder), name)
    return Part(name, command, ready=(folder / name).exists)


def test_a_part_that_ended_unasked_is_started_again_and_both_the_log_and_the_record_say_so(tmp_path: Path) -> None:
    with stack_of(tmp_path, living(tmp_path, "first"), living(tmp_path, "second")) as stack:
        watched, before = Watched(stack, AT_ONCE), stack.processes
        watched.kill("first")
        watched.until(lambda: watched.part("first").state == "ready")
        after = stack.processes
        assert watched.part("first").pid == after["first"] != before["first"]
        assert "restarts within 600 s: 1" in watched.part("first").detail
        assert after["second"] == before["second"], "the others go on"
        said = "\n".join(watched.said)
        assert "first ended after" in said
        assert "signal SIGKILL" in said
        assert "first was started again" in said
        assert "first is ready after" in said


def test_each_pause_is_twice_the_one_before_up_to_the_longest(tmp_path: Path) -> None:
    rules = RestartRules(first_pause=10.0, longest_pause=25.0)
    with stack_of(tmp_path, living(tmp_path, "first")) as stack:
        watched = Watched(stack, rules)
        for pause in (10.0, 20.0, 25.0, 25.0):
            watched.kill("first")
            assert "starts again in" in watched.part("first").detail
            watched.now += pause - 1.0
            watched.look()
            assert "first" not in stack.processes
            watched.now += 1.0
            watched.look()
            assert "first" in stack.processes


def test_a_part_that_ends_time_after_time_is_left_alone_and_the_others_run_on(tmp_path: Path) -> None:
    rules = RestartRules(first_pause=0.0, most=3)
    with stack_of(tmp_path, failing(tmp_path, "first"), living(tmp_path, "second")) as stack:
        watched = Watched(stack, rules)
        watched.kill("first")
        watched.until(lambda: "no more" in watched.part("first").detail)
        assert watched.part("first").state == "exited"
        assert sum(said == "first was started again" for said in watched.said) == rules.most
        assert "the reason" in "\n".join(watched.said)
        assert set(stack.processes) == {"second"}


def test_restarts_of_long_ago_do_not_count(tmp_path: Path) -> None:
    rules = RestartRules(first_pause=0.0, most=1, window=100.0)
    with stack_of(tmp_path, living(tmp_path, "first")) as stack:
        watched = Watched(stack, rules)
        for _ in range(3):
            watched.kill("first")
            watched.until(lambda: "first" in stack.processes)
            watched.now += rules.window


def test_a_program_that_is_gone_when_it_is_to_start_again_counts_as_an_end(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.symlink_to("/bin/sleep")
    part = Part("first", (str(program), "60"), ready=lambda: True)
    with stack_of(tmp_path, part) as stack:
        watched = Watched(stack, RestartRules(first_pause=0.0, most=2))
        program.unlink()
        watched.kill("first")
        watched.until(lambda: "no more" in watched.part("first").detail)
        assert sum("cannot be started" in said for said in watched.said) == 2


def test_what_was_killed_on_purpose_stays_down(tmp_path: Path) -> None:
    with stack_of(tmp_path, living(tmp_path, "first")) as stack:
        watched = Watched(stack, AT_ONCE)
        stack.kill("first")
        watched.look()
        assert (stack.processes, watched.said) == ({}, [])


def test_a_full_disk_does_not_end_what_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with stack_of(tmp_path, living(tmp_path, "first")) as stack:
        watched = Watched(stack, AT_ONCE)
        with monkeypatch.context() as disk:
            disk.setattr(record.Record, "write", full)
            watched.kill("first")
            watched.until(lambda: any("is ready after" in said for said in watched.said))
        assert set(stack.processes) == {"first"}


@pytest.mark.parametrize("has_room", [True, False])
def test_a_log_that_grew_too_large_starts_anew_and_is_kept_where_there_is_room(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    has_room: bool,  # noqa: FBT001
) -> None:
    def full(_source: Path, target: Path) -> None:
        target.write_text("the beginn")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(process, "LOG_BYTES", 10)
    if not has_room:
        monkeypatch.setattr("deploy.local.process.shutil.copyfile", full)
    with stack_of(tmp_path, living(tmp_path, "first")) as stack:
        log = stack.config.logs / "first.log"
        log.write_text("twelve bytes")
        assert list(Restarts(stack, AT_ONCE).look()) == []
        assert log.read_text() == ""
        assert (stack.config.logs / "first.previous.log").exists() is has_room
        assert set(stack.processes) == {"first"}


def test_a_line_that_cannot_be_written_is_given_up() -> None:
    class FullDisk(StringIO):
        def write(self, _text: str) -> int:
            raise OSError(28, "No space left on device")

    console = Console(file=FullDisk())
    with pytest.raises(OSError, match="No space left"):
        console.print("a line")
    say(console, "first ended")
