"""When the demo on real playlists imports and trains, and when it uses what a run before has made."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from deploy.local.real import prepare as preparing
from deploy.local.real.prepare import Prepared, prepare
from segue.catalog import Track
from segue.dataset import write_dataset
from segue.errors import StackError

CUT = datetime(2021, 2, 1, tzinfo=UTC)


class Commands:
    """Stands for the program `segue`: notes what is run and makes what it would make."""

    def __init__(self) -> None:
        self.run: list[str] = []
        self.fails = ""

    def __call__(self, *arguments: str) -> None:
        self.run.append(arguments[0])
        if arguments[0] == self.fails:
            raise StackError("it failed")
        if arguments[0] == "import":
            write_dataset(arguments[-1], [Track("t", "Title")])
        else:
            Path(arguments[arguments.index("--out") + 1]).mkdir(exist_ok=True)


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    faked = Commands()
    monkeypatch.setattr(preparing, "_segue", faked)
    return faked


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "playlists.jsonl").write_text("{}\n")
    (folder / "playlist_edits.jsonl").write_text("{}\n")
    return folder


def test_a_second_run_uses_what_the_first_has_made(commands: Commands, source: Path) -> None:
    assert not prepared(source).reused
    assert commands.run == ["import", "train"]
    again = prepared(source)
    assert again.reused
    assert [track.track_id for track in again.dataset.tracks()] == ["t"]
    assert commands.run == ["import", "train"]


def test_another_source_and_other_options_are_made_anew(commands: Commands, source: Path) -> None:
    prepared(source)
    assert not prepared(source, minutes=2.0).reused
    (source / "playlist_edits.jsonl").write_text('{"another": "edit"}\n')
    assert not prepared(source, minutes=2.0).reused
    assert commands.run == ["import", "train"] * 3


@pytest.mark.parametrize("step", ["import", "train"])
def test_what_failed_half_way_is_not_used(commands: Commands, source: Path, step: str) -> None:
    prepared(source)
    commands.fails = step
    with pytest.raises(StackError, match="it failed"):
        prepared(source, minutes=2.0)
    commands.fails = ""
    assert not prepared(source).reused


def test_a_missing_folder_is_one_sentence(source: Path) -> None:
    with pytest.raises(StackError, match="absent is no folder"):
        prepared(source / "absent")


def test_a_command_that_fails_is_named(source: Path) -> None:
    with pytest.raises(StackError, match=r"segue import .* ended with exit code"):
        preparing._segue("import", "playlist-archive", str(source / "absent"), str(source / "out"))


def prepared(source: Path, minutes: float = 1.0) -> Prepared:
    return prepare(source, source.parent / "work", CUT, minutes, Console(quiet=True))
