"""What the recommender's index does with tokens that tell only a part: what they leave out stays."""

from __future__ import annotations

from segue.catalog import Neighbour, Track, TrackCodes, TrackTokens
from segue.model.index import Index
from tests.unit.tiny_model import checkpoint, codebooks

KNOWN = "folk-03"


def after(*tokens: TrackTokens, removed: tuple[str, ...] = (), base: Index | None = None) -> Index:
    return (base or checkpoint().index).updated(tokens, codebooks(), removed)


def row_of(index: Index, track_id: str) -> tuple[int, ...]:
    return tuple(index.codes[index.rows[track_id]])


def test_neighbours_alone_leave_the_codes_of_the_checkpoint() -> None:
    index = after(TrackTokens(track_id=KNOWN, neighbours=(Neighbour("jazz-01", 2.0),), version=1))
    assert row_of(index, KNOWN) == row_of(checkpoint().index, KNOWN)
    assert index.rows["jazz-01"] in index.neighbours[index.rows[KNOWN]][0]
    assert index.recommendable[index.rows[KNOWN]]


def test_codes_from_content_leave_the_playlist_code() -> None:
    index = after(TrackTokens(track_id=KNOWN, codes=TrackCodes(tags=0), version=1))
    playlist, tags, *others = row_of(index, KNOWN)
    assert playlist == row_of(checkpoint().index, KNOWN)[0]
    assert tags == 0
    assert tuple(others) == codebooks().sizes[2:]


def test_neighbours_that_were_taken_back_leave_those_of_the_checkpoint() -> None:
    row = checkpoint().index.rows[KNOWN]
    index = after(TrackTokens(track_id=KNOWN, neighbours=(Neighbour("jazz-01", 2.0),), version=1))
    index = after(TrackTokens(track_id=KNOWN, version=2), base=index)
    assert list(index.neighbours[row][0]) == list(checkpoint().index.neighbours[row][0])


def test_a_removed_track_returns_with_whatever_version_it_has() -> None:
    gone = after(removed=(KNOWN,))
    assert not gone.recommendable[gone.rows[KNOWN]]
    assert gone.token_version != checkpoint().index.token_version
    back = after(TrackTokens(track_id=KNOWN, version=1, track=Track(track_id=KNOWN, title="Back")), base=gone)
    assert back.recommendable[back.rows[KNOWN]]


def test_a_removal_read_twice_changes_nothing() -> None:
    once = after(removed=(KNOWN,))
    assert after(removed=(KNOWN,), base=once).token_version == once.token_version


def test_a_track_that_came_and_went_leaves_the_version_as_it_was() -> None:
    new = TrackTokens(track_id="new", version=1, track=Track(track_id="new", title="New"))
    assert after(removed=("new",), base=after(new)).token_version == checkpoint().index.token_version
