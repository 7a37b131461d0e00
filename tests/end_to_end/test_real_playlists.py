"""Real playlists through the whole stack: learned up to a day, replayed after it, recommended from, measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import StackConfig
from deploy.local.config import port_fields, port_is_free, variable
from segue.dataset import Dataset

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
# Most minutes of training; enough for the required ratio many times over.
MINUTES = "1"
# Much more than it takes on two idle cores.
SECONDS = 1_500

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the real playlists are not here: there is no folder {DATA}"),
    pytest.mark.timeout(SECONDS),
]


def test_what_comes_next_in_real_playlists_is_found_far_more_often_than_by_popularity(tmp_path: Path) -> None:
    config = StackConfig.for_tests(tmp_path, start_seconds=300.0)
    done = _demo(config)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["positions"] == figures["recommendations"] >= 500
    assert figures["degraded"] <= 0.02 * figures["positions"]
    assert figures["hit10_over_popularity"] >= 1.5
    assert 0.0 < figures["hit10_popularity"] < figures["hit10"] <= figures["positions_known_share"] < 1.0
    shown = list(_shown(done.stdout))
    assert len(shown) >= 20
    assert {title for title, _ in shown} <= _titles(config)
    assert all(reason for _, reason in shown)
    assert all(port_is_free(getattr(config, name)) for name in port_fields())


def _demo(config: StackConfig) -> subprocess.CompletedProcess[str]:
    chosen = {variable(name): str(getattr(config, name)) for name in ("folder", "start_seconds", *port_fields())}
    return subprocess.run(
        (sys.executable, "-m", "deploy.local", "demo", "--data", str(DATA), "--minutes", MINUTES),
        cwd=ROOT,
        env={**os.environ, **chosen},
        capture_output=True,
        text=True,
        timeout=SECONDS - 30,
        check=False,
    )


def _shown(output: str) -> Iterator[tuple[str, str]]:
    """Yield each recommended track that was printed, as `title – artists`, with its reason."""
    for line in output.splitlines():
        if line.startswith("  → "):
            title, _, reason = line.removeprefix("  → ").removesuffix(" ← this came next").rpartition("  ")
            yield title, reason


def _titles(config: StackConfig) -> set[str]:
    tracks = Dataset.open(config.folder / "real" / "dataset").tracks()
    return {f"{track.title} – {', '.join(track.artists)}" for track in tracks}
