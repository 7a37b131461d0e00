"""What a record means to the sessions service: the state after it, the answer that is owed, or why it is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue import session as sessions
from segue.catalog import Track
from segue.events import Filters
from segue.popularity import Popularity
from segue.ranking import Ranking
from segue.recommendations import RecommendationCause, RecommendedTrack, ScorePart
from segue.session import FoldRules, Session
from services.runtime.record import Record
from services.sessions import handlers
from services.sessions.handlers import Accepted, Refused, Task

NOW_MS = 1_700_000_000_000
NOW = sessions.from_ms(NOW_MS)
RULES = FoldRules(timedelta(hours=1), timedelta(minutes=1), timedelta(days=30))
LISTENING = {
    "event_id": "e1",
    "listener_id": "ada",
    "session_id": "s1",
    "track_id": "t1",
    "action": "LISTENING_ACTION_PLAY_FINISHED",
    "event_time": "2023-11-14T22:13:20Z",
}
TURN = {"turn_id": "u1", "listener_id": "ada", "text": "something calm", "event_time": "2023-11-14T22:13:20Z"}
REQUEST = {"request_id": "r1", "listener_id": "ada", "count": 3}
POPULAR = Popularity(
    [
        Track("p1", "One", ("A",)),
        Track("p2", "Two", ("A",), explicit=True),
        Track("p3", "Three", ("B",)),
        Track("p4", "Four", ("C",), markets=("FR",)),
    ]
)


def partition_of(_key: bytes) -> int:
    return 2


def record(topic: str, value: dict[str, Any] | bytes | None, key: bytes | None = b"ada", offset: int = 7) -> Record:
    encoded = orjson.dumps(value) if isinstance(value, dict) else value
    return Record(topic, 2, offset, NOW_MS, key, encoded)


def accepted(topic: str, value: dict[str, Any], known: Session | None = None, offset: int = 7) -> Accepted:
    outcome = handlers.take_in(record(topic, value, offset=offset), known, RULES, partition_of)
    assert isinstance(outcome, Accepted), outcome
    return outcome


def refused(topic: str, value: dict[str, Any] | bytes | None, key: bytes | None = b"ada") -> str:
    outcome = handlers.take_in(record(topic, value, key), None, RULES, partition_of)
    assert isinstance(outcome, Refused), outcome
    return f"{outcome.error.reason}: {outcome.error}"


def task(**changes: Any) -> Task:
    return msgspec.structs.replace(accepted("requests", REQUEST).task, **changes)


def test_a_play_changes_the_state_and_owes_a_recommendation_that_covers_it() -> None:
    outcome = accepted("listening-events", LISTENING)
    assert outcome.changes_state
    assert [event.track_id for event in outcome.task.session.events] == ["t1"]
    assert outcome.task.cause is RecommendationCause.LISTENING
    assert outcome.task.covers == (("listening-events", 2, 7),)


def test_a_turn_is_remembered_and_answered_with_its_words() -> None:
    outcome = accepted("chat-turns", TURN)
    assert outcome.changes_state
    assert [turn.text for turn in outcome.task.session.turns] == ["something calm"]
    assert (outcome.task.utterance, outcome.task.turn_id) == ("something calm", "u1")


def test_a_request_changes_no_state() -> None:
    outcome = accepted("requests", REQUEST)
    assert not outcome.changes_state
    assert outcome.task.count == 3


def test_a_replayed_event_owes_its_recommendation_again_and_keeps_the_state() -> None:
    first = accepted("listening-events", LISTENING)
    again = accepted("listening-events", LISTENING, known=first.task.session)
    assert again.task.session == first.task.session
    assert again.task.source == first.task.source


def test_an_event_read_again_after_newer_ones_is_answered_under_the_id_of_the_state_it_gets() -> None:
    first = accepted("listening-events", LISTENING, offset=7)
    newest = accepted("listening-events", {**LISTENING, "event_id": "e2"}, known=first.task.session, offset=9)
    again = accepted("listening-events", LISTENING, known=newest.task.session, offset=7)
    assert again.task.source == newest.task.source
    assert again.task.covers == first.task.covers


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"{nonsense", "malformed: not JSON"),
        (b"\xff\xfe", "malformed: not JSON"),
        (b"[1]", "malformed: expected a JSON object, got list"),
        (b"[" * 5_000, "malformed: not JSON"),
        (b'{"filters":' * 900 + b"1" + b"}" * 900, "invalid: event_id: is required"),
        (None, "malformed: the value is null"),
        ({**LISTENING, "event_id": 5}, "malformed: event_id: Expected `str`, got `int`"),
        ({**LISTENING, "action": "DANCED"}, "malformed: action: Invalid enum value"),
        ({**LISTENING, "event_time": "yesterday"}, "malformed: event_time: Invalid RFC3339"),
        ({**LISTENING, "event_time": "2023-11-14T22:13:20"}, "malformed: event_time: Expected `datetime`"),
        ({**LISTENING, "track_id": ""}, "invalid: track_id: is required"),
        ({**LISTENING, "track_id": "x" * 129}, "invalid: track_id: has 129 characters; at most 128"),
        ({**LISTENING, "track_id": "a\nb"}, "invalid: track_id: must not hold control characters"),
        ({**LISTENING, "position_seconds": -1}, "invalid: position_seconds: is -1.0"),
        ({**LISTENING, "position_seconds": "NaN"}, "invalid: position_seconds: is nan"),
        ({**LISTENING, "event_time": "2023-11-14T22:14:21Z"}, "future: event_time: lies 61 s after"),
    ],
)
def test_a_bad_event_is_refused_with_the_reason(value: dict[str, Any] | bytes | None, why: str) -> None:
    assert refused("listening-events", value).startswith(why)


def test_a_key_that_is_not_the_listener_is_refused() -> None:
    assert "it must be the listener_id" in refused("listening-events", LISTENING, key=b"bea")
    assert "it must be the listener_id" in refused("listening-events", LISTENING, key=None)


@pytest.mark.parametrize(
    ("topic", "value"), [("listening-events", LISTENING), ("chat-turns", TURN), ("requests", REQUEST)]
)
def test_a_record_in_another_partition_than_its_keys_is_refused_with_the_partition_and_the_partitioner(
    topic: str, value: dict[str, Any]
) -> None:
    outcome = handlers.take_in(record(topic, value), None, RULES, lambda _key: 5)
    assert isinstance(outcome, Refused)
    assert outcome.error.reason == "malformed"
    assert "partition: is 2" in str(outcome.error)
    assert "murmur2" in str(outcome.error)
    assert "into 5" in str(outcome.error)


def test_a_late_event_is_refused_as_late() -> None:
    first = accepted("listening-events", LISTENING)
    old = {**LISTENING, "event_id": "e2", "event_time": "2023-11-14T21:13:19Z"}
    outcome = handlers.take_in(record("listening-events", old, offset=8), first.task.session, RULES, partition_of)
    assert isinstance(outcome, Refused)
    assert outcome.error.reason == "late"


def test_unknown_fields_are_ignored() -> None:
    newer = {**LISTENING, "mood": "sunny", "nested": {"deep": [None, 1]}}
    assert accepted("listening-events", newer).task.listener_id == "ada"


@given(st.binary(max_size=200), st.sampled_from(["listening-events", "chat-turns", "requests"]))
def test_no_bytes_make_the_handler_raise(value: bytes, topic: str) -> None:
    assert isinstance(handlers.take_in(record(topic, value), None, RULES, partition_of), Refused | Accepted)


def test_an_answer_carries_an_id_made_from_its_source() -> None:
    ranking = Ranking((RecommendedTrack("t9", "Nine", ("Z",), 1.0),), ("hello ", 0), model_version="model-1")
    answer = handlers.answer(accepted("chat-turns", TURN).task, ranking, NOW)
    assert answer.recommendation_id == "chat-turns-2-7"
    assert (answer.turn_id, answer.reply_text, answer.model_version) == ("u1", "hello Nine by Z", "model-1")
    assert [(at.topic, at.offset) for at in answer.seen] == [("chat-turns", 7)]


def test_without_the_model_the_last_list_is_given_and_marked() -> None:
    last = [RecommendedTrack("t1", "One", ("A",)), RecommendedTrack("t2", "Two", ("B",))]
    answer = handlers.degraded_answer(task(), last, POPULAR, "model down", NOW)
    assert [track.track_id for track in answer.tracks] == ["t1", "t2", "p1"]  # filled up from the popular list
    assert (answer.degraded, answer.degraded_reason) == (True, "model down")


def test_without_a_last_list_the_popular_one_is_given() -> None:
    answer = handlers.degraded_answer(task(count=2), [], POPULAR, "model down", NOW)
    assert [track.track_id for track in answer.tracks] == ["p1", "p2"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(exclude_track_ids=("p1",)), ["p2", "p3", "p4"]),
        (Filters(exclude_artists=("A",)), ["p3", "p4"]),
        (Filters(exclude_explicit=True), ["p1", "p3", "p4"]),
        (Filters(max_per_artist=1), ["p1", "p3", "p4"]),
        (Filters(market="DE"), ["p1", "p2", "p3"]),
        (Filters(market="FR"), ["p1", "p2", "p3", "p4"]),
    ],
)
def test_the_popular_list_obeys_the_filters(filters: Filters, expected: list[str]) -> None:
    answer = handlers.degraded_answer(task(filters=filters, count=10), [], POPULAR, "down", NOW)
    assert [track.track_id for track in answer.tracks] == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(max_per_artist=1), ["t1", "t2", "p4"]),  # p1 to p3 are by artists that the last list has
        (Filters(max_per_artist=2), ["t1", "t5", "t2", "p3", "p4"]),
        (Filters(exclude_artists=("B",)), ["t1", "t5", "p1", "p2", "p4"]),
        (Filters(exclude_explicit=True), ["p1", "p3", "p4"]),  # a list does not tell what is explicit
    ],
)
def test_the_last_list_and_the_popular_one_obey_the_filters_together(filters: Filters, expected: list[str]) -> None:
    last = [RecommendedTrack(name, name, (artist,)) for name, artist in (("t1", "A"), ("t5", "A"), ("t2", "B"))]
    answer = handlers.degraded_answer(task(filters=filters, count=10), last, POPULAR, "down", NOW)
    assert [track.track_id for track in answer.tracks] == expected


def test_a_degraded_list_leaves_out_what_was_disliked_since() -> None:
    disliked = accepted("listening-events", {**LISTENING, "track_id": "p1", "action": "LISTENING_ACTION_DISLIKED"})
    last = [RecommendedTrack("p1", "One", ("A",)), RecommendedTrack("t2", "Two", ("B",))]
    answer = handlers.degraded_answer(disliked.task, last, POPULAR, "down", NOW)
    assert [track.track_id for track in answer.tracks] == ["t2", "p2", "p3", "p4"]


def test_the_popular_list_explains_itself() -> None:
    (track, *_) = POPULAR.top(1, Filters())
    assert track.parts == (ScorePart("popularity", track.score),)
    assert track.reasons[0].part == "popularity"


def test_a_session_answer_holds_the_session_and_no_tracks() -> None:
    session = accepted("listening-events", LISTENING).task.session
    answer = handlers.session_answer(task(session=session), NOW)
    assert answer.session is not None
    assert [event.event_id for event in answer.session.events] == ["e1"]
    assert answer.tracks == ()


def test_a_query_measures_elapsed_time_from_the_newest_event() -> None:
    asked = task(session=Session("ada"), event_time=None)
    assert handlers.query(asked).now_ms == 0
    heard = accepted("listening-events", LISTENING).task
    assert handlers.query(heard).now_ms == NOW_MS
