"""What is told of one track: the names behind its numbers, and what they rest on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from segue.catalog import CodeChange, LiveCode, Neighbour, Track, TrackDescription, TrackTokens
from segue.model.description import MOST_NEAR, describe
from segue.model.index import Index
from segue.model.recommender import Recommender
from segue.ranking import Query
from segue.session import Session
from segue.tokens.content import MODALITIES
from tests.unit import tiny_model

BOOKS = tiny_model.codebooks()
INDEX = tiny_model.checkpoint().index
KNOWN = "folk-03"
DAY = datetime(2026, 1, 31, tzinfo=UTC)
CHANGES = (CodeChange(DAY, None, 0), CodeChange(DAY + timedelta(days=1), 0, 1))
LIVE = LiveCode(code=1, codebook_version=BOOKS.version, home=0, known=True, evidence=3.5, neighbours=2, changes=CHANGES)


def described(track_id: str, index: Index) -> TrackDescription:
    found = describe(index, BOOKS, track_id)
    assert found is not None
    return found


def told(live: LiveCode | None = LIVE, *neighbours: Neighbour) -> Index:
    token = TrackTokens(KNOWN, version=4, event_time=DAY, neighbours=neighbours, live=live)
    return INDEX.updated([token], BOOKS)


def test_codes_have_the_names_of_their_clusters() -> None:
    found = described(KNOWN, INDEX)
    numbers = dict(zip(MODALITIES, INDEX.codes[INDEX.rows[KNOWN]].tolist(), strict=True))
    assert {code.modality: code.code for code in found.codes} == {
        modality: code for modality, code in numbers.items() if code < BOOKS.books[modality].absent
    }
    assert all(code.name == BOOKS.name(code.modality, code.code) and code.since is None for code in found.codes)


def test_a_track_that_the_stream_never_told_of_is_the_checkpoints() -> None:
    found = described(KNOWN, INDEX)
    assert (found.version, found.live, found.event_time, found.changes) == (0, None, None, ())
    assert found.recommendable
    assert found.track == INDEX.tracks[INDEX.rows[KNOWN]]


def test_a_moved_code_says_since_when_on_what_evidence_and_what_it_was() -> None:
    found = described(KNOWN, told())
    playlist = next(code for code in found.codes if code.modality == "playlist")
    assert (playlist.code, playlist.name, playlist.since) == (1, BOOKS.name("playlist", 1), CHANGES[-1].event_time)
    assert all(code.since is None for code in found.codes if code.modality != "playlist")
    assert (found.live, found.version, found.event_time) == (LIVE, 4, DAY)
    assert [(change.before, change.after) for change in found.changes] == [
        ("", BOOKS.name("playlist", 0)),
        (BOOKS.name("playlist", 0), BOOKS.name("playlist", 1)),
    ]


def test_numbers_of_other_codebooks_are_not_named() -> None:
    found = described(KNOWN, told(LiveCode(code=1, codebook_version="another", changes=CHANGES)))
    assert found.live is None
    assert found.changes == ()
    assert found.codes == described(KNOWN, INDEX).codes


def test_the_nearest_tracks_come_first_by_title_and_only_those_that_the_catalogue_has() -> None:
    found = described(KNOWN, told(None, Neighbour("jazz-01", 9.0), Neighbour("nobody-knows", 8.0)))
    rows, _ = INDEX.updated([], BOOKS).neighbours[INDEX.rows[KNOWN]]
    assert 0 < len(found.neighbours) <= MOST_NEAR
    assert "nobody-knows" not in {near.track_id for near in found.neighbours}
    assert "jazz-01" in {near.track_id for near in found.neighbours}
    weights = [near.weight for near in found.neighbours]
    assert weights == sorted(weights, reverse=True)
    assert all(near.title for near in found.neighbours)
    assert len(rows)


def test_a_track_without_content_is_known_by_its_neighbours_alone() -> None:
    index = INDEX.updated([TrackTokens("new", version=1, neighbours=(Neighbour("jazz-01", 1.0),))], BOOKS)
    found = described("new", index)
    assert (found.track, found.recommendable, found.codes) == (Track("new"), False, ())
    assert [near.track_id for near in found.neighbours] == ["jazz-01"]


def test_nobody_and_the_removed_are_not_described() -> None:
    assert describe(INDEX, BOOKS, "nobody") is None
    assert describe(INDEX.updated([], BOOKS, [KNOWN]), BOOKS, KNOWN) is None


def test_the_recommender_describes_in_the_middle_of_a_batch_and_ranks_the_rest() -> None:
    recommender = Recommender(tiny_model.checkpoint())
    asked = [Query(Session("ana"), count=3), Query(Session(""), about=KNOWN), Query(Session("bo"), count=2)]
    first, about, last = recommender.rank(asked)
    assert [len(each.tracks) for each in (first, about, last)] == [3, 0, 2]
    assert about.described is not None
    assert about.described.token_version == first.token_version
    assert about.described.track is not None
    assert about.described.track.track_id == KNOWN
    assert np.array_equal([t.track_id for t in first.tracks], [t.track_id for t in recommender.rank(asked)[0].tracks])
    assert recommender.rank([Query(Session(""), about="nobody")])[0].described is None
