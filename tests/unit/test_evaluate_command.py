"""`segue evaluate next-track`: a table, a report, pictures, and figures as the last line."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from segue.cli import app
from segue.dataset import write_dataset
from tests.unit import tiny_model

CUT = f"{tiny_model.START + timedelta(days=40):%Y-%m-%d}"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    write_dataset(folder, tiny_model.tracks(), tiny_model.playlists(150))
    return folder


def evaluate(dataset: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["evaluate", "next-track", str(dataset), *options])


def test_it_trains_ranks_and_reports(dataset: Path, tmp_path: Path) -> None:
    names = ("segue", "popularity", "item-knn")
    only = [part for name in names for part in ("--only", name)]
    result = evaluate(dataset, "--until", CUT, "--out", str(tmp_path), "--seeds", "2", "--minutes", "0.05", *only)
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout.splitlines()[-1])
    assert figures["hit10_over_best_baseline_rival"] == "item-knn"
    assert figures["hit10_over_popularity"] > 1.5
    low, high = figures["hit10_over_best_baseline_interval"]
    assert low <= figures["hit10_over_best_baseline"] <= high
    report = json.loads((tmp_path / "report.json").read_text())
    assert set(report["systems"]) == set(names)
    assert len(report["systems"]["segue"]["hit10_by_seed"]) == 2
    assert len(report["systems"]["item-knn"]["hit10_by_seed"]) == 1
    assert (tmp_path / "systems.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "checkpoints" / "seed-2" / "manifest.json").is_file()


def test_a_name_that_no_system_has_is_refused(dataset: Path) -> None:
    result = evaluate(dataset, "--only", "oracle")
    assert result.exit_code == 1
    assert "no system 'oracle'" in result.output
