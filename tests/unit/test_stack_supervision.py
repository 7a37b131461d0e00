"""How the one-machine stack starts, watches and stops its processes, with small ones in place of Kafka and Triton."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from deploy.local import LocalStack, StackConfig, record
from deploy.local.guard import end_all, marked
from deploy.local.part import Part
from deploy.local.record import PartRecord
from segue.errors import StackError

ROOT = Path(__file__).resolve().parents[2]
NOTES_ITS_END = """
import pathlib, signal, sys, time
folder, name = pathlib.Path(sys.argv[1]), sys.argv[2]
def end(*_):
    with (folder / "ended").open("a") as file:
        file.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
(folder / name).touch()
time.sleep(60)
"""
IGNORES_ITS_END = NOTES_ITS_END.replace("signal.SIGTERM, end", "signal.SIGTERM, signal.SIG_IGN")
HAS_A_CHILD = NOTES_ITS_END.replace(
    "import pathlib", "import subprocess; subprocess.Popen(['sleep', '60']); import pathlib"
)
FAILS = "import sys; print('the reason'); sys.exit(3)"
SUPERVISOR = """
import signal, sys, time
from pathlib import Path
from tests.unit import test_stack_supervision as these
folder = Path(sys.argv[1])
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background job
with these.stack_of(folder, these.living(folder, "first", program=these.HAS_A_CHILD), these.living(folder, "second")):
    print("running", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    if left := record.read(tmp_path):
        end_all(left.stack)


def living(folder: Path, name: str, after: Sequence[str] = (), program: str = NOTES_ITS_END) -> Part:
    command = (sys.executable, "-c", program, str(folder), name)
    return Part(name, command, after=frozenset(after), ready=(folder / name).exists)


def stack_of(folder: Path, *parts: Part, report: Callable[[str, PartRecord], None] = lambda *_: None) -> LocalStack:
    config = StackConfig.for_tests(folder, start_seconds=10, stop_seconds=0.5)
    return LocalStack(config, report=report, make=lambda *_: parts)


def test_parts_start_after_those_they_need_and_stop_in_reverse_order(folder: Path) -> None:
    changes: list[tuple[str, str]] = []
    parts = (living(folder, "first"), living(folder, "second", after=["first"]))
    with stack_of(folder, *parts, report=lambda name, part: changes.append((name, part.state))) as stack:
        assert set(stack.processes) == {"first", "second"}
    assert changes[:4] == [("first", "starting"), ("first", "ready"), ("second", "starting"), ("second", "ready")]
    assert (folder / "ended").read_text().split() == ["second", "first"]


def test_a_task_is_done_before_what_needs_it_starts(folder: Path) -> None:
    task = Part("task", (sys.executable, "-c", ""))
    changes: list[tuple[str, str]] = []
    with stack_of(folder, task, living(folder, "first", ["task"]), report=lambda n, p: changes.append((n, p.state))):
        pass
    assert changes.index(("task", "done")) < changes.index(("first", "starting"))


def test_a_part_that_dies_while_starting_stops_everything_with_its_last_lines(folder: Path) -> None:
    dying = Part("dying", (sys.executable, "-c", FAILS), after=frozenset({"first"}), ready=lambda: False)
    with pytest.raises(StackError, match=r"(?s)dying ended after .* s with exit code 3.*the reason"):
        stack_of(folder, living(folder, "first"), dying).start()
    assert (folder / "ended").read_text().split() == ["first"]
    assert record.read(folder) is None


def test_a_part_that_is_never_ready_ends_the_start_at_its_deadline(folder: Path) -> None:
    config = StackConfig.for_tests(folder, start_seconds=0.3, stop_seconds=0.5)
    slow = Part("slow", (sys.executable, "-c", "import time; time.sleep(60)"), ready=lambda: False)
    stack = LocalStack(config, make=lambda *_: [slow])
    with pytest.raises(StackError, match="slow was not ready after"):
        stack.start()
    assert stack.processes == {}


def test_a_part_that_ignores_being_asked_is_killed_after_its_grace(folder: Path) -> None:
    with stack_of(folder, living(folder, "stubborn", program=IGNORES_ITS_END)) as stack:
        process = stack.processes["stubborn"]
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_children_that_outlive_their_part_are_ended_with_it(folder: Path) -> None:
    with stack_of(folder, living(folder, "parent", program=HAS_A_CHILD)) as stack:
        os.kill(stack.processes["parent"], signal.SIGKILL)
        _wait(lambda: not stack.processes)
        assert len(list(marked(stack._name))) == 1
        stack.kill("parent")
        _wait(lambda: not list(marked(stack._name)))


def test_a_part_that_has_ended_is_sent_nothing_since_its_number_may_be_anothers(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    with stack_of(folder, living(folder, "first")) as stack:
        os.kill(stack.processes["first"], signal.SIGKILL)
        _wait(lambda: not stack.processes)
        monkeypatch.setattr(os, "killpg", lambda group, _number: sent.append(group))
        stack.kill("first")
    assert sent == []


def test_a_program_that_does_not_exist_is_one_sentence(folder: Path) -> None:
    with pytest.raises(StackError, match=r"absent cannot be started: .*nowhere"):
        stack_of(folder, Part("absent", ("/nowhere",), ready=lambda: False)).start()


def test_a_killed_part_starts_again_with_the_same_log(folder: Path) -> None:
    with stack_of(folder, living(folder, "first"), living(folder, "second")) as stack:
        before = stack.processes["first"]
        stack.kill("first")
        assert "first" not in stack.processes
        stack.check()  # asked for, so nothing to complain about
        stack.restart("first")
        assert stack.processes["first"] != before


def test_a_part_that_ends_by_itself_is_noticed_once_and_recorded(folder: Path) -> None:
    with stack_of(folder, living(folder, "first")) as stack:
        os.kill(stack.processes["first"], signal.SIGKILL)
        _wait(lambda: not stack.processes)
        with pytest.raises(StackError, match=r"first ended after .* with signal SIGKILL"):
            stack.check()
        assert stack.ended() == {}
        known = record.read(folder)
        assert known is not None
        assert known.parts["first"].state == "exited"


def test_killing_the_supervisor_ends_children_and_grandchildren(folder: Path) -> None:
    with _supervisor(folder) as supervisor:
        known = record.read(folder)
        assert known is not None
        assert len(list(marked(known.stack))) == 3
        supervisor.kill()
        _wait(lambda: not list(marked(known.stack)))


def test_an_interrupted_supervisor_stops_its_parts_in_order(folder: Path) -> None:
    with _supervisor(folder) as supervisor:
        supervisor.send_signal(signal.SIGINT)
        supervisor.wait(10)
    assert (folder / "ended").read_text().split() == ["second", "first"]
    assert record.read(folder) is None


def test_a_folder_holds_one_stack_at_a_time(folder: Path) -> None:
    with stack_of(folder, living(folder, "first")) as stack:
        with pytest.raises(StackError, match="already runs"):
            stack_of(folder, living(folder, "second")).start()
        assert set(stack.processes) == {"first"}
        assert record.read(folder) is not None


def test_what_a_crash_left_is_ended_by_the_next_start(folder: Path) -> None:
    left = "segue-left"
    orphan = subprocess.Popen(("/bin/sleep", "60"), env={"SEGUE_STACK": left}, start_new_session=True)
    _wait(lambda: list(marked(left)) == [orphan.pid])
    record.Record(left, supervisor=1).write(folder)
    with stack_of(folder, living(folder, "first")):
        assert orphan.wait(1) == -signal.SIGTERM


def test_a_port_in_use_is_named_with_its_user_and_the_setting_that_changes_it(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        part = Part("kafka", ("unused",), ready=lambda: True, ports={"kafka_port": port})
        with pytest.raises(StackError, match=rf"port {port}, .*process {os.getpid()}.*SEGUE_LOCAL_KAFKA_PORT"):
            stack_of(folder, part).start()


def test_logs_of_the_run_before_are_kept_and_no_more(folder: Path) -> None:
    for run in ("one", "two", "three"):
        with stack_of(folder, Part("task", (sys.executable, "-c", f"print('{run}')"))):
            pass
    logs = {log.name: log.read_text().strip() for log in (folder / "logs").iterdir()}
    assert logs == {"task.log": "three", "task.previous.log": "two"}


def _supervisor(folder: Path) -> subprocess.Popen[str]:
    command = (sys.executable, "-c", SUPERVISOR, str(folder))
    supervisor = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert supervisor.stdout is not None
    assert supervisor.stdout.readline() == "running\n"
    return supervisor


def _wait(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
