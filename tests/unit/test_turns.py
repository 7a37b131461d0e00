from __future__ import annotations

import threading
from collections.abc import Callable

from segue.model.recommender import Recommender
from segue.model.turns import Turns
from segue.ranking import Query
from segue.session import Session
from tests.unit import tiny_model

LONG = 10.0


def beside(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_a_slice_waits_for_the_request_and_the_request_for_the_slice() -> None:
    turns, order = Turns(patience=LONG), list[str]()
    inside, go_on = threading.Event(), threading.Event()

    def answer() -> None:
        with turns.request():
            inside.set()
            go_on.wait(LONG)
            order.append("answered")

    request = beside(answer)
    assert inside.wait(LONG)

    def update() -> None:
        with turns.slice():
            order.append("updated")

    updating = beside(update)
    go_on.set()
    request.join(LONG)
    updating.join(LONG)
    assert order == ["answered", "updated"]


def test_under_requests_without_a_pause_an_update_goes_on_all_the_same() -> None:
    turns = Turns(patience=0.01)
    with turns.request(), turns.slice():
        pass
    with turns.slice():  # what it did not take it has not given back
        pass


def test_an_update_of_the_recommender_is_seen_by_the_next_request_whatever_was_asked_meanwhile() -> None:
    recommender = Recommender(tiny_model.checkpoint())
    recommender.turns = Turns(patience=LONG)
    before = recommender.rank([Query(Session("ana"))])[0].token_version
    seen = list[str]()
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            with recommender.turns.request():
                seen.append(recommender.rank([Query(Session("ana"))])[0].token_version)

    asking = beside(ask)
    removed = [track.track_id for track in tiny_model.tracks()[:3]]
    recommender.update([], removed)
    over.set()
    asking.join(LONG)
    (ranking,) = recommender.rank([Query(Session("ana"), count=100)])
    assert ranking.token_version == recommender.index.token_version != before
    assert set(seen) <= {before, ranking.token_version}
    assert not {track.track_id for track in ranking.tracks} & set(removed)
