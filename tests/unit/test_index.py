"""The index: snapshots that never change, and updates that say the same in any order."""

from __future__ import annotations

from itertools import permutations

import msgspec
import numpy as np

from segue.catalog import Neighbour, Track, TrackTokens
from segue.model.index import MAX_NEIGHBOURS, merged
from tests.unit import tiny_model
from tests.unit.tiny_model import codes

INDEX = tiny_model.checkpoint().index
BOOKS = tiny_model.codebooks()
NEW = TrackTokens(
    track_id="new",
    codes=codes(tags=0),
    neighbours=(Neighbour("folk-01", 2.0), Neighbour("never-heard-of", 1.0)),
    version=1,
    track=Track(track_id="new", title="Brand New", artists=("Someone",), explicit=True),
)
MOVED = TrackTokens(track_id="folk-01", codes=codes(playlist=1), version=3, neighbours=(Neighbour("new", 5.0),))
STALE = TrackTokens(track_id="folk-01", codes=codes(playlist=0), version=2)


def test_an_update_leaves_the_old_snapshot_as_it_was() -> None:
    before = (len(INDEX), INDEX.codes.copy(), dict(INDEX.rows), INDEX.token_version)
    INDEX.updated([NEW, MOVED], BOOKS, removed=["folk-02"])
    assert (len(INDEX), dict(INDEX.rows), INDEX.token_version) == (before[0], before[2], before[3])
    assert np.array_equal(INDEX.codes, before[1])
    assert INDEX.recommendable.all()


def test_a_new_track_can_be_recommended_found_by_its_words_and_filtered() -> None:
    index = INDEX.updated([NEW], BOOKS)
    row = index.rows["new"]
    assert index.recommendable[row]
    assert index.explicit[row]
    assert index.track(row).title == "Brand New"
    assert row in index.by_word["brand"]
    assert row in index.by_artist["Someone"]
    assert index.codes[row].tolist() == list(BOOKS.as_row(NEW.codes))


def test_a_track_known_only_as_a_neighbour_is_not_recommended_until_its_content_comes() -> None:
    index = INDEX.updated([NEW], BOOKS)
    assert not index.recommendable[index.rows["never-heard-of"]]
    content = TrackTokens(track_id="never-heard-of", version=1, track=Track(track_id="never-heard-of", title="Heard"))
    assert index.updated([content], BOOKS).recommendable[index.rows["never-heard-of"]]


def test_live_neighbours_are_merged_over_the_checkpoints_and_not_piled_up() -> None:
    once = INDEX.updated([NEW, MOVED], BOOKS)
    again = once.updated([msgspec.structs.replace(MOVED, version=4)], BOOKS)
    row = INDEX.rows["folk-01"]
    assert once.rows["new"] in once.neighbours[row][0]
    assert set(INDEX.neighbours[row][0]) <= set(once.neighbours[row][0])
    assert np.array_equal(once.neighbours[row][1], again.neighbours[row][1])


def test_an_older_version_changes_nothing() -> None:
    index = INDEX.updated([MOVED], BOOKS)
    assert np.array_equal(index.updated([STALE], BOOKS).codes, index.codes)


def test_the_order_and_the_batches_of_updates_do_not_matter() -> None:
    other = TrackTokens(track_id="jazz-05", codes=codes(audio=0), version=7)
    versions, seen = set(), set()
    for order in permutations((MOVED, STALE, other)):
        index = INDEX
        for token in order:
            index = index.updated([token], BOOKS)
        at_once = INDEX.updated(order, BOOKS)
        versions |= {index.token_version, at_once.token_version}
        seen |= {index.codes.tobytes(), at_once.codes.tobytes()}
    assert len(versions) == len(seen) == 1
    assert versions != {INDEX.token_version}


def test_a_removed_track_is_not_recommended_and_may_come_back() -> None:
    removed = INDEX.updated([], BOOKS, removed=["folk-02", "unheard-of"])
    assert not removed.recommendable[INDEX.rows["folk-02"]]
    back = removed.updated([TrackTokens(track_id="folk-02", version=1)], BOOKS)
    assert back.recommendable[INDEX.rows["folk-02"]]


def test_merged_lists_are_bounded_sorted_and_hold_each_track_once() -> None:
    stored = (np.arange(90, dtype=np.int64), np.linspace(1, 0.1, 90, dtype=np.float32))
    live = (np.arange(50, 150, dtype=np.int64), np.linspace(8, 1, 100, dtype=np.float32))
    rows, weights = merged(stored, live)
    assert len(rows) == MAX_NEIGHBOURS == len(set(rows.tolist()))
    assert np.all(np.diff(weights) <= 0)
    assert rows[0] == 50


def test_where_a_track_may_be_played_follows_the_catalogue() -> None:
    assert NEW.track is not None
    german = msgspec.structs.replace(NEW.track, markets=("DE", "AT"))
    index = INDEX.updated([msgspec.structs.replace(NEW, track=german)], BOOKS)
    row = index.rows["new"]
    assert [bool(index.markets.open_in(market)[row]) for market in ("DE", "AT", "FR")] == [True, True, False]
    assert index.markets.open_in("FR").sum() == len(index) - 1
    moved = index.updated([msgspec.structs.replace(NEW, version=2)], BOOKS)
    assert moved.markets.open_in("FR").all()
    assert not index.markets.open_in("FR")[row]
