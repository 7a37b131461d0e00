"""What the recommender's index does with tokens that tell only a part: what they leave out stays."""

from __future__ import annotations

import pytest

from segue.catalog import LiveCode, Neighbour, Track, TrackCodes, TrackTokens
from segue.model.index import Index
from tests.unit.tiny_model import checkpoint, codebooks, codes

KNOWN = "folk-03"
NEW = Track(track_id="new", title="New", tags=("jazz", "saxophone", "calm"))


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
    index = after(TrackTokens(track_id=KNOWN, codes=codes(tags=0), version=1))
    playlist, tags, *others = row_of(index, KNOWN)
    assert playlist == row_of(checkpoint().index, KNOWN)[0]
    assert tags == 0
    assert tuple(others) == codebooks().sizes[2:]


def live(code: int | None, version: str | None = None) -> LiveCode:
    return LiveCode(code=code, codebook_version=codebooks().version if version is None else version)


def test_a_live_code_replaces_the_playlist_code_and_no_other() -> None:
    before = row_of(checkpoint().index, KNOWN)
    moved = (before[0] + 1) % codebooks().sizes[0]
    index = after(TrackTokens(track_id=KNOWN, live=live(moved), version=1))
    assert row_of(index, KNOWN) == (moved, *before[1:])
    content = after(TrackTokens(track_id=KNOWN, codes=codes(tags=0), live=live(moved), version=1))
    assert row_of(content, KNOWN)[:2] == (moved, 0)


@pytest.mark.parametrize("told", [live(None), live(0, "another"), live(0, "")])
def test_a_live_code_that_is_none_or_of_other_codebooks_leaves_the_checkpoints(told: LiveCode) -> None:
    for track_id in checkpoint().index.rows:
        index = after(TrackTokens(track_id=track_id, live=told, version=1))
        assert row_of(index, track_id) == row_of(checkpoint().index, track_id)


def test_a_live_code_of_a_track_of_the_stream_alone_stands_beside_the_codes_of_its_content() -> None:
    index = after(TrackTokens("new", codebooks().encode(NEW), live=live(1), version=1, track=NEW))
    assert row_of(index, "new") == (1, *codebooks().as_row(codebooks().encode(NEW))[1:])


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


def of_another_checkpoint(track_id: str, version: int, track: Track | None = None) -> TrackTokens:
    """Tokens whose numbers exist here too, and mean something else."""
    numbers = TrackCodes(playlist=0, tags=0, metadata=0, lyrics=0, audio=0, codebook_version="another")
    return TrackTokens(track_id=track_id, codes=numbers, version=version, track=track)


@pytest.mark.parametrize("version", ["another", ""])
def test_codes_that_other_codebooks_made_leave_those_of_the_checkpoint(version: str) -> None:
    numbers = TrackCodes(playlist=0, tags=0, metadata=0, lyrics=0, audio=0, codebook_version=version)
    for track_id in checkpoint().index.rows:
        index = after(TrackTokens(track_id=track_id, codes=numbers, version=1))
        assert row_of(index, track_id) == row_of(checkpoint().index, track_id)


def test_a_track_of_the_stream_alone_is_coded_from_its_content_where_other_codebooks_made_its_codes() -> None:
    index = after(of_another_checkpoint("new", 1, NEW))
    assert row_of(index, "new") == codebooks().as_row(codebooks().encode(NEW))
    assert row_of(index, "new") != row_of(after(TrackTokens(track_id="new", version=1)), "new")


def test_the_codes_are_the_same_whether_earlier_tokens_were_read_or_not() -> None:
    earlier = (
        TrackTokens(track_id=KNOWN, codes=codes(playlist=0, audio=1), version=1),
        TrackTokens(track_id="new", codes=codes(playlist=0, audio=1), version=1, track=NEW),
    )
    for newest in (
        of_another_checkpoint(KNOWN, 2),
        of_another_checkpoint("new", 2, NEW),
        TrackTokens(track_id=KNOWN, codes=codes(audio=0), version=2),
        TrackTokens(track_id="new", codes=codes(audio=0), version=2, track=NEW),
        TrackTokens(track_id=KNOWN, version=2),
    ):
        alone, behind = after(newest), after(newest, base=after(*earlier))
        assert row_of(alone, newest.track_id) == row_of(behind, newest.track_id)


def test_own_codes_replace_those_of_another_checkpoint() -> None:
    index = after(of_another_checkpoint(KNOWN, 1))
    index = after(TrackTokens(track_id=KNOWN, codes=codes(tags=0, audio=1), version=2), base=index)
    assert codebooks().as_message(row_of(index, KNOWN)) == codes(
        playlist=row_of(checkpoint().index, KNOWN)[0], tags=0, audio=1
    )
