"""What an evaluation shows: tables that a document can hold, and in a file a line now and then."""

from __future__ import annotations

import pytest

from segue.cli.progress import TrainingProgress
from segue.evaluation.tables import figures, metrics, text

METRICS = dict.fromkeys(
    ("hit1", "hit10", "hit100", "mrr", "ndcg10", "recall10", "recall100", "coverage10", "gini10"), 0.0415
)
SYSTEM = {
    **METRICS,
    "novelty10": 15.62,
    "hit10_by_seed": [0.04, 0.043],
    "slices": {"known": {"hit10": 0.02, "mrr": 0.01}},
    "settings": ["days=7", "days=20"],
    "minutes": 3.21,
}
REPORT = {
    "task": {
        "until": "2021-01-01T00:00:00+00:00",
        "tracks": 53_200,
        "newcomers": 5_889,
        "histories": 148,
        "validation_positions": 484,
        "slices": {"known": 975, "cold": 0},
    },
    "systems": {"segue": SYSTEM, "item-knn": {**SYSTEM, "hit10_by_seed": [0.002], "settings": [""]}},
    "figures": {
        "hit10": 0.04,
        "hit10_over_best_baseline": 18.95,
        "hit10_over_best_baseline_interval": [10.778, None],
        "hit10_over_best_baseline_rival": "item-knn",
    },
}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_each_system_has_a_line_with_its_seeds_and_its_minutes() -> None:
    head, _, first, second = metrics(REPORT).splitlines()
    assert cells(head)[:3] == ["system", "hit@10", "MRR"]
    assert cells(first)[:3] == ["segue, 2 seeds", ".0415", ".0415"]
    assert cells(second)[0] == "item-knn"
    assert cells(first)[-1] == "3.2"


def test_a_slice_that_is_not_there_is_a_dash() -> None:
    assert cells(metrics(REPORT).splitlines()[2])[6] == "–"


def test_figures_stand_with_their_interval_and_rival() -> None:
    (line,) = figures(REPORT).splitlines()[2:]
    assert cells(line) == ["`hit10_over_best_baseline`", "18.9", "10.8 – –", "item-knn"]
    assert figures({"figures": {"hit10": 0.04}}) == ""


def test_the_whole_says_what_was_tested_and_chosen() -> None:
    whole = text(REPORT)
    assert "975 positions in 148 histories" in whole
    assert "- segue: days=7; days=20" in whole
    assert "- item-knn" not in whole


def test_in_a_file_lines_tell_phases_and_how_far_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter(range(0, 10_000, 4))
    monkeypatch.setattr("segue.cli.progress.time.monotonic", lambda: float(next(clock)))
    with TrainingProgress() as watch:
        watch.system("als", 2)
        watch.phase("als: ranking")
        for done in range(1, 8):
            watch.ranked(done, 10)
        watch.measured("als", 2, 1.25, {"hit10": 0.02, "mrr": 0.01})
    lines = capsys.readouterr().err.splitlines()
    assert "als, seed 2" in lines[0]
    assert "als: ranking" in lines[1]
    assert 2 <= sum("of 10" in line for line in lines) < 7
    assert "hit@10 0.0200, MRR 0.0100, 1.2 minutes of the processor" in lines[-1]
