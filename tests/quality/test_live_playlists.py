"""What following is worth where it must be worth something: tracks that go from playlist to playlist of their scene."""

from __future__ import annotations

from random import Random

import orjson
import pytest
from typer.testing import CliRunner

from segue.cli import app
from tests.unit.edit_histories import Row, write

SCENES, PLAYLISTS, DAYS, CUT = 4, 3, 112, 91


def wandering_tracks() -> tuple[list[Row], dict[str, str]]:
    """Return edits: each day a scene has two new tracks, which all its playlists add within days and drop later."""
    random = Random(1)
    rows: list[Row] = []
    artist_of: dict[str, str] = {}
    for day in range(DAYS):
        for scene in range(SCENES):
            for number in range(2):
                track_id = f"s{scene}-{day:03}-{number}"
                artist_of[track_id] = f"artist {scene} {random.randrange(6)}"
                for playlist in range(PLAYLISTS):
                    added = day + 2 * ((playlist + day) % PLAYLISTS)
                    rows.append((added, f"list {scene} {playlist}", "added", track_id))
                    rows.append((added + 30, f"list {scene} {playlist}", "removed", track_id))
    return sorted(row for row in rows if row[0] < DAYS), artist_of


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("live")
    rows, artist_of = wandering_tracks()
    train = write(folder / "train.jsonl", [row for row in rows if row[0] < CUT], artist_of)
    test = write(folder / "test.jsonl", [row for row in rows if row[0] >= CUT], artist_of)
    command = ["evaluate", "playlists", "--train", train, "--test", test, "--out", folder / "out", "--minutes", "0.05"]
    result = CliRunner().invoke(app, [str(word) for word in command])
    assert result.exit_code == 0, result.output
    report: dict[str, object] = orjson.loads((folder / "out" / "report.json").read_bytes())
    report["last line"] = orjson.loads(result.stdout.splitlines()[-1])
    report["pictures"] = sorted(path.name for path in (folder / "out").glob("*.png"))
    return report


def hit10(reported: dict[str, object], arm: str) -> float:
    arms = reported["arms"]
    assert isinstance(arms, dict)
    return float(arms[arm]["hit10"]["value"])


def test_live_tracks_are_found_that_standing_still_cannot_know(reported: dict[str, object]) -> None:
    assert hit10(reported, "system live") > 2 * hit10(reported, "system frozen")
    assert hit10(reported, "system live") > hit10(reported, "system weekly")
    assert hit10(reported, "item-knn live") > hit10(reported, "item-knn frozen")


def test_live_codes_find_more_than_frozen_ones(reported: dict[str, object]) -> None:
    assert hit10(reported, "classes live") > hit10(reported, "classes frozen")
    assert hit10(reported, "classes live") >= hit10(reported, "classes moved")


def test_new_tracks_are_told_apart_by_their_artists(reported: dict[str, object]) -> None:
    cold = reported["cold"]
    assert isinstance(cold, dict)
    # Eight tracks are new each day, two of them of the playlist's scene.
    assert cold["system"]["value"] > 0.5


def test_the_last_line_has_the_figures_and_the_pictures_are_there(reported: dict[str, object]) -> None:
    last = reported["last line"]
    assert isinstance(last, dict)
    for name in ("live_over_frozen", "live_over_weekly", "system_over_live_knn", "cold_over_dense", "flipback_share"):
        assert last[name] is not None, name
    # A ratio to nothing is none: a decoder trained for seconds may find nothing by codes that stand still.
    assert (last["codes_live_over_frozen"] is None) == (hit10(reported, "codes frozen") == 0)
    assert reported["pictures"] == ["arms.png", "by_week.png"]
