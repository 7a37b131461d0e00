"""`segue evaluate cpcd`: tables by turn, a report, and figures as the last line."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from segue.cli import app
from segue.evaluation.dialogues.systems import SYSTEMS
from tests.unit import talks


def test_all_systems_are_measured_on_the_test_files_dialogues(tmp_path: Path) -> None:
    train, test = talks.write(tmp_path / "train", "abcdefghijkl"), talks.write(tmp_path / "test", "uvwxyz")
    files = ["--train", str(train), "--test", str(test), "--out", str(tmp_path / "report.json")]
    result = CliRunner().invoke(app, ["evaluate", "cpcd", *files, "--epochs", "4"])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout.splitlines()[-1])
    assert (figures["dialogues"], figures["questions"]) == (6, 12)
    for name in ("hit10_over_bm25", "mrr_over_bm25", "first_turn_hit10_over_bm25", "decoder_hit10_over_bm25"):
        low, high = figures[f"{name}_interval"]
        assert low <= figures[name] <= high
    report = json.loads((tmp_path / "report.json").read_text())
    assert set(report["systems"]) == set(SYSTEMS)
    assert set(report["hit10_by_turn"]["segue"]) == {"1", "2"}
    # Who says "yes, more of X" is understood when the whole conversation is.
    assert report["systems"]["segue"]["last"]["hit10"] == 1.0


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["evaluate", "cpcd", "--train", str(tmp_path / "nowhere.jsonl")])
    assert result.exit_code == 1
    assert "nowhere.jsonl" in result.output
