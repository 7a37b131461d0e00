"""The code of a track's company: where it begins, when it moves, and that only the set of edits decides."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.catalog import Track, TrackCodes
from segue.cooccurrence import company as companies
from segue.cooccurrence import track as tracks
from segue.cooccurrence.assignment import MAX_CHANGES, Home, assign
from segue.cooccurrence.clusters import FrozenClusters
from segue.cooccurrence.company import Company
from segue.cooccurrence.pairs import SLOT_MS, PairDelta
from segue.cooccurrence.rules import LiveRules
from segue.cooccurrence.suggestion import Suggestion
from segue.cooccurrence.track import TrackState
from segue.session import Position

NORTH, EAST, SOUTH = range(3)
CENTROIDS = np.array([[0, 1], [1, 0], [0, -1]], np.float32)
ADDITION = 10_040  # what the pairs of one addition weigh, about


def clusters(rules: LiveRules | None = None, known: int = 60) -> FrozenClusters:
    """Tracks `near-0` to `near-59` stand for the three directions in turn; tags and artists suggest the same."""
    by_track = {f"near-{number}": number % 3 for number in range(known)}
    homes = np.array(list(by_track.values()))
    suggestion = Suggestion.learnt(
        CENTROIDS[homes].astype(np.float64), homes[:, None], [[f"artist {home}"] for home in homes], [3]
    )
    padded = Suggestion((*suggestion.of_codes, *(np.zeros((0, 2)),) * 3), suggestion.of_artists, 2)
    return FrozenClusters("books", CENTROIDS, np.zeros(3, np.float32), by_track, padded, rules or LiveRules())


def company(*cells: tuple[int, int, int]) -> Company:
    """Return a company of (hour, neighbour, weight)."""
    return companies.add(Company(), [PairDelta("x", f"near-{near}", hour, weight) for hour, near, weight in cells])


def test_without_company_a_code_is_home() -> None:
    given_ = assign(Company(), Home(SOUTH), clusters())
    assert (given_.code, given_.evidence, given_.changes) == (SOUTH, 0.0, ())
    assert assign(Company(), Home(), clusters()).code is None


def test_a_track_without_home_takes_the_code_of_its_first_neighbours() -> None:
    found = assign(company((0, NORTH, 500), (0, 3 + NORTH, 700), (0, EAST, 900)), Home(), clusters())
    assert found.code == NORTH
    assert found.neighbours == 3


def test_a_neighbour_that_the_checkpoint_does_not_know_is_no_evidence() -> None:
    found = assign(company((0, 999, ADDITION)), Home(), clusters())
    assert (found.code, found.neighbours, found.evidence) == (None, 0, 0.0)


def test_home_is_left_once_evidence_outweighs_what_it_is_believed() -> None:
    rules = LiveRules(known_belief=4.0, content_belief=1.0, margin=0.0)
    beside = company((0, EAST, 2 * ADDITION))
    assert assign(beside, Home(NORTH), clusters(rules)).code == EAST
    assert assign(beside, Home(NORTH, known=True), clusters(rules)).code == NORTH
    assert assign(company((0, EAST, 5 * ADDITION)), Home(NORTH, known=True), clusters(rules)).code == EAST


def test_a_code_moves_only_past_the_margin() -> None:
    beside = company((0, EAST, 1_100), (0, NORTH, 1_000))
    without_belief = LiveRules(known_belief=0.0, margin=0.0)
    assert assign(beside, Home(NORTH, known=True), clusters(without_belief)).code == EAST
    sticky = LiveRules(known_belief=0.0, margin=0.5)
    assert assign(beside, Home(NORTH, known=True), clusters(sticky)).code == NORTH


def test_what_a_code_was_at_the_end_of_a_span_decides_whether_it_goes_back() -> None:
    rules = LiveRules(content_belief=0.0, margin=0.3, code_days=1_000.0)
    moved = [(0, EAST, 1_000), (0, 3 + EAST, 1_000)]
    balanced = (24, NORTH, 2_100)
    assert assign(company(*moved, balanced), Home(NORTH), clusters(rules)).code == EAST
    assert assign(company((24, EAST, 2_000), balanced), Home(NORTH), clusters(rules)).code == NORTH


def test_old_evidence_fades() -> None:
    rules = LiveRules(content_belief=0.0, code_days=10.0, margin=0.0)
    cells = [(0, NORTH, 2_000), (24 * 10, EAST, 1_000)]
    assert assign(company(*cells), Home(), clusters(rules)).code == EAST
    slow = LiveRules(content_belief=0.0, code_days=100.0, margin=0.0)
    assert assign(company(*cells), Home(), clusters(slow)).code == NORTH


def test_changes_tell_when_a_code_gave_way_to_which() -> None:
    rules = LiveRules(content_belief=0.0, margin=0.0, code_days=1.0)
    found = assign(company((0, NORTH, 100), (48, EAST, 1_000)), Home(), clusters(rules))
    assert [(each.time_ms, each.before, each.after) for each in found.changes] == [
        (0, None, NORTH),
        (48 * SLOT_MS, NORTH, EAST),
    ]


def test_the_history_of_changes_is_bounded() -> None:
    rules = LiveRules(content_belief=0.0, margin=0.0, code_days=0.2)
    flickering = company(*((48 * number, number % 3, 1_000) for number in range(30)))
    assert len(assign(flickering, Home(), clusters(rules)).changes) == MAX_CHANGES


def test_content_suggests_the_code_of_tracks_that_are_like_it() -> None:
    frozen = clusters()
    assert frozen.suggested((EAST, -1, -1, -1), ()) == EAST
    assert frozen.suggested((-1, -1, -1, -1), (f"artist {SOUTH}",)) == SOUTH
    assert frozen.suggested((-1, -1, -1, -1), ("nobody",)) is None


def test_a_new_track_has_the_code_of_its_content_at_once_and_a_known_one_the_checkpoints() -> None:
    entry = Position("catalog", 0, 1, 1)
    new = tracks.describe(
        TrackState("new"), Track("new", "New"), TrackCodes(tags=EAST, codebook_version="books"), entry
    )
    told = tracks.live_code(new, clusters())
    assert (told.code, told.home, told.known, told.codebook_version) == (EAST, EAST, False, "books")
    known = tracks.describe(TrackState("near-2"), Track("near-2", "Old"), TrackCodes(tags=EAST), entry)
    told = tracks.live_code(known, clusters())
    assert (told.code, told.home, told.known) == (SOUTH, SOUTH, True)


def test_codes_of_other_codebooks_suggest_nothing_but_artists_do() -> None:
    song = Track("new", "New", artists=(f"artist {SOUTH}",))
    state = tracks.describe(
        TrackState("new"), song, TrackCodes(tags=EAST, codebook_version="others"), Position("catalog", 0, 1, 1)
    )
    assert tracks.live_code(state, clusters()).code == SOUTH


CELLS = st.lists(st.tuples(st.integers(0, 240), st.integers(0, 70), st.integers(1, 3_000)), max_size=50)
RULES = st.builds(
    LiveRules,
    code_days=st.floats(0.5, 50.0),
    span_hours=st.integers(1, 48),
    content_belief=st.floats(0.0, 3.0),
    margin=st.floats(0.0, 1.0),
)


@given(CELLS, RULES, st.randoms(use_true_random=False), st.sampled_from([None, 0, 1, 2]))
def test_order_and_batches_do_not_change_a_code_its_evidence_or_its_history(
    cells: list[tuple[int, int, int]], rules: LiveRules, chance: Random, home: int | None
) -> None:
    shuffled = list(cells)
    chance.shuffle(shuffled)
    one_by_one = Company()
    for cell in shuffled:
        one_by_one = companies.add(one_by_one, company_deltas([cell]))
    frozen = clusters(rules)
    assert assign(one_by_one, Home(home), frozen) == assign(company(*cells), Home(home), frozen)


@given(CELLS, RULES)
def test_what_is_added_and_taken_back_leaves_a_code_as_it_was(
    cells: list[tuple[int, int, int]], rules: LiveRules
) -> None:
    passing = [(hour, near + 1, weight) for hour, near, weight in cells]
    undone = companies.add(company(*cells), company_deltas(passing))
    undone = companies.add(undone, company_deltas([(hour, near, -weight) for hour, near, weight in passing]))
    frozen = clusters(rules)
    assert assign(undone, Home(0), frozen) == assign(company(*cells), Home(0), frozen)


class Suspicious(FrozenClusters):
    """Clusters that never say that evidence is too little to matter."""

    def least_moving(self, home: int, margin: float) -> float:  # noqa: ARG002 - whatever they are
        return -1.0


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 70), st.integers(1, 400)), max_size=8),
    st.builds(LiveRules, known_belief=st.floats(0.0, 0.3), margin=st.floats(0.0, 0.5), code_days=st.floats(0.5, 50.0)),
    st.sampled_from([0, 1, 2, 3]),
    st.lists(st.integers(-300, 300), min_size=4, max_size=4),
)
def test_evidence_that_is_passed_over_as_too_little_would_have_moved_nothing(
    cells: list[tuple[int, int, int]], rules: LiveRules, home: int, offsets: list[int]
) -> None:
    usual = clusters(rules)
    centroids = np.array([[0, 1], [1, 0], [0, -1], [0.6, 0.8]], np.float16).astype(np.float32)
    by_track = {track_id: number % 4 for number, track_id in enumerate(usual.by_track)}
    given_ = ("books", centroids, np.array(offsets, np.float32) / 1_000, by_track, usual.suggestion, rules)
    found = assign(company(*cells), Home(home, known=True), FrozenClusters(*given_))
    assert found == assign(company(*cells), Home(home, known=True), Suspicious(*given_))


def test_little_evidence_is_passed_over() -> None:
    frozen = clusters(LiveRules(margin=0.05))
    assert 0.3 < frozen.least_moving(NORTH, 0.05) < 1.0


@given(CELLS)
def test_without_margin_and_belief_the_code_is_the_centroid_nearest_to_the_mean(
    cells: list[tuple[int, int, int]],
) -> None:
    rules = LiveRules(content_belief=0.0, margin=0.0, code_days=1e9, span_hours=10_000)
    mean = np.zeros(2)
    for _, near, weight in cells:
        mean += weight * CENTROIDS[near % 3] if near < 60 else 0.0
    distances = -(CENTROIDS @ mean)
    found = assign(company(*cells), Home(), clusters(rules)).code
    if found is not None and np.linalg.norm(mean) > 2.0:
        assert distances[found] == pytest.approx(distances.min(), abs=1e-3 * float(np.linalg.norm(mean)))


def company_deltas(cells: Sequence[tuple[int, int, int]]) -> list[PairDelta]:
    return [PairDelta("x", f"near-{near}", hour, weight) for hour, near, weight in cells]
