"""What the gateway makes of calls: records, answers, and refusals with the field that is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from segue import wire
from segue.catalog import Track, TrackCode, TrackDescription
from segue.errors import InvalidMessage, RequestFailed
from segue.events import ChatTurn, Filters, ListeningEvent, PlaylistEvent, ReplyTo, SourceOffset
from segue.popularity import Popularity
from segue.protobuf import from_protobuf
from segue.ranking import Query, Ranking
from segue.recommendations import Explanation, RecommendationList, RecommendationRequest, RecommendedTrack
from segue.session import Session
from segue.v1 import events_pb2, services_pb2, tracks_pb2
from services.gateway import handlers, responses
from services.gateway.handlers import Record

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SKEW = timedelta(minutes=1)
POPULAR = Popularity(Track(f"t{rank}", f"Track {rank}", (f"a{rank % 2}",), explicit=rank == 0) for rank in range(20))


def listened(**changed: object) -> events_pb2.ListeningEvent:
    given = {"listener_id": "l", "track_id": "t", "action": events_pb2.LISTENING_ACTION_LIKED, **changed}
    return events_pb2.ListeningEvent(**given)  # type: ignore[arg-type]


def edited(**changed: object) -> events_pb2.PlaylistEvent:
    given = {"playlist_id": "p", "track_id": "t", "action": events_pb2.PLAYLIST_ACTION_TRACK_ADDED, **changed}
    return events_pb2.PlaylistEvent(**given)  # type: ignore[arg-type]


def recorded(
    *listening: events_pb2.ListeningEvent, playlist: tuple[events_pb2.PlaylistEvent, ...] = ()
) -> tuple[Record, ...]:
    ids = count(1)
    request = services_pb2.RecordEventsRequest(listening_events=listening, playlist_events=playlist)
    return handlers.event_records(request, NOW, SKEW, lambda: f"new-{next(ids)}")


def violated(error: pytest.ExceptionInfo[InvalidMessage]) -> list[str]:
    return [violation.field for violation in error.value.violations]


def test_events_go_to_their_topics_under_their_keys() -> None:
    listening, edit = recorded(listened(), playlist=(edited(),))
    assert (listening.topic, listening.key) == ("listening-events", b"l")
    assert (edit.topic, edit.key) == ("playlist-events", b"p")


def test_an_event_without_id_and_time_gets_both() -> None:
    record, other = recorded(listened(), listened())
    event = wire.decode(record.value, ListeningEvent)
    assert (event.event_id, event.event_time) == ("new-1", NOW)
    assert wire.decode(other.value, ListeningEvent).event_id == "new-2"


def test_undated_events_of_one_playlist_take_effect_in_the_calls_order() -> None:
    added, removed = events_pb2.PLAYLIST_ACTION_TRACK_ADDED, events_pb2.PLAYLIST_ACTION_TRACK_REMOVED
    records = recorded(
        playlist=(
            edited(event_id="9f", action=added),
            edited(event_id="1c", action=removed),
            edited(event_id="0a", playlist_id="q", action=added),
        )
    )
    times = [wire.decode(record.value, PlaylistEvent).event_time for record in records]
    assert times == [NOW, NOW + timedelta(milliseconds=1), NOW]


def test_an_events_own_id_and_time_stay() -> None:
    earlier = NOW - timedelta(hours=1)
    (record,) = recorded(playlist=(edited(event_id="mine", event_time=earlier),))
    event = wire.decode(record.value, PlaylistEvent)
    assert (event.event_id, event.event_time) == ("mine", earlier)


def test_a_violation_names_the_event_and_its_field() -> None:
    with pytest.raises(InvalidMessage) as error:
        recorded(listened(), listened(track_id=""), listened(action=0), playlist=(edited(playlist_id=""),))
    assert violated(error) == [
        "listening_events[1].track_id",
        "listening_events[2].action",
        "playlist_events[0].playlist_id",
    ]


def test_an_event_may_be_ahead_of_the_clock_by_the_skew_and_no_more() -> None:
    assert recorded(listened(event_time=NOW + SKEW))
    with pytest.raises(InvalidMessage) as error:
        recorded(listened(event_time=NOW + SKEW + timedelta(seconds=1)))
    assert violated(error) == ["listening_events[0].event_time"]
    assert "61 s in the future" in str(error.value)


def test_a_time_that_does_not_exist_names_its_field() -> None:
    with pytest.raises(InvalidMessage) as error:
        recorded(listened(event_time=Timestamp(seconds=10**15)))
    assert violated(error) == ["listening_events[0].event_time"]


def test_a_position_that_is_no_number_is_refused() -> None:
    with pytest.raises(InvalidMessage) as error:
        recorded(listened(position_seconds=float("nan")))
    assert violated(error) == ["listening_events[0].position_seconds"]


def test_a_batch_is_bounded() -> None:
    assert len(recorded(*[listened()] * handlers.MAX_BATCH)) == handlers.MAX_BATCH
    with pytest.raises(InvalidMessage, match="1001 events"):
        recorded(*[listened()] * handlers.MAX_BATCH, playlist=(edited(),))


def test_tracks_and_tombstones_go_to_the_catalogue() -> None:
    request = services_pb2.UpsertTracksRequest(
        tracks=[tracks_pb2.Track(track_id="a", title="A")], removed_track_ids=["b"]
    )
    track, tombstone = handlers.catalog_records(request)
    assert wire.decode(track.value, Track) == Track("a", "A")
    assert tombstone == Record("catalog", b"b", None)


def test_a_wrong_track_and_an_empty_removal_are_named() -> None:
    request = services_pb2.UpsertTracksRequest(tracks=[tracks_pb2.Track(track_id="a")], removed_track_ids=["b", ""])
    with pytest.raises(InvalidMessage) as error:
        handlers.catalog_records(request)
    assert violated(error) == ["tracks[0].title", "removed_track_ids[1]"]


def test_a_track_too_large_for_the_log_is_named_before_anything_is_written() -> None:
    features = {f"{number}{'𝄞' * 490}": 1.0 for number in range(512)}  # four bytes each
    large = tracks_pb2.Track(track_id="b", title="B", audio_features=features)
    request = services_pb2.UpsertTracksRequest(tracks=[tracks_pb2.Track(track_id="a", title="A"), large])
    with pytest.raises(InvalidMessage, match=r"bytes in the log; at most 1000000") as error:
        handlers.catalog_records(request)
    assert violated(error) == ["tracks[1]"]


def test_a_terminal_escape_in_a_name_is_a_violation_of_its_field() -> None:
    tracks = [
        tracks_pb2.Track(track_id="a", title="\x1b[2JA"),
        tracks_pb2.Track(track_id="b", title="B", tags=["\x9b"]),
    ]
    with pytest.raises(InvalidMessage) as error:
        handlers.catalog_records(services_pb2.UpsertTracksRequest(tracks=tracks))
    assert violated(error) == ["tracks[0].title", "tracks[1].tags[0]"]


def test_a_recommend_call_becomes_a_request_with_everything_it_asked_for() -> None:
    request = services_pb2.RecommendRequest(
        listener_id="l",
        session_id="s",
        count=3,
        filters=events_pb2.Filters(exclude_artists=["a"], exclude_explicit=True),
        seed_track_ids=["t1", "t2"],
    )
    assert handlers.recommendation_request(request, "r", NOW) == RecommendationRequest(
        request_id="r",
        listener_id="l",
        session_id="s",
        event_time=NOW,
        count=3,
        filters=Filters(exclude_artists=("a",), exclude_explicit=True),
        seed_track_ids=("t1", "t2"),
    )


def test_a_recommend_call_is_validated() -> None:
    with pytest.raises(InvalidMessage) as error:
        handlers.recommendation_request(services_pb2.RecommendRequest(count=101), "r", NOW)
    assert violated(error) == ["listener_id", "count"]


def test_a_turn_keeps_its_id_or_gets_the_requests() -> None:
    named = services_pb2.ConverseRequest(listener_id="l", text="hello", turn_id="mine")
    unnamed = services_pb2.ConverseRequest(listener_id="l", text="hello")
    assert handlers.chat_turn(named, "r", NOW).turn_id == "mine"
    assert handlers.chat_turn(unnamed, "r", NOW).turn_id == "r"


def test_a_turn_that_says_nothing_is_refused() -> None:
    with pytest.raises(InvalidMessage) as error:
        handlers.chat_turn(services_pb2.ConverseRequest(listener_id="l", text=" "), "r", NOW)
    assert violated(error) == ["text"]


def test_a_question_says_where_its_answer_goes_and_what_it_must_have_seen() -> None:
    reply_to, after = ReplyTo(2, "r", NOW), (SourceOffset("chat-turns", 1, 7),)
    asked = handlers.addressed(RecommendationRequest("r", "l"), reply_to, after)
    said = handlers.addressed(ChatTurn("turn", "l"), reply_to, after)
    request, turn = wire.decode(asked.value, RecommendationRequest), wire.decode(said.value, ChatTurn)
    assert (asked.topic, asked.key, request.reply_to, request.after) == ("requests", b"l", reply_to, after)
    assert (said.topic, said.key, turn.reply_to, turn.after) == ("chat-turns", b"l", reply_to, after)


def test_the_popular_list_obeys_the_filters_and_says_why_it_is_given() -> None:
    question = RecommendationRequest("r", "l", count=4, filters=Filters(exclude_explicit=True, max_per_artist=3))
    answer = responses.degraded(question, POPULAR, "no answer came", "r", NOW)
    assert [track.track_id for track in answer.tracks] == ["t1", "t2", "t3", "t4"]
    assert (answer.degraded, answer.degraded_reason, answer.request_id) == (True, "no answer came", "r")


def test_the_popular_list_admits_that_it_does_not_know_what_was_heard() -> None:
    question = ChatTurn("turn", "l", filters=Filters(exclude_heard=True))
    answer = responses.degraded(question, POPULAR, "no answer came", "r", NOW)
    assert "heard is unknown" in answer.degraded_reason
    assert (len(answer.tracks), answer.turn_id) == (10, "turn")


def test_a_listener_never_heard_of_has_an_empty_session() -> None:
    response = responses.session_response(RecommendationList(listener_id="l"))
    assert response.session.listener_id == "l"
    assert not response.session.events


def test_a_conversation_streams_the_list_first() -> None:
    answer = RecommendationList(listener_id="l", reply_text="These are calm songs, as you wished, for a long evening.")
    first, *rest = responses.conversation_parts(answer)
    assert first.recommendations.reply_text == answer.reply_text
    assert [part.WhichOneof("part") for part in rest] == ["reply_text"] * len(rest)
    assert len(rest) > 1


@given(st.text(alphabet="ab \n", max_size=300))
def test_the_pieces_of_a_reply_join_to_it(text: str) -> None:
    found = list(responses.pieces(text))
    assert "".join(found) == text
    assert all(found)


def test_only_the_newest_position_of_each_partition_is_told() -> None:
    positions = [SourceOffset("a", 0, 5), SourceOffset("a", 0, 4), SourceOffset("a", 1, 0), SourceOffset("b", 0, 9)]
    told = [(at.topic, at.partition, at.offset) for at in responses.written(positions)]
    assert told == [("a", 0, 5), ("a", 1, 0), ("b", 0, 9)]


@pytest.mark.parametrize(
    ("track_id", "wrong"), [("", "is required"), ("a\nb", "control"), ("x" * 10_000, "characters")]
)
def test_a_track_is_asked_for_by_an_id(track_id: str, wrong: str) -> None:
    with pytest.raises(InvalidMessage, match=wrong) as error:
        handlers.track_query(services_pb2.GetTrackRequest(track_id=track_id))
    assert violated(error) == ["track_id"]


def test_a_track_is_told_as_the_model_describes_it() -> None:
    query = handlers.track_query(services_pb2.GetTrackRequest(track_id="t"))
    assert query.about == "t"
    described = TrackDescription(Track("t", "Title"), codes=(TrackCode("tags", 3, "calm", NOW),), version=2)
    response = responses.track_response(query, Ranking(described=described))
    assert from_protobuf(response.track, TrackDescription) == described


def test_a_track_that_the_model_does_not_know_is_not_found() -> None:
    with pytest.raises(RequestFailed, match="there is no track 't'") as error:
        responses.track_response(Query(Session(""), about="t"), Ranking())
    assert error.value.status == "NOT_FOUND"


def test_an_explain_call_asks_for_one_track() -> None:
    asked = services_pb2.ExplainRequest(listener_id="l", track_id="t", filters={"market": "DE"})
    question = handlers.explain_request(asked, "r", NOW)
    assert (question.explain_track_id, question.request_id, question.filters) == ("t", "r", Filters(market="DE"))
    with pytest.raises(InvalidMessage) as error:
        handlers.explain_request(services_pb2.ExplainRequest(listener_id="l"), "r", NOW)
    assert violated(error) == ["track_id"]


def test_an_explanation_is_given_or_it_is_said_why_not() -> None:
    explained = RecommendationList(listener_id="l", explanation=Explanation(RecommendedTrack("t"), 2, 9))
    response = responses.explain_response(explained, "t")
    assert (response.explanation.track.track_id, response.explanation.rank) == ("t", 2)
    for answer, status in (
        (RecommendationList(listener_id="l"), "NOT_FOUND"),
        (RecommendationList(listener_id="l", degraded=True, degraded_reason="late"), "UNAVAILABLE"),
    ):
        with pytest.raises(RequestFailed) as error:
            responses.explain_response(answer, "t")
        assert error.value.status == status
