"""A log through the folds in memory: order within the lateness does not matter; the command writes what it finds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import orjson
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from segue import wire
from segue.catalog import Track, TrackTokens
from segue.cli import app
from segue.cooccurrence.backtest import Backtest, story
from segue.cooccurrence.clusters import FrozenClusters
from segue.events import PlaylistAction, PlaylistEvent
from tests.unit import tiny_model

START = datetime(2021, 2, 1, tzinfo=UTC)
KNOWN = [track.track_id for track in tiny_model.tracks()]


def clusters() -> FrozenClusters:
    return tiny_model.codebooks().freeze(tiny_model.tracks(), tiny_model.checkpoint().index.codes)


def edit(number: int, playlist: int, track: int, hour: int, *, added: bool) -> PlaylistEvent:
    return PlaylistEvent(
        event_id=f"event-{number:04}",
        playlist_id=f"playlist-{playlist}",
        action=PlaylistAction.TRACK_ADDED if added else PlaylistAction.TRACK_REMOVED,
        track_id=[*KNOWN, "new-0", "new-1"][track % (len(KNOWN) + 2)],
        event_time=START + timedelta(hours=hour),
    )


EDITS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 40), st.integers(0, 24 * 20), st.sampled_from([True, True, False])),
    max_size=60,
).map(
    lambda drawn: [
        edit(number, playlist, track, hour, added=added)
        for number, (playlist, track, hour, added) in enumerate(sorted(drawn, key=lambda each: each[2]))
    ]
)


def told(events: list[PlaylistEvent], *, described_after: int = 0) -> list[TrackTokens]:
    test = Backtest(clusters())
    new = Track("new-0", "New", artists=tiny_model.tracks()[0].artists)
    for number, event in enumerate(events):
        if number == described_after:
            test.describe(new, tiny_model.codebooks().encode(new))
        assert test.edit(event)
    if described_after >= len(events):
        test.describe(new, tiny_model.codebooks().encode(new))
    return list(test.tokens())


@given(EDITS, st.randoms(use_true_random=False), st.integers(0, 60))
def test_any_order_within_the_lateness_tells_the_same_of_every_track(
    events: list[PlaylistEvent], chance: Random, described_after: int
) -> None:
    def arrival(event: PlaylistEvent) -> datetime:
        assert event.event_time is not None
        return event.event_time + timedelta(hours=chance.uniform(0, 24))

    assert told(sorted(events, key=arrival), described_after=described_after) == told(events)


def test_what_is_told_of_a_track_is_neighbours_and_code() -> None:
    events = [edit(number, 0, number, number, added=True) for number in range(4)]
    (first, *_) = told(events)
    assert first.neighbours
    assert first.live is not None
    assert first.live.code is not None
    assert (first.version, first.seen, first.event_time) == (0, (), None)


def test_a_late_edit_is_refused_and_changes_nothing() -> None:
    test = Backtest(clusters())
    assert test.edit(edit(0, 0, 0, 48, added=True))
    before = list(test.tokens())
    assert not test.edit(edit(1, 0, 1, 0, added=True))
    assert list(test.tokens()) == before


def test_a_removed_track_and_one_of_which_nothing_is_known_have_no_story() -> None:
    assert story(None) is None
    assert story(TrackTokens("x", version=3)) is None
    test = Backtest(clusters())
    new = Track("new", "New")
    test.describe(new, tiny_model.codebooks().encode(new))
    assert [each.track_id for each in test.tokens()] == ["new"]
    test.remove("new")
    assert list(test.tokens()) == []


def test_the_command_writes_the_tokens_of_every_track_and_ends_with_figures(tmp_path: Path) -> None:
    tiny_model.checkpoint().save(tmp_path / "checkpoint", tiny_model.tracks()[:5], "# Tiny")
    rows = [
        {"playlist_id": "mix", "track_id": track_id, "action": "added", "date": f"2021-02-{day:02}"}
        for day, track_id in enumerate(KNOWN[:6], start=1)
    ]
    (tmp_path / "edits.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    run = CliRunner().invoke(
        app,
        [
            "backtest",
            str(tmp_path / "edits.jsonl"),
            "--checkpoint",
            str(tmp_path / "checkpoint"),
            "--out",
            str(tmp_path / "tokens.jsonl"),
            "--until",
            "2021-02-05",
        ],
    )
    assert run.exit_code == 0, run.output
    figures = orjson.loads(run.stdout.splitlines()[-1])
    assert (figures["edits"], figures["refused"], figures["tracks"]) == (4, 0, 4)
    written = [wire.decode(line, TrackTokens) for line in (tmp_path / "tokens.jsonl").read_bytes().splitlines()]
    assert [each.track_id for each in written] == sorted(KNOWN[:4])
    assert all(each.neighbours and each.live for each in written)
