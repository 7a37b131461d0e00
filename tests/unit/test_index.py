"""The index: snapshots that never change, and updates that say the same in any order."""

from __future__ import annotations

from itertools import permutations

import msgspec
import numpy as np
import pytest

from segue.catalog import Neighbour, Track, TrackTokens
from segue.model.index import AN_ADDITION
from segue.model.neighbour_lists import MAX_NEIGHBOURS, NeighbourList, merged
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


def same(one: NeighbourList, other: NeighbourList) -> bool:
    return np.array_equal(one[0], other[0]) and np.array_equal(one[1], other[1])


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


def test_a_track_known_only_as_a_neighbour_has_no_place_until_it_is_told_of() -> None:
    index = INDEX.updated([NEW], BOOKS)
    assert "never-heard-of" not in index.rows
    beside = index.neighbours[index.rows["new"]]
    content = TrackTokens(track_id="never-heard-of", version=1, track=Track(track_id="never-heard-of", title="Heard"))
    after = index.updated([content], BOOKS)
    row = after.rows["never-heard-of"]
    assert after.recommendable[row]
    assert after.neighbours[after.rows["new"]][0].tolist() == [INDEX.rows["folk-01"], row]
    # Whoever still reads the snapshot of before sees what it saw.
    assert same(index.neighbours[index.rows["new"]], beside)


def test_neighbours_are_the_same_whether_they_were_read_before_or_after_the_tracks_came() -> None:
    late = tuple(
        TrackTokens(track_id=track_id, version=1, track=Track(track_id=track_id, title=track_id))
        for track_id in ("never-heard-of", "other")
    )
    told = msgspec.structs.replace(MOVED, neighbours=(*NEW.neighbours, Neighbour("other", 9.0)))
    read = INDEX.updated([told], BOOKS)
    row = INDEX.rows["folk-01"]
    assert len(read.neighbours[row][0])
    for token in late:
        read = read.updated([token], BOOKS)
        assert len(read.neighbours[row][0])
    unread = INDEX.updated([told], BOOKS).updated(late[:1], BOOKS).updated(late[1:], BOOKS)
    at_once = INDEX.updated([*late, told], BOOKS)
    for other in (unread, at_once):
        assert same(read.neighbours[row], other.neighbours[row])


def test_a_list_worked_out_for_more_tracks_names_none_that_an_older_snapshot_lacks() -> None:
    older = INDEX.updated([NEW], BOOKS)
    row = older.rows["new"]
    content = TrackTokens(track_id="never-heard-of", version=1, track=Track(track_id="never-heard-of", title="Heard"))
    newer = older.updated([content], BOOKS)
    assert len(newer.neighbours[row][0]) == 2
    assert older.neighbours[row][0].tolist() == [INDEX.rows["folk-01"]]
    assert len(newer.neighbours[row][0]) == 2


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


def test_additions_that_the_stream_tells_of_make_a_track_more_popular() -> None:
    index = tiny_model.checkpoint().index
    known = tiny_model.tracks()[0].track_id
    row = index.rows[known]
    told = (Neighbour("techno-01", AN_ADDITION),)
    tokens = [
        TrackTokens(track_id=known, neighbours=told, version=1),
        TrackTokens(track_id="fresh", neighbours=told, version=1),
        TrackTokens(track_id="unheard", version=1),
    ]
    updated = index.updated(tokens, tiny_model.codebooks())
    assert np.expm1(updated.popularity[row]) == pytest.approx(np.expm1(index.popularity[row]) + 1.0, rel=1e-5)
    assert updated.popularity[updated.rows["fresh"]] == pytest.approx(np.log(2.0))
    assert updated.popularity[updated.rows["unheard"]] == 0.0
    again = updated.updated([TrackTokens(track_id=known, neighbours=told, version=2)], tiny_model.codebooks())
    assert again.popularity[row] == updated.popularity[row]
