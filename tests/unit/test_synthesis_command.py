from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from segue.cli import app
from segue.dataset import Dialogue, validate_dialogue
from segue.jsonlines import read_rows
from tests.unit.fake_endpoint import Answer, good, serving
from tests.unit.synthesis_shelves import poor

run = CliRunner().invoke


def test_dialogues_are_written_and_the_last_line_has_the_figures(tmp_path: Path) -> None:
    dataset, out = poor(tmp_path / "data"), tmp_path / "new" / "dialogues.jsonl.gz"

    result = run(app, ["synthesise", str(dataset.folder), "--out", str(out), "--count", "30"])

    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout.splitlines()[-1])
    rows = list(read_rows(out, Dialogue, validate_dialogue))
    assert figures["dialogues"] == len(rows) == 30
    assert figures["turns"] == sum(len(row.turns) for row in rows)
    assert 0.0 < figures["distinct_2"] < 1.0
    assert 0.0 <= figures["repeated_share"] < 0.5
    assert (figures["from_endpoint"], figures["fell_back"]) == (0, 0)


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    dataset = poor(tmp_path / "data")
    one, two, other = (tmp_path / f"{name}.jsonl" for name in ("one", "two", "other"))

    for out, seed in ((one, "4"), (two, "4"), (other, "5")):
        assert (
            run(app, ["synthesise", str(dataset.folder), "--out", str(out), "--count", "9", "--seed", seed]).exit_code
            == 0
        )

    assert one.read_bytes() == two.read_bytes() != other.read_bytes()


def test_the_cut_is_the_days_midnight(tmp_path: Path) -> None:
    dataset, out = poor(tmp_path / "data"), tmp_path / "d.jsonl"

    arguments = ["synthesise", str(dataset.folder), "--out", str(out), "--count", "40", "--until", "2020-01-05"]
    assert run(app, arguments).exit_code == 0

    liked = {
        track_id
        for row in read_rows(out, Dialogue, validate_dialogue)
        for turn in row.turns
        for track_id in turn.liked_track_ids
    }
    assert liked <= {f"t{number * 11 + place:03d}" for number in range(7) for place in range(4)}


def test_an_endpoint_writes_with_the_key_of_a_file(tmp_path: Path) -> None:
    dataset, out, key = poor(tmp_path / "data"), tmp_path / "d.jsonl", tmp_path / "key"
    key.write_text("secret\n")

    with serving(lambda body, _: good(body)) as served:
        options = ["--endpoint", served.url, "--model", "small", "--key-file", str(key), "--count", "5"]
        result = run(app, ["synthesise", str(dataset.folder), "--out", str(out), *options])

    assert json.loads(result.stdout.splitlines()[-1])["from_endpoint"] == 5
    assert {headers["Authorization"] for headers in served.headers} == {"Bearer secret"}
    assert "secret" not in result.output


def test_a_refusing_endpoint_ends_in_one_sentence_and_leaves_no_file(tmp_path: Path) -> None:
    dataset, out = poor(tmp_path / "data"), tmp_path / "d.jsonl"

    with serving(lambda _body, _number: Answer(401, b"who are you")) as served:
        arguments = ["synthesise", str(dataset.folder), "--out", str(out), "--endpoint", served.url, "--model", "m"]
        result = run(app, arguments)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"segue: {served.url} refuses with status 401")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_wrong_options_are_refused(tmp_path: Path) -> None:
    dataset = str(poor(tmp_path / "data").folder)

    assert run(app, ["synthesise", dataset, "--out", str(tmp_path / "d.txt")]).exit_code == 2
    assert (
        run(app, ["synthesise", dataset, "--out", str(tmp_path / "d.jsonl"), "--endpoint", "http://x"]).exit_code == 2
    )
    absent = ["--endpoint", "http://x", "--model", "m", "--key-file", str(tmp_path / "absent")]
    result = run(app, ["synthesise", dataset, "--out", str(tmp_path / "d.jsonl"), *absent])
    assert result.exit_code == 1
    assert "cannot be read as the endpoint's key" in result.stderr
