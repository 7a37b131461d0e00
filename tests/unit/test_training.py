"""The parts of training: counts, neighbours, windows, the schedule, the blend; the same seed, the same result."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from segue.catalog import Track
from segue.cooccurrence import pairs
from segue.evaluation.positions import Position, positions
from segue.model.decoder import Decoder
from segue.model.scoring import BlendWeights
from segue.tokens.histories import PLAYLIST, SESSION, History, before, held_back_from, playlist_history
from segue.tokens.prompt import NO_TARGET, Moment, TokenSequence
from segue.tokens.vocabulary import Control
from segue.training import weighing
from segue.training.batches import batches, epoch, windows
from segue.training.beginning import begin_at_centroids
from segue.training.blend import alone, choose
from segue.training.cooccurrence import Recency, Shares, additions, cooccurrences, neighbour_lists, related_artists
from segue.training.loop import FEW_TRACKS, LoopRules, Trainer, batch_size
from segue.training.optimiser import schedule
from segue.training.terms import TERMS, Terms
from segue.training.watch import Silence
from tests.unit import tiny_model

DAY_MS = 86_400_000
ROWS = {track.track_id: row for row, track in enumerate(tiny_model.tracks())}
HISTORIES = [playlist_history(playlist, ROWS) for playlist in tiny_model.playlists(30)]


class Ear(Silence):
    """A watch that remembers the losses."""

    def __init__(self) -> None:
        self.losses: list[float] = []

    def step(self, done: int, of: int, loss: float, tracks_per_second: float) -> None:  # noqa: ARG002
        self.losses.append(loss)


def history(*days: int) -> list[History]:
    moments = tuple(Moment(day * DAY_MS, row) for row, day in enumerate(days))
    return [History(PLAYLIST, "p", moments, removed_ms=(None,) * len(moments))]


def test_pairs_count_less_the_farther_apart_and_the_longer_ago() -> None:
    counts = cooccurrences(history(1, 1, 8), 3, Recency(8 * DAY_MS, days=7.0))
    assert counts[0, 1] == pytest.approx(np.exp(-1.0))
    assert counts[1, 2] == pytest.approx(1.0)
    assert counts[0, 2] == pytest.approx(1.0 / np.sqrt(2), abs=1e-3)
    assert (counts != counts.T).nnz == 0


def test_a_playlist_counts_in_training_as_in_the_stream() -> None:
    length = pairs.REACH + 3
    counts = cooccurrences(history(*range(1, length + 1)), length, Recency(0))
    live = np.zeros((length, length))
    changes = pairs.changes((), [pairs.Entry(str(row), 0) for row in range(length)])
    for change in (change for change in changes if not change.of_playlist):
        live[int(change.track_id), int(change.neighbour_id)] += change.weight / pairs.WEIGHT_UNIT
    np.testing.assert_allclose(counts.toarray(), live, rtol=1e-6)


def test_what_is_taken_in_one_sitting_is_company_as_far_as_its_share_goes() -> None:
    moments = (
        Moment(1, 0, sitting="a"),
        Moment(2, 3, Control.SKIPPED, sitting="a"),
        Moment(3, 1, sitting="a"),
        Moment(4, 2, sitting="b"),
    )
    sittings = [History(SESSION, "l", moments)]

    assert not cooccurrences(sittings, 4, Recency(0)).nnz
    counts = cooccurrences(sittings, 4, Recency(0), Shares(sittings=0.5))
    assert counts[0, 1] == pytest.approx(0.5)
    assert counts.nnz == 2
    assert cooccurrences(history(1, 1, 8), 3, Recency(0), Shares(playlists=0.0)).nnz == 0


def test_neighbours_are_made_of_sittings_where_that_finds_more() -> None:
    # Playlists pair tracks at random, sittings hold one after its like.
    corpus = SimpleNamespace(
        tracks=[Track(track_id=str(row)) for row in range(40)],
        training=[
            *(
                History(PLAYLIST, str(place), tuple(Moment(1, int(row)) for row in rows), removed_ms=(None,) * 4)
                for place, rows in enumerate(np.random.default_rng(1).integers(0, 40, (30, 4)))
            ),
            *(
                History(SESSION, str(row), (Moment(1, row, sitting="s"), Moment(2, row + 1, sitting="s")))
                for row in PAIRS
            ),
        ],
        validation=[Position("session", (Moment(3, row, sitting="s"),), (), 4, row + 1, (row,)) for row in PAIRS],
        validation_ms=5,
        recommendable=np.ones(40, bool),
    )
    codes = np.zeros((40, 5), np.int64)

    told, _ = weighing._pace(corpus, codes, (1,) * 5, company=True)  # type: ignore[arg-type]
    deaf, _ = weighing._pace(corpus, codes, (1,) * 5, company=False)  # type: ignore[arg-type]

    assert told.shares == Shares(playlists=1.0, sittings=1.0)
    assert deaf.shares == Shares(playlists=0.0, sittings=0.0)


def test_neighbours_are_bounded_and_heaviest_first() -> None:
    counts = cooccurrences(HISTORIES, len(ROWS), Recency(0))
    lists = neighbour_lists(counts, additions(HISTORIES, len(ROWS), Recency(0)), most=5)
    assert max(len(rows) for rows, _ in lists) == 5
    assert all(np.all(np.diff(weights) <= 0) for _, weights in lists)
    styles = [{tiny_model.tracks()[near].tags[0] for near in rows} for rows, _ in lists if len(rows)]
    assert all(len(style) == 1 for style in styles)


def test_artists_are_close_whose_tracks_stand_side_by_side() -> None:
    tracks = [Track(track_id=name, artists=tuple(name)) for name in ("a", "b", "ac", "d")]
    counts = cooccurrences(history(1, 1, 8), 4, Recency(0))
    near = related_artists(counts, tracks)
    assert [artist for artist, _ in near["a"]] == ["b", "c"]
    assert dict(near["b"])["a"] == pytest.approx(dict(near["a"])["b"])
    assert "d" not in near


def test_what_lies_after_the_cut_is_not_read() -> None:
    (whole,) = history(1, 2, 3)
    assert [moment.row for moment in before(whole, 3 * DAY_MS).moments] == [0, 1]
    assert held_back_from(whole, 2 * DAY_MS) == 1


def test_windows_cover_every_moment_and_overlap_by_one() -> None:
    for history in HISTORIES:
        found = windows(history, 5, np.random.default_rng(1))
        assert max(len(window.moments) for window in found) <= 5
        assert {moment for window in found for moment in window.moments} == set(history.moments)
        assert all(one.moments[-1] == other.moments[0] for one, other in pairwise(found))


def test_a_window_is_of_one_sitting_and_knows_the_sittings_before_it() -> None:
    moments = tuple(Moment(place, place, sitting="ab"[place // 4]) for place in range(8))
    first, second = windows(History("session", "l", moments), 5, np.random.default_rng(1))
    assert (first.moments, first.first_target) == (moments[:4], 0)
    assert (second.moments, second.first_target) == (moments, 4)


def test_a_kind_of_history_is_drawn_as_often_as_the_mixture_says() -> None:
    many = [*HISTORIES, *(replace(history, kind="dialogue") for history in HISTORIES)]
    sizes = {weight: len(epoch(many, 40, {"dialogue": weight}, np.random.default_rng(1))) for weight in (0, 1, 2.5)}
    assert sizes[0] == len(HISTORIES)
    assert sizes[1] == 2 * len(HISTORIES)
    assert sizes[2.5] == len(HISTORIES) + round(2.5 * len(HISTORIES))


def test_batches_hold_about_as_many_predictions_as_asked_for() -> None:
    random = np.random.default_rng(1)
    made = list(batches(epoch(HISTORIES, 12, {}, random), 50, random))
    sizes = [sum(target != NO_TARGET for each in batch for target in each.targets) for batch in made]
    # A day lies between two moments: the next track is predicted before and after it.
    assert sum(sizes) == sum(2 * len(each.moments) - 1 for each in HISTORIES)
    assert all(50 <= size < 50 + 23 for size in sorted(sizes)[1:])


def test_held_back_positions_know_what_the_playlist_held_then() -> None:
    (whole,) = history(1, 2, 3)
    (last,) = positions(whole, 2)
    assert (last.wanted, last.excluded, len(last.moments)) == (2, (0, 1), 2)


def test_the_learning_rate_rises_then_falls() -> None:
    factors = [schedule(done, 1_000) for done in range(1_000)]
    assert factors[0] < 0.1
    assert 0.9 < max(factors) <= 1.0
    assert factors[-1] == pytest.approx(0.05, abs=0.01)


def terms(**values: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> Terms:
    """Return terms of sixty positions and forty tracks, zero where nothing else is given."""
    zero = np.zeros((60, 40), np.float32)
    stacked = np.stack([values.get(name, zero) for name in TERMS], axis=1)
    return Terms(stacked, WANTED, np.ones((60, 40), bool), np.repeat([0, 1], 30), np.ones(60, np.float32))


WANTED = np.random.default_rng(1).integers(0, 40, 60)
PAIRS = range(0, 40, 2)
RIGHT = (np.arange(40) == WANTED[:, None]).astype(np.float32)
NOISE = np.random.default_rng(2).normal(size=(60, 40)).astype(np.float32)


def test_the_blend_trusts_the_term_that_is_right() -> None:
    told = terms(decoder=NOISE, neighbours=RIGHT)
    blend = choose(told, 0.5, seed=1)
    assert blend.neighbours > abs(blend.decoder)
    assert set(told.ranks(np.array([getattr(blend, name) for name in TERMS]))) == {1}


def test_nothing_but_fame_newness_and_being_there_again_counts_against_a_track() -> None:
    assert choose(terms(again=-RIGHT), 0.5, seed=1).again < 0.0
    assert choose(terms(again=RIGHT), 0.5, seed=1).again > 0.0
    blend = choose(terms(scene=-RIGHT, popularity=-RIGHT), 0.5, seed=1)
    assert blend.scene == 0.0
    assert blend.popularity < 0.0


def test_neighbours_weigh_no_less_than_at_the_start_since_served_ones_are_fresher() -> None:
    assert choose(terms(neighbours=-RIGHT, decoder=RIGHT), 0.5, seed=1).neighbours == 1.0


def test_known_tracks_are_found_as_well_as_by_neighbours_alone_though_new_ones_are_favoured() -> None:
    new = np.zeros((60, 40), np.float32)
    new[:, 30:] = 1.0
    known = WANTED < 30
    told = terms(neighbours=RIGHT * known[:, None], new=new)
    told = replace(told, kinds=np.where(known, 0, 2), weights=np.where(known, 1.0, 50.0).astype(np.float32))
    blend = choose(told, 0.5, seed=1)
    weights = np.array([getattr(blend, name) for name in TERMS], np.float32)
    assert np.mean(1.0 / told.ranks(weights)[known]) == np.mean(1.0 / told.ranks(alone("neighbours"))[known])
    assert np.mean(told.ranks(weights)[~known] <= 10) == 1.0


def test_what_does_not_compete_stands_before_nothing_and_ties_are_pessimistic() -> None:
    told = terms(decoder=NOISE)
    assert np.all(told.ranks(alone("artists")) == 40)
    rivals = replace(told, allowed=RIGHT.astype(bool))
    assert np.all(rivals.ranks(alone("decoder")) == 1)


def test_codes_begin_as_near_to_each_other_as_their_centroids() -> None:
    checkpoint = tiny_model.checkpoint()
    decoder = Decoder(checkpoint.config)
    absent = decoder.codes.weight[checkpoint.config.code_sizes[0]].clone()

    begin_at_centroids(decoder, checkpoint.codebooks, seed=1)

    table = decoder.codes.weight.detach().numpy()
    centroids = checkpoint.codebooks.books["playlist"].clusters.centroids
    begun = table[: len(centroids)]
    told, found = (np.square(each[:, None] - each[None]).sum(-1).ravel() for each in (centroids, begun))
    assert np.corrcoef(told, found)[0, 1] > 0.9
    assert np.sqrt(np.square(begun).mean()) == pytest.approx(0.02, rel=1e-3)
    assert torch.equal(decoder.codes.weight[checkpoint.config.code_sizes[0]], absent)


def test_a_small_dataset_is_cut_into_small_batches_that_make_enough_steps() -> None:
    sequence = TokenSequence((-1, 0, 1), (0, 1, NO_TARGET))
    rules = LoopRules(tracks_a_batch=1_500, least_batches=100)

    assert batch_size([sequence] * 40_000, rules) == 800
    assert batch_size([sequence] * 400_000, rules) == 1_500
    assert batch_size([sequence] * 40, rules) == FEW_TRACKS


def test_training_lowers_the_loss_and_the_same_seed_gives_the_same_parameters() -> None:
    first, second = _trained(), _trained()
    assert np.mean(first[1][-3:]) < np.mean(first[1][:3]) - 0.5
    assert first[1] == second[1]
    assert all(torch.equal(first[0][name], second[0][name]) for name in first[0])


def _trained() -> tuple[dict[str, torch.Tensor], list[float]]:
    config = tiny_model.checkpoint().config
    torch.manual_seed(1)
    torch.set_num_threads(1)
    decoder, ear = Decoder(config), Ear()
    code_rows = tiny_model.checkpoint().index.codes + np.array(config.code_offsets)
    rules = LoopRules(epochs=12, patience=99, tracks_a_batch=80)
    Trainer(decoder, HISTORIES, code_rows, rules).run(lambda _decoder: {"hit10": 0.0, "mrr": 0.0}, ear)
    return decoder.state_dict(), ear.losses


def test_what_is_taken_again_though_ruled_out_does_not_choose_the_blend() -> None:
    again = Position("session", (), (), 0, wanted=3, excluded=(3,))
    fresh = Position("session", (), (), 0, wanted=4, excluded=(3,))
    corpus = SimpleNamespace(validation=[again, fresh], spoken=[], arrivals=[], arrival_share=0.0)
    assert weighing._asked(corpus).positions == [fresh]  # type: ignore[arg-type]


def test_without_positions_the_blend_stays_as_it_starts() -> None:
    values, weights = np.zeros((0, len(TERMS), 40), np.float32), np.zeros(0, np.float32)
    nothing = Terms(values, WANTED[:0], np.ones((0, 40), bool), WANTED[:0], weights)
    assert choose(nothing, 0.5, seed=1) == BlendWeights(place_power=0.5)
