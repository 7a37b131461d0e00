"""The depth decoder: learns how codes depend on each other, and re-scores the highest tracks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from segue.events import Filters
from segue.model.decoder_config import DecoderConfig
from segue.model.depth import RESCORED, DepthDecoder
from segue.model.precision import use_one_thread
from segue.model.recommender import Recommender
from segue.model.scoring import PARTS
from segue.ranking import Query
from segue.session import Session, SessionEvent
from tests.unit import tiny_model

CONFIG = DecoderConfig(3, (4, 4), width=16, layers=1, heads=2, key_value_heads=1, feed_forward=32, dropout=0.0)


def test_it_learns_that_the_second_code_follows_the_first() -> None:
    use_one_thread()
    torch.manual_seed(0)
    depth, table = DepthDecoder(CONFIG), torch.nn.Parameter(torch.randn(CONFIG.code_rows, CONFIG.width) * 0.3)
    optimiser = torch.optim.AdamW([*depth.parameters(), table], lr=1e-2)
    second = CONFIG.code_offsets[1]
    # Every first code is as likely as any other; the second is the first's partner. The state tells nothing.
    tracks = torch.tensor([[code, second + (code + 1) % 4] for code in range(4)])
    states = torch.ones(4, CONFIG.width)
    for _ in range(100):
        optimiser.zero_grad()
        depth.loss(states, tracks, table).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    every = torch.tensor([[first, second + other] for first in range(4) for other in range(4)])
    with torch.no_grad():
        likely = depth(torch.ones(16, CONFIG.width), every, table).exp()
    partners = (every[:, 1] - second) == (every[:, 0] + 1) % 4
    assert ((likely[:, 0] - 0.25).abs() < 0.05).all()
    assert (likely[partners, 1] > 0.9).all()
    assert (likely[~partners, 1] < 0.1).all()


def test_the_probabilities_of_a_modalitys_codes_sum_to_one() -> None:
    torch.manual_seed(1)
    depth, table, second = DepthDecoder(CONFIG).eval(), torch.randn(CONFIG.code_rows, 16), CONFIG.code_offsets[1]
    rows = torch.tensor([[2, second + code] for code in range(5)])
    with torch.no_grad():
        likely = depth(torch.randn(1, 16).expand(5, -1), rows, table).exp()
    assert float(likely[:, 1].sum()) == pytest.approx(1.0)


def test_re_scored_tracks_stay_the_highest_and_their_parts_still_sum() -> None:
    checkpoint = tiny_model.checkpoint()
    torch.manual_seed(2)
    query = Query(Session("l", (SessionEvent(1, "e", "folk-03", 2),)), count=20)
    plain = Recommender(checkpoint).rank([query])[0]
    depth = DepthDecoder(checkpoint.config).eval()
    answer = Recommender(checkpoint, depth=depth).rank([query])[0]
    assert [track.track_id for track in answer.tracks] != [track.track_id for track in plain.tracks]
    scores = [track.score for track in answer.tracks]
    assert scores == sorted(scores, reverse=True)
    for track in answer.tracks:
        assert tuple(part.name for part in track.parts) == (*PARTS, "depth")
        assert sum(part.value for part in track.parts) == pytest.approx(track.score)
        assert track.parts[-1].value >= 0.0
        assert track.reasons


def test_only_the_highest_are_asked_about() -> None:
    checkpoint = tiny_model.checkpoint()
    asked: list[int] = []
    depth = DepthDecoder(checkpoint.config).eval()
    depth.register_forward_hook(lambda _module, given, _made: asked.append(len(given[1])))
    Recommender(checkpoint, depth=depth).rank([Query(Session("l"))])
    assert asked == [min(RESCORED, len(checkpoint.index))]


def test_where_nothing_is_allowed_nothing_is_re_scored() -> None:
    checkpoint = tiny_model.checkpoint()
    every = Filters(exclude_track_ids=tuple(track.track_id for track in tiny_model.tracks()))
    recommender = Recommender(checkpoint, depth=DepthDecoder(checkpoint.config).eval())
    assert recommender.rank([Query(Session("l"), filters=every)])[0].tracks == ()


def test_a_second_opinion_leaves_the_least_likely_as_it_was() -> None:
    torch.manual_seed(3)
    depth, table = DepthDecoder(CONFIG).eval(), torch.randn(CONFIG.code_rows, 16)
    rows = np.array([[0, 6], [1, 7], [3, 5]], np.int64)
    added = depth.second_opinion(torch.randn(16), rows, table)
    assert added.min() == 0.0
    assert added.max() > 0.0
