from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.catalog import Shelf, TrackTokens
from segue.cooccurrence import company as companies
from segue.cooccurrence.company import MAX_PLAYLISTS, READ_PLAYLISTS, Company
from segue.cooccurrence.pairs import PairDelta
from segue.model.checkpoint import Checkpoint
from segue.model.freshness import HOUR_MS, Freshness
from segue.model.index import Index
from segue.model.scoring import Context, shelved
from segue.model.shelves import MAX_NEWEST, Shelves
from segue.tokens.histories import PLAYLIST, SESSION, History
from segue.tokens.prompt import Moment
from segue.training.cooccurrence import shelves
from tests.unit import tiny_model

NEWS = st.lists(
    st.dictionaries(
        st.integers(0, 5), st.lists(st.builds(Shelf, st.sampled_from("abc"), st.integers(1, 9)), max_size=3)
    ),
    max_size=6,
)


def test_the_newest_playlists_that_hold_a_track_are_published_newest_first() -> None:
    held = [PairDelta("x", f"list-{hour:02}", hour, 1, of_playlist=True) for hour in range(MAX_PLAYLISTS + 3)]
    company = companies.add(Company(), held)
    assert len(company.playlists) == MAX_PLAYLISTS
    found = companies.shelves(company)
    assert [shelf.hour for shelf in found] == [MAX_PLAYLISTS + 2 - place for place in range(READ_PLAYLISTS)]
    assert not company.cells


def test_a_playlist_that_gave_a_track_away_holds_it_no_more() -> None:
    here, there = PairDelta("x", "here", 5, 1, of_playlist=True), PairDelta("x", "there", 6, 1, of_playlist=True)
    company = companies.add(Company(), [here, there, PairDelta("x", "here", 5, -1, of_playlist=True)])
    assert companies.shelves(company) == (Shelf("there", 6),)


@given(NEWS)
def test_only_the_newest_news_of_each_row_matters(news: list[dict[int, list[Shelf]]]) -> None:
    stored = {0: [Shelf("a", 3)], 1: [Shelf("b", 2), Shelf("c", 2)]}
    step_by_step = Shelves.of_checkpoint(stored)
    for told in news:
        step_by_step = step_by_step.updated(told)
    at_once = Shelves.of_checkpoint(stored).updated({row: held for told in news for row, held in told.items()})
    assert listed(step_by_step) == listed(at_once)


def listed(found: Shelves) -> dict[str, list[tuple[int, int]]]:
    pairs = {name: list(zip(*map(np.ndarray.tolist, held), strict=True)) for name, held in found.holding.items()}
    return {name: held for name, held in pairs.items() if held}


def test_an_update_leaves_the_shelves_before_it_as_they_were() -> None:
    before = Shelves.of_checkpoint({0: [Shelf("a", 3)]})
    after = before.updated({1: [Shelf("a", 4)]})
    assert (listed(before), listed(after)) == ({"a": [(0, 3)]}, {"a": [(0, 3), (1, 4)]})
    assert after.updated({1: [Shelf("a", 4)]}) is after


def index(held: dict[int, list[Shelf]], days: float | None = None, hour: int = 0) -> Index:
    made = tiny_model.checkpoint().index
    freshness = Freshness.of_checkpoint(days, hour * HOUR_MS)
    return replace(made, shelves=Shelves.of_checkpoint(held), freshness=freshness)


def test_what_alike_playlists_gained_lately_counts_most() -> None:
    held = {0: [Shelf("mine", 10)], 1: [Shelf("mine", 10)], 2: [Shelf("mine", 240)], 3: [Shelf("other", 240)]}
    term = shelved(index(held, days=2.0, hour=250), Context.of([Moment(0, 0)], ()))
    assert term.rows.tolist() == [0, 1, 2]
    assert term.at(2) > 50 * term.at(1)


def test_where_nothing_fades_all_tracks_of_a_playlist_count_alike() -> None:
    held = {row: [Shelf("mine", row + 1)] for row in range(4)}
    term = shelved(index(held), Context.of([Moment(0, 0)], ()))
    assert term.values.tolist() == pytest.approx([0.5] * 4)


def test_only_the_newest_tracks_of_a_playlist_speak() -> None:
    found = Shelves.of_checkpoint({row: [Shelf("long", row)] for row in range(MAX_NEWEST + 5)})
    ((share, rows, _),) = found.alike(np.array([0]), np.array([2.0], np.float32))
    assert (share, rows.tolist()) == (2.0, list(range(5, MAX_NEWEST + 5)))


def test_a_session_that_no_playlist_holds_finds_nothing() -> None:
    assert not len(shelved(index({}), Context.of([Moment(0, 0)], ())).rows)
    assert not len(shelved(index({0: [Shelf("mine", 1)]}), Context.of([], ())).rows)


def test_the_stream_tells_the_index_who_holds_a_track() -> None:
    checkpoint = tiny_model.checkpoint()
    row, other = checkpoint.index.track(0).track_id, checkpoint.index.track(1).track_id
    told = [TrackTokens(row, version=1, shelves=(Shelf("mine", 7),)), TrackTokens(other, shelves=(Shelf("mine", 8),))]
    updated = checkpoint.index.updated(told, checkpoint.codebooks)
    assert shelved(updated, Context.of([Moment(0, 0)], ())).rows.tolist() == [0, 1]
    gone = updated.updated([TrackTokens(other, version=2)], checkpoint.codebooks)
    assert shelved(gone, Context.of([Moment(0, 0)], ())).rows.tolist() == [0]


def test_training_reads_the_playlists_and_a_checkpoint_keeps_them(tmp_path: Path) -> None:
    histories = [
        History(PLAYLIST, "mine", (Moment(7 * HOUR_MS, 0), Moment(9 * HOUR_MS, 1), Moment(8 * HOUR_MS, 0))),
        History(SESSION, "played", (Moment(7 * HOUR_MS, 2),)),
    ]
    held = shelves(histories)
    assert held == {0: (Shelf("mine", 8),), 1: (Shelf("mine", 9),)}
    made = tiny_model.checkpoint()
    kept = replace(made, index=replace(made.index, shelves=Shelves.of_checkpoint(held)))
    kept.save(tmp_path / "kept", tiny_model.tracks()[:5], "# Tiny")
    assert listed(Checkpoint.load(tmp_path / "kept").index.shelves) == {"mine": [(0, 8), (1, 9)]}


def test_a_playlist_that_holds_nothing_any_more_takes_no_room() -> None:
    held = Shelves.of_checkpoint({}).updated({0: (Shelf("p", 5),), 1: (Shelf("p", 7), Shelf("q", 7))})
    emptied = held.updated({0: (), 1: (Shelf("q", 7),)})
    assert set(held.holding) == {"p", "q"}
    assert set(emptied.holding) == {"q"}
