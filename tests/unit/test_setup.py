"""Set-up chooses a Python that carries Segue, and says in one sentence what is missing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.setup.errors import SetupError, explain
from deploy.setup.install import Environment, uv_settings
from deploy.setup.interpreter import Interpreter, ask, choose

GOOD = Interpreter((3, 11, 7), "/usr/bin/python3.11", has_library=True, has_pip=True)
NEW = Interpreter((3, 13, 0), "/usr/bin/python3.13", has_library=True, has_pip=True)
STATIC = Interpreter((3, 12, 1), "/usr/bin/python3.12", has_library=False, has_pip=True)
BARE = Interpreter((3, 11, 2), "/usr/bin/python3.11", has_library=True, has_pip=False)


def test_an_interpreter_beside_a_newer_one_is_found() -> None:
    assert choose([NEW, STATIC, GOOD]) == GOOD


def test_a_newer_python_alone_is_refused_with_the_versions_that_work() -> None:
    with pytest.raises(SetupError, match=r"needs Python 3\.11 or 3\.12 and found 3\.13; install"):
        choose([NEW])


def test_no_python_at_all_is_refused() -> None:
    with pytest.raises(SetupError, match="found none"):
        choose([])


def test_a_missing_shared_library_is_named_with_its_package() -> None:
    with pytest.raises(SetupError, match=r"libpython3\.12\.so\.1\.0 is missing.*apt-get install libpython3\.12\)"):
        choose([NEW, STATIC])


def test_a_python_without_venv_is_named_with_its_package() -> None:
    with pytest.raises(SetupError, match=r"cannot make virtual environments.*python3\.11-venv"):
        choose([BARE])


def test_a_real_interpreter_answers_for_itself() -> None:
    python = ask(sys.executable)
    assert python is not None
    assert python.version == tuple(sys.version_info[:3])


def test_a_candidate_that_does_not_run_is_passed_over() -> None:
    assert ask("/bin/false") is None
    assert ask("/nowhere/python3.12") is None


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (
            "failed to write: No space left on device (os error 28)",
            "the disk is full: installing needs",
        ),
        (
            "cause: dns error\ncause: failed to lookup",
            "no network: installing cannot reach",
        ),
        ("WARNING: NewConnectionError(...)", "no network: installing cannot reach"),
        ("ERROR: Could not find a version that satisfies uv (from versions: none)", "no network: installing"),
        ("first\nthe wheel is broken", "installing failed: first the wheel is broken"),
        ("", "installing failed: it said nothing"),
    ],
)
def test_what_a_tool_says_becomes_one_sentence(output: str, sentence: str) -> None:
    said = str(explain("installing", output, "the index"))
    assert said.startswith(sentence)
    assert "\n" not in said


def test_an_unknown_build_of_torch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="SEGUE_TORCH is 'gpu'; set it to cpu"):
        Environment(tmp_path, "gpu")


def test_an_environment_is_complete_until_the_lock_changes(project: Path) -> None:
    _stamp(project, "default")
    assert Environment(project, None).is_complete()
    (project / "requirements.lock").write_text("numpy==2.0.0\n")
    assert not Environment(project, None).is_complete()


def test_another_build_of_torch_makes_the_environment_incomplete(project: Path) -> None:
    _stamp(project, "default")
    assert not Environment(project, "cpu").is_complete()


def test_the_build_of_torch_that_was_chosen_once_stays_chosen(project: Path) -> None:
    _stamp(project, "cpu")
    assert Environment(project, None).is_complete()


def test_an_environment_whose_interpreter_is_gone_is_incomplete(project: Path) -> None:
    _stamp(project, "default")
    (project / ".venv" / "bin" / "python").unlink()
    assert not Environment(project, None).is_complete()


def test_a_full_disk_is_said_before_anything_is_made(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / ".venv" / "pyvenv.cfg").unlink()
    (project / ".venv" / "bin" / "python").unlink()
    (project / ".venv" / "bin").rmdir()
    (project / ".venv").rmdir()
    monkeypatch.setattr("deploy.setup.install.shutil.disk_usage", lambda _: _Usage())
    with pytest.raises(SetupError, match=r"the disk is full: .* has 1\.5 GB left and set-up needs 7 GB"):
        Environment(project, None).make(GOOD)
    assert not (project / ".venv").exists()


def test_uv_is_told_what_pip_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = tmp_path / "pip.conf"
    configuration.write_text("[global]\nindex-url = https://mirror.example/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"):
        monkeypatch.delenv(name, raising=False)
    assert uv_settings(Path(sys.executable))["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://chosen.example/simple")
    assert "UV_DEFAULT_INDEX" not in uv_settings(Path(sys.executable))


def test_set_up_uses_the_standard_library_alone() -> None:
    program = "import sys; import deploy.setup.__main__; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    command = (sys.executable, "-S", "-c", program)
    root = Path(__file__).resolve().parents[2]
    loaded = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.split()
    assert set(loaded) - set(sys.stdlib_module_names) == {"deploy", "__main__"} - set(sys.stdlib_module_names)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "requirements.lock").write_text("numpy==1.26.4\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("version = 3.11.7\n")
    return tmp_path


def _stamp(project: Path, torch: str) -> None:
    environment = Environment(project, torch)
    (project / ".venv" / "segue.stamp").write_text(environment._contents())


class _Usage:
    free = 1_500_000_000


@pytest.mark.parametrize(("argument", "ends_at_once"), [("-m", True), ("pytest", False)])
def test_an_interruption_while_a_program_is_still_imported_ends_it_without_a_word(
    argument: str,
    ends_at_once: bool,  # noqa: FBT001
) -> None:
    # A job in the background ignores SIGINT, and hands that down; Python's own handler is what a terminal gives.
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        f"sys.argv = [{argument!r}]; import deploy; signal.raise_signal(signal.SIGINT)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGINT
    assert ("KeyboardInterrupt" in done.stderr) != ends_at_once
