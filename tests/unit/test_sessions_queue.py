"""What is owed: newest wins for listening, each turn and request on its own, and none before what it must have seen."""

from __future__ import annotations

from segue.events import SourceOffset
from segue.recommendations import RecommendationCause
from segue.session import Session, SessionEvent
from services.runtime.progress import Progress
from services.runtime.record import Record
from services.sessions.handlers import Task
from services.sessions.queue import WorkQueue


def heard(listener: str, offset: int) -> Task:
    session = Session(listener, events=(SessionEvent(offset, f"event-{offset}", "track", 2),))
    source = SourceOffset("listening-events", 0, offset)
    record = Record("listening-events", 0, offset, 0, listener.encode(), b"")
    return Task(session, RecommendationCause.LISTENING, source, (record.place,), record)


def asked(listener: str, offset: int, after: tuple[SourceOffset, ...] = ()) -> Task:
    source = SourceOffset("requests", 0, offset)
    record = Record("requests", 0, offset, 0, listener.encode(), b"")
    return Task(Session(listener), RecommendationCause.REQUEST, source, (record.place,), record, after=after)


def test_one_recommendation_covers_all_events_that_waited() -> None:
    queue = WorkQueue(Progress())
    for offset in range(5):
        queue.put(heard("ada", offset), hold_until=0)
    (task,) = queue.take_listening(10)
    assert task.source.offset == 4
    assert [place[2] for place in task.covers] == [0, 1, 2, 3, 4]
    assert task.session.events[0].event_id == "event-4"


def test_the_queue_holds_one_listening_task_for_each_listener() -> None:
    queue = WorkQueue(Progress())
    for offset in range(1_000):
        queue.put(heard(f"listener-{offset % 7}", offset), hold_until=0)
    assert queue.depths["listening"] == 7


def test_the_listener_that_waited_longest_comes_first() -> None:
    queue = WorkQueue(Progress())
    for offset, listener in enumerate(["ada", "bea", "ada", "cyd"]):
        queue.put(heard(listener, offset), hold_until=0)
    assert [task.listener_id for task in queue.take_listening(2)] == ["ada", "bea"]


def test_each_request_is_answered_on_its_own() -> None:
    queue = WorkQueue(Progress())
    for offset in range(3):
        queue.put(asked("ada", offset), hold_until=0)
    assert [task.source.offset for task in queue.take_asked(10)] == [0, 1, 2]


def test_a_request_waits_until_what_its_caller_sent_is_progress_and_then_sees_it() -> None:
    progress = Progress()
    queue = WorkQueue(progress)
    queue.put(asked("ada", 0, after=(SourceOffset("listening-events", 0, 7),)), hold_until=100.0)
    queue.release(now=1.0)
    assert queue.take_asked(10) == []
    progress.advance(("listening-events", 0, 7))
    queue.put(heard("ada", 7), hold_until=0)
    queue.release(now=2.0)
    (task,) = queue.take_asked(10)
    assert task.session.events[0].event_id == "event-7"


def test_a_request_whose_time_runs_out_is_answered_with_what_is_there() -> None:
    queue = WorkQueue(Progress())
    queue.put(asked("ada", 0, after=(SourceOffset("listening-events", 0, 7),)), hold_until=5.0)
    queue.release(now=5.0)
    assert [task.source.offset for task in queue.take_asked(10)] == [0]


def test_a_waiting_request_sees_what_was_progress_while_it_waited() -> None:
    queue = WorkQueue(Progress())
    queue.put(asked("ada", 0), hold_until=0)
    queue.put(heard("ada", 3), hold_until=0)
    (task,) = queue.take_asked(10)
    assert [event.event_id for event in task.session.events] == ["event-3"]


def test_nothing_is_remembered_of_listeners_that_were_answered() -> None:
    queue = WorkQueue(Progress())
    for offset in range(50):
        queue.put(asked(f"listener-{offset}", offset), hold_until=0)
    queue.take_asked(50)
    assert queue._newest == {}
    assert not queue._asking


def test_the_queue_is_full_when_either_lane_is() -> None:
    queue = WorkQueue(Progress())
    for offset in range(3):
        queue.put(heard(f"listener-{offset}", offset), hold_until=0)
    queue.put(asked("ada", 0, after=(SourceOffset("listening-events", 0, 7),)), hold_until=100.0)
    assert queue.is_full(most_asked=1, most_listening=100)
    assert queue.is_full(most_asked=100, most_listening=3)
    assert not queue.is_full(most_asked=2, most_listening=4)
