"""New ids: in the order in which they were made, and nobody else's."""

from __future__ import annotations

from segue.events import ListeningAction, ListeningEvent
from segue.ids import new_id
from segue.session import FoldRules, Position, Session, apply, from_ms


def test_ids_sort_as_they_were_made_and_none_comes_twice() -> None:
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_events_of_one_moment_keep_the_order_in_which_they_were_sent() -> None:
    session = Session("l")
    for offset in range(20):
        event = ListeningEvent(new_id(), "l", "", f"t{offset}", ListeningAction.PLAY_FINISHED, from_ms(10**12))
        session = apply(session, event, Position("listening-events", 0, offset, 10**12), FoldRules())
    assert [event.track_id for event in session.events] == [f"t{offset}" for offset in range(20)]
