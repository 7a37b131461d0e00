"""The parts of training: counts, neighbours, windows, the schedule, the blend; the same seed, the same result."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from segue.cooccurrence import pairs
from segue.evaluation.positions import Position, positions
from segue.model.decoder import Decoder
from segue.model.scoring import BlendWeights
from segue.tokens.histories import PLAYLIST, History, before, held_back_from, playlist_history
from segue.tokens.prompt import NO_TARGET, Moment
from segue.training.batches import batches, windows
from segue.training.blend import Terms, choose
from segue.training.cooccurrence import Recency, additions, cooccurrences, neighbour_lists
from segue.training.loop import LoopRules, Trainer, schedule
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
    for change in pairs.changes((), [pairs.Entry(str(row), 0) for row in range(length)]):
        live[int(change.track_id), int(change.neighbour_id)] += change.weight / pairs.WEIGHT_UNIT
    np.testing.assert_allclose(counts.toarray(), live, rtol=1e-6)


def test_neighbours_are_bounded_and_heaviest_first() -> None:
    counts = cooccurrences(HISTORIES, len(ROWS), Recency(0))
    lists = neighbour_lists(counts, additions(HISTORIES, len(ROWS), Recency(0)), most=5)
    assert max(len(rows) for rows, _ in lists) == 5
    assert all(np.all(np.diff(weights) <= 0) for _, weights in lists)
    styles = [{tiny_model.tracks()[near].tags[0] for near in rows} for rows, _ in lists if len(rows)]
    assert all(len(style) == 1 for style in styles)


def test_what_lies_after_the_cut_is_not_read() -> None:
    (whole,) = history(1, 2, 3)
    assert [moment.row for moment in before(whole, 3 * DAY_MS).moments] == [0, 1]
    assert held_back_from(whole, 2 * DAY_MS) == 1


def test_windows_cover_every_moment_and_overlap_by_one() -> None:
    found = windows(HISTORIES, 5, np.random.default_rng(1))
    assert max(map(len, found)) <= 5
    assert {moment for window in found for moment in window} == {each for one in HISTORIES for each in one.moments}


def test_batches_hold_about_as_many_predictions_as_asked_for() -> None:
    made = list(batches(HISTORIES, 12, 50, np.random.default_rng(1)))
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


def test_the_blend_trusts_the_term_that_is_right() -> None:
    random = np.random.default_rng(1)
    wanted = random.integers(0, 40, 60)
    evidence = np.zeros((60, 40), np.float32)
    evidence[np.arange(60), wanted] = 0.1
    noise = random.normal(size=(60, 40)).astype(np.float32)
    terms = Terms(noise, np.zeros_like(noise), evidence, np.zeros(40, np.float32), np.ones(40, bool))
    asked = [Position("playlist", (), (), 0, int(row), ()) for row in wanted]
    weights, reached = choose(terms, asked, BlendWeights())
    assert reached.hit10 == 1.0
    assert weights.neighbours > 0


def test_what_is_not_recommendable_stands_before_nothing_whatever_the_weights() -> None:
    scores, nothing = np.array([[9.0, 1.0, 8.0]], np.float32), np.zeros((1, 3), np.float32)
    terms = Terms(scores, nothing, nothing, nothing[0], np.array([False, True, True]))
    asked = [Position("playlist", (), (), 0, 1, ())]
    assert terms.ranks(BlendWeights(), asked) == [2]
    assert terms.ranks(BlendWeights(words=0, neighbours=0, popularity=0, decoder=0), asked) == [2]


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
    Trainer(decoder, HISTORIES, code_rows, rules).run(lambda: {"hit10": 0.0, "mrr": 0.0}, ear)
    return decoder.state_dict(), ear.losses
