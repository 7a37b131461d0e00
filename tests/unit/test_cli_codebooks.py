"""`segue codebooks` shows what codes stand for, and ends with how they are spread, as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from segue.cli import app
from segue.tokens.content import MODALITIES
from tests.unit import tiny_model

run = CliRunner().invoke


@pytest.fixture
def folder(tmp_path: Path) -> str:
    tiny_model.checkpoint().save(tmp_path / "made", (), "")
    return str(tmp_path / "made")


def test_names_are_shown_and_figures_come_last(folder: str) -> None:
    result = run(app, ["codebooks", folder])
    figures = json.loads(result.stdout.splitlines()[-1])
    assert result.exit_code == 0
    assert set(figures["modalities"]) == set(MODALITIES)
    assert 0.0 <= figures["disambiguated_share"] <= figures["collision_share"] <= 1.0
    assert "banjo" in result.stdout


def test_every_code_of_one_modality_is_shown_where_asked(folder: str) -> None:
    result = run(app, ["codebooks", folder, "--modality", "tags"])
    size = tiny_model.codebooks().books["tags"].absent
    assert f"tags, {size} of {size} codes" in result.stdout
    assert "audio," not in result.stdout


def test_a_modality_that_there_is_not_is_refused(folder: str) -> None:
    assert run(app, ["codebooks", folder, "--modality", "smell"]).exit_code == 2
