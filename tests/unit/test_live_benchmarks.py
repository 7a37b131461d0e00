"""What the benchmarks of live tokens send and how they reckon."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from bench import freshness, swaps
from bench.editing import edits
from bench.freshness import Waited
from bench.swaps import Asked
from segue.events import PlaylistAction, validate_playlist_event

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def test_edits_are_valid_in_order_and_take_out_only_what_is_in() -> None:
    made = list(edits([f"t{number}" for number in range(1_000)], playlists=7, count=2_000, started=NOW))
    held: Counter[tuple[str, str]] = Counter()
    for edit in made:
        validate_playlist_event(edit)
        added = edit.action is PlaylistAction.TRACK_ADDED
        held[edit.playlist_id, edit.track_id] += 1 if added else -1
        assert held[edit.playlist_id, edit.track_id] >= 0
    times = [edit.event_time for edit in made if edit.event_time]
    assert times == sorted(times)
    assert len({edit.event_id for edit in made}) == len(made)
    assert len({edit.playlist_id for edit in made}) == 7
    assert 0.1 < sum(edit.action is PlaylistAction.TRACK_REMOVED for edit in made) / len(made) < 0.3


def test_the_ratio_is_that_of_the_99th_percentiles() -> None:
    calm = [0.005] * 90 + [0.020] * 10
    told = swaps.figures(Asked(calm=calm, swapping=[2 * each for each in calm]))
    assert told["swap_p99_ratio"] == pytest.approx(2.0)
    assert (told["calm_p50_ms"], told["swapping_p50_ms"], told["questions"]) == (5.0, 10.0, 200)


def test_news_of_the_warm_up_does_not_count() -> None:
    slow, fast = [9.0] * freshness.WARM_UP, [0.1] * 20
    told = freshness.figures(Waited(edit=slow + fast, cold=slow + fast, takedown=slow + fast))
    assert {name: value for name, value in told.items() if name.endswith("_ms")} == {
        f"{kind}_p{percent}_ms": 100.0 for kind in ("edit", "cold", "takedown") for percent in (50, 95)
    }
    assert told["trials"] == 20
