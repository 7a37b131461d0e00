from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from segue.cli import app
from segue.dataset import Dataset

DATA = Path(__file__).parents[3] / "shared" / "data"
real_data = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"real data is not there: {DATA} holds the public files that its README describes"
)
run = CliRunner().invoke


def test_the_program_starts_without_heavy_libraries() -> None:
    heavy = ("torch", "numpy", "grpc", "sklearn", "faust", "aiokafka")
    program = f"import sys, segue.cli; print([name for name in {heavy} if name in sys.modules])"

    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert found.stdout.strip() == "[]"


def test_an_error_is_one_sentence_on_stderr_and_exit_code_1(tmp_path: Path) -> None:
    result = run(app, ["import", "cpcd", str(tmp_path / "absent"), str(tmp_path / "out")])

    assert result.exit_code == 1
    assert result.stdout == ""
    assert (
        result.stderr
        == f"segue: {tmp_path / 'absent'} is not there; give the file with the dialogues, .jsonl or .jsonl.gz\n"
    )


def test_skipped_rows_are_shown_and_counted(tmp_path: Path) -> None:
    (tmp_path / "dialogues.jsonl").write_text("{\n" * 7)

    result = run(app, ["import", "cpcd", "--skip-bad", str(tmp_path / "dialogues.jsonl"), str(tmp_path / "out")])

    assert result.exit_code == 0, result.output
    assert result.stderr.count("skipped: ") == 6
    assert result.stderr.endswith("skipped: 2 more\n")
    assert json.loads(result.stdout.splitlines()[-1])["skipped"] == 7


def test_a_world_is_written_as_a_dataset_folder_and_its_figures_are_the_last_line(tmp_path: Path) -> None:
    result = run(app, ["world", str(tmp_path), "--tracks", "60", "--listeners", "4", "--seed", "3"])

    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout.splitlines()[-1])
    assert (figures["catalog"], figures["playlists"], figures["dialogues"]) == (60, 12, 4)
    assert len(list(Dataset.open(tmp_path).sessions())) == figures["sessions"]


@real_data
def test_every_row_of_the_real_playlist_archive_is_accounted_for(tmp_path: Path) -> None:
    result = run(app, ["import", "playlist-archive", str(DATA), str(tmp_path)])

    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout.splitlines()[-1])
    counted = ("additions", "removals", "unchanged", "removals_unmatched", "skipped")
    assert figures["edits"] == sum(figures[name] for name in counted) == 120_067
    assert (figures["playlists"], figures["removals_unmatched"], figures["skipped"]) == (250, 0, 0)
    dataset = Dataset.open(tmp_path)
    playlists = list(dataset.playlists())
    entries = [entry for playlist in playlists for entry in playlist.entries]
    assert len(playlists) == 250
    assert (len(entries), sum(entry.removed_at is not None for entry in entries)) == (
        figures["additions"],
        figures["removals"],
    )
    known = {track.track_id for track in dataset.tracks()}
    assert {entry.track_id for entry in entries} <= known


@real_data
def test_every_real_dialogue_is_imported(tmp_path: Path) -> None:
    result = run(app, ["import", "cpcd", str(DATA / "cpcd_dialogs.jsonl.gz"), str(tmp_path)])

    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout.splitlines()[-1])
    dataset = Dataset.open(tmp_path)
    dialogues = list(dataset.dialogues())
    assert len(dialogues) == figures["dialogues"] == 308
    assert sum(len(dialogue.turns) for dialogue in dialogues) == figures["turns"] == 1_671
    known = {track.track_id for track in dataset.tracks()}
    assert {track_id for dialogue in dialogues for track_id in dialogue.goal_track_ids} <= known
