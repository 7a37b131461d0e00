"""Co-occurrence as folds: what an edit changes, and that order, repetition and batches do not matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.catalog import Track, TrackCodes
from segue.cooccurrence import company as companies
from segue.cooccurrence import playlist as playlists
from segue.cooccurrence import track as tracks
from segue.cooccurrence.company import MAX_CELLS, READ_CELLS, Company
from segue.cooccurrence.pairs import REACH, SLOT_MS, WEIGHT_UNIT, PairDelta, changes
from segue.cooccurrence.playlist import MAX_EDITS, WINDOW, Playlist
from segue.cooccurrence.track import TrackState
from segue.errors import FutureEvent, LateEvent
from segue.events import PlaylistAction, PlaylistEvent
from segue.session import FoldRules, Position, from_ms, to_ms

RULES = FoldRules()
START_MS = 1_612_137_600_000  # 2021-02-01: years before the records that replay it
RECORD_MS = 1_900_000_000_000

Sums = Counter[tuple[str, str, int]]


def edit(
    number: int, track_id: str, minute: int = 0, action: PlaylistAction = PlaylistAction.TRACK_ADDED
) -> PlaylistEvent:
    return PlaylistEvent(
        event_id=f"event-{number:04}",
        playlist_id="mix",
        action=action,
        track_id=track_id,
        event_time=from_ms(START_MS + minute * 60_000),
    )


def at(offset: int, record_ms: int = RECORD_MS) -> Position:
    return Position("playlist-events", 0, offset, record_ms)


def folded(events: Iterable[PlaylistEvent]) -> tuple[Playlist, Sums]:
    playlist, sums = Playlist("mix"), Sums()
    for offset, event in enumerate(events):
        playlist, deltas = playlists.apply(playlist, event, at(offset), RULES)
        for delta in deltas:
            sums[delta.track_id, delta.neighbour_id, delta.slot] += delta.weight
    return playlist, Sums({pair: weight for pair, weight in sums.items() if weight})


def without_position(playlist: Playlist) -> Playlist:
    return msgspec.structs.replace(playlist, seen=None)


def test_an_added_track_is_put_beside_those_before_it_and_they_beside_it() -> None:
    _, sums = folded([edit(0, "a"), edit(1, "b", 1), edit(2, "c", 2)])
    slot = START_MS // SLOT_MS
    assert sums["a", "b", slot] == sums["b", "a", slot] == WEIGHT_UNIT
    assert sums["a", "c", slot] == sums["c", "a", slot] == round(WEIGHT_UNIT / 2**0.5)


def test_tracks_further_apart_than_the_reach_are_no_pair() -> None:
    _, sums = folded(edit(number, f"track-{number}", number) for number in range(REACH + 2))
    assert sums["track-0", f"track-{REACH}", START_MS // SLOT_MS] > 0
    assert ("track-0", f"track-{REACH + 1}", START_MS // SLOT_MS) not in sums


def test_a_removed_track_takes_its_pairs_with_it_and_its_neighbours_move_together() -> None:
    gone = edit(3, "b", 3, PlaylistAction.TRACK_REMOVED)
    _, sums = folded([edit(0, "a"), edit(1, "b", 1), edit(2, "c", 2), gone])
    _, without = folded([edit(0, "a"), edit(2, "c", 2)])
    assert sums == without


def test_a_deleted_playlist_takes_everything_back() -> None:
    playlist, sums = folded([edit(0, "a"), edit(1, "b", 1), edit(2, "", 2, PlaylistAction.DELETED), edit(3, "late", 1)])
    assert sums == {}
    assert playlist.entries == ()


def test_the_newest_name_stays() -> None:
    created = msgspec.structs.replace(edit(0, "", 0, PlaylistAction.CREATED), name="old")
    renamed = msgspec.structs.replace(edit(1, "", 5, PlaylistAction.RENAMED), name="new")
    assert folded([renamed, created])[0].name == "new"


def test_an_edit_read_again_changes_nothing() -> None:
    playlist, _ = playlists.apply(Playlist("mix"), edit(0, "a"), at(7), RULES)
    assert playlists.apply(playlist, edit(1, "b"), at(7), RULES) == (playlist, ())


def test_an_edit_sent_twice_counts_once() -> None:
    events = [edit(0, "a"), edit(1, "b", 1)]
    assert folded([*events, *events])[1] == folded(events)[1]


def test_lateness_is_measured_against_the_playlist_not_the_clock() -> None:
    day = 24 * 60
    playlist, _ = folded([edit(0, "a", 2 * day)])
    playlists.apply(playlist, edit(1, "b", day), at(1), RULES)
    with pytest.raises(LateEvent, match="before the newest event"):
        playlists.apply(playlist, edit(2, "c", day - 1), at(2), RULES)


def test_an_edit_dated_after_its_record_is_refused() -> None:
    with pytest.raises(FutureEvent):
        playlists.apply(Playlist("mix"), edit(0, "a", 2), at(0, record_ms=START_MS), RULES)


def test_an_edit_older_than_all_that_are_kept_is_late() -> None:
    playlist, _ = folded(edit(number, f"track-{number}", 10 + number) for number in range(MAX_EDITS + 1))
    assert len(playlist.edits) == MAX_EDITS
    with pytest.raises(LateEvent, match=f"{MAX_EDITS} newest"):
        playlists.apply(playlist, edit(9_999, "x", 5), at(9_999), RULES)


def test_pairs_of_edits_that_fell_out_stay_counted() -> None:
    _, sums = folded(edit(number, f"track-{number}", number) for number in range(2 * WINDOW))
    assert sums["track-0", "track-1", START_MS // SLOT_MS] == WEIGHT_UNIT


ACTIONS = st.sampled_from([PlaylistAction.TRACK_ADDED] * 4 + [PlaylistAction.TRACK_REMOVED, PlaylistAction.DELETED])
EDITS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 24 * 60), ACTIONS), min_size=1, max_size=20).map(
    lambda drawn: [edit(number, *each) for number, each in enumerate(drawn)]
)


# Edits over eight days, in order, several of which may have the same time.
LONG_HISTORIES = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 8 * 24), ACTIONS), min_size=1, max_size=40
).map(
    lambda drawn: [
        edit(number, track_id, hour * 60, action)
        for number, (track_id, hour, action) in enumerate(sorted(drawn, key=lambda each: each[1]))
    ]
)
DAY_MS = 86_400_000


def within_lateness(events: list[PlaylistEvent], chance: Random) -> list[PlaylistEvent]:
    """Return the events in an order in which none comes after one that is more than a day newer."""
    return sorted(events, key=lambda event: to_ms(event.event_time or from_ms(0)) + chance.uniform(0, DAY_MS))


@given(EDITS, st.randoms(use_true_random=False), st.integers(1, 2))
def test_order_and_repetition_do_not_change_what_edits_make_together(
    events: list[PlaylistEvent], chance: Random, times: int
) -> None:
    shuffled = events * times
    chance.shuffle(shuffled)
    playlist, sums = folded(events)
    other_playlist, other_sums = folded(shuffled)
    assert other_sums == sums
    assert without_position(other_playlist) == without_position(playlist)


@given(EDITS)
def test_the_changes_sum_to_the_pairs_of_the_playlist_as_it_is(events: list[PlaylistEvent]) -> None:
    playlist, sums = folded(events)
    whole = changes((), playlist.entries)
    assert sums == {(delta.track_id, delta.neighbour_id or "mix", delta.slot): delta.weight for delta in whole}


@given(LONG_HISTORIES, st.randoms(use_true_random=False))
def test_order_does_not_change_what_edits_make_when_many_fell_out(events: list[PlaylistEvent], chance: Random) -> None:
    with pytest.MonkeyPatch.context() as few:
        few.setattr(playlists, "WINDOW", 4)
        assert folded(within_lateness(events, chance))[1] == folded(events)[1]


@given(LONG_HISTORIES)
def test_what_fell_out_is_no_more_than_the_lateness_needs(events: list[PlaylistEvent]) -> None:
    with pytest.MonkeyPatch.context() as few:
        few.setattr(playlists, "WINDOW", 4)
        playlist, _ = folded(events)
    settled = [each for each in playlist.edits if each.time_ms < playlist.newest_ms - DAY_MS]
    assert len(settled) <= 4


def test_a_playlist_stays_bounded() -> None:
    playlist, _ = folded(edit(number, f"track-{number}", number) for number in range(MAX_EDITS + 40))
    assert len(playlist.edits) == MAX_EDITS
    assert playlists.decode(playlists.encode(playlist)) == playlist
    quiet, _ = folded(edit(number, f"track-{number}", 2 * number * 24 * 60) for number in range(2 * WINDOW))
    assert len(quiet.edits) == WINDOW + 1


def deltas_of(drawn: Sequence[tuple[int, int, int]]) -> list[PairDelta]:
    return [PairDelta("x", f"near-{neighbour}", slot, weight) for neighbour, slot, weight in drawn]


DELTAS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(1, 1_000)), max_size=60)


@given(DELTAS, st.randoms(use_true_random=False), st.integers(1, 9))
def test_a_company_depends_on_the_set_of_changes_alone_while_nothing_is_taken_back(
    drawn: list[tuple[int, int, int]], chance: Random, size: int
) -> None:
    deltas = deltas_of(drawn)
    shuffled = list(deltas)
    chance.shuffle(shuffled)
    batched = Company()
    with pytest.MonkeyPatch.context() as few:
        few.setattr(companies, "MAX_CELLS", 8)
        for start in range(0, len(shuffled), size):
            batched = companies.add(batched, shuffled[start : start + size])
        one_by_one = Company()
        for delta in deltas:
            one_by_one = companies.add(one_by_one, [delta])
    assert batched == one_by_one
    assert len(batched.cells) <= 8


def test_a_company_keeps_the_newest_cells() -> None:
    company = companies.add(Company(), deltas_of([(number, number, 1) for number in range(MAX_CELLS + 5)]))
    assert len(company.cells) == MAX_CELLS
    assert company.cells[0].slot == 5


def test_neighbours_decay_with_their_age_relative_to_the_newest() -> None:
    company = companies.add(Company(), deltas_of([(1, 0, 2_000), (2, 5 * 24, 1_000)]))
    found = companies.neighbours(company, days=5.0)
    assert [near.track_id for near in found] == ["near-2", "near-1"]
    assert found[1].weight == pytest.approx(2 / 2.718281828, abs=1e-6)


def test_a_neighbour_that_was_taken_back_is_not_published() -> None:
    company = companies.add(Company(), deltas_of([(1, 0, 500), (2, 0, 500), (1, 0, -500)]))
    assert [near.track_id for near in companies.neighbours(company, days=20.0)] == ["near-2"]


def test_what_is_read_stays_exact_while_newer_cells_come_and_go() -> None:
    kept = [(number, number, 1) for number in range(READ_CELLS)]
    passing = [(number, READ_CELLS + number, 1) for number in range(MAX_CELLS - READ_CELLS)]
    company = companies.add(Company(), deltas_of([*kept, *passing, (999, 999, 1)]))
    assert company.dropped == (0, "near-0")
    company = companies.add(company, deltas_of([(near, slot, -1) for near, slot, _ in passing]))
    assert company.read == companies.add(Company(), deltas_of([*kept[1:], (999, 999, 1)])).cells


def test_a_track_applies_each_record_of_a_partition_once() -> None:
    deltas = tuple(deltas_of([(1, 0, 500)]))
    once = tracks.meet(TrackState("x"), deltas, at(3), START_MS)
    assert tracks.meet(once, deltas, at(3), START_MS) == once
    other_partition = Position("playlist-events", 1, 0, RECORD_MS)
    assert tracks.meet(once, deltas, other_partition, START_MS).company.cells[0].weight == 1_000


@given(st.permutations([0, 1, 2, 3]))
def test_a_track_does_not_depend_on_how_partitions_interleave(order: list[int]) -> None:
    steps = [
        (Position("playlist-events", partition, 0, RECORD_MS), deltas_of([(partition, partition, 7)]))
        for partition in range(4)
    ]
    states = [TrackState("x"), TrackState("x")]
    for state, steps_taken in enumerate((steps, [steps[place] for place in order])):
        for position, deltas in steps_taken:
            states[state] = tracks.meet(states[state], tuple(deltas), position, START_MS + position.partition)
    assert states[0] == states[1]


def test_content_codes_and_removal_follow_the_catalogue() -> None:
    song = Track(track_id="x", title="Song", lyrics="la la")
    entry = Position("catalog", 0, 1, RECORD_MS)
    known = tracks.describe(TrackState("x"), song, TrackCodes(tags=3), entry)
    told = tracks.tokens(known)
    assert told is not None
    assert told.codes == TrackCodes(tags=3)
    assert told.track == msgspec.structs.replace(song, lyrics="")
    assert told.version == 1
    gone = tracks.remove(known, Position("catalog", 0, 2, RECORD_MS))
    assert tracks.tokens(gone) is None
    met = tracks.meet(gone, tuple(deltas_of([(1, 0, 500)])), at(1), START_MS)
    assert tracks.tokens(met) is None
    again = tracks.tokens(tracks.describe(met, song, TrackCodes(tags=4), Position("catalog", 0, 3, RECORD_MS)))
    assert again is not None
    assert again.version == 4
    assert [near.track_id for near in again.neighbours] == ["near-1"]


def test_a_state_survives_the_table() -> None:
    song = Track(track_id="x", title="Song", audio_features={"tempo_bpm": 90.0})
    state = tracks.describe(TrackState("x"), song, TrackCodes(audio=1), Position("catalog", 0, 1, RECORD_MS))
    state = tracks.meet(state, tuple(deltas_of([(1, 0, 500)])), at(1), START_MS)
    assert tracks.decode(tracks.encode(state)) == state
