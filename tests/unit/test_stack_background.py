"""A stack that is left running: what a start that fails takes with it, and what not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import StackConfig, background, record
from deploy.local.record import Record
from segue.errors import StackError


def start_that_fails(folder: Path, monkeypatch: pytest.MonkeyPatch, *, first_comes: bool) -> None:
    """Start a supervisor that ends at once; another stack, or this one, has written its record by then."""

    def supervisor(config: StackConfig) -> subprocess.Popen[bytes]:
        with (config.logs / "supervisor.txt").open("wb") as log:
            ended = subprocess.Popen((sys.executable, "-c", "import sys; sys.exit('the reason')"), stderr=log)
        ended.wait()
        Record("segue-first", supervisor=1 if first_comes else ended.pid).write(config.folder)
        return ended

    monkeypatch.setattr(background, "_supervisor", supervisor)
    with pytest.raises(StackError, match="the reason"):
        background.start(StackConfig.for_tests(folder), lambda *_: None)


def test_a_start_that_lost_against_another_leaves_that_ones_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_that_fails(tmp_path, monkeypatch, first_comes=True)
    known = record.read(tmp_path)
    assert known is not None
    assert known.stack == "segue-first"


def test_a_start_that_failed_by_itself_leaves_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start_that_fails(tmp_path, monkeypatch, first_comes=False)
    assert record.read(tmp_path) is None
