"""`segue evaluate cpcd`: tables by turn, a report, and figures as the last line."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from segue.cli import app
from segue.evaluation.dialogues.learned import ConversationRules
from segue.evaluation.dialogues.questions import read_conversations
from segue.evaluation.dialogues.run import measure_all
from segue.evaluation.dialogues.systems import SYSTEMS
from segue.training.spoken import SpokenRules
from segue.training.text_tuning import TextTuningRules
from segue.training.watch import Silence
from tests.unit import talks


def test_all_systems_are_measured_on_the_test_files_dialogues(tmp_path: Path) -> None:
    train, test = talks.write(tmp_path / "train", "abcdefghijkl"), talks.write(tmp_path / "test", "uvwxyz")
    catalog = tmp_path / "catalog.jsonl"
    catalog.write_text(json.dumps({"track_id": "more", "title": "More", "artists": ["Someone"]}) + "\n")
    files = ["--train", str(train), "--test", str(test), "--catalog", str(catalog)]
    files += ["--out", str(tmp_path / "report.json")]
    result = CliRunner().invoke(app, ["evaluate", "cpcd", *files, "--epochs", "4"])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout.splitlines()[-1])
    assert (figures["dialogues"], figures["questions"]) == (6, 12)
    for below in ("bm25", "own_bm25"):
        for name in ("hit10", "mrr", "first_turn_hit10", "decoder_hit10"):
            low, high = figures[f"{name}_over_{below}_interval"]
            assert low <= figures[f"{name}_over_{below}"] <= high
    report = json.loads((tmp_path / "report.json").read_text())
    assert set(report["systems"]) == set(SYSTEMS)
    assert set(report["hit10_by_turn"]["segue"]) == {"1", "2"}
    # Who says "yes, more of X" is understood when the whole conversation is.
    assert report["systems"]["segue"]["last"]["hit10"] == 1.0


def test_what_is_learned_does_not_depend_on_the_dialogues_to_test_on(tmp_path: Path) -> None:
    train = talks.write(tmp_path / "train", "abcdef")
    rules = ConversationRules(tuning=TextTuningRules(epochs=1.0), decoder=SpokenRules(epochs=1))
    alone, beside = (
        measure_all(read_conversations(train, talks.write(tmp_path / names, names)), rules, Silence())
        for names in ("x", "xyz")
    )
    assert dict(alone.chosen) == dict(beside.chosen)
    for name in SYSTEMS:
        assert alone.goal[name].tolist() == beside.goal[name][: len(alone.questions)].tolist()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["evaluate", "cpcd", "--train", str(tmp_path / "nowhere.jsonl")])
    assert result.exit_code == 1
    assert "nowhere.jsonl" in result.output
