"""Whether JSON on the topics and protobuf over gRPC are two spellings of the same messages. Needs no server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson
import pytest
from google.protobuf import json_format, message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from segue import wire
from segue.catalog import Track, TrackTokens
from segue.errors import MalformedMessage
from segue.events import ChatTurn, ListeningEvent, PlaylistEvent
from segue.protobuf import from_protobuf, to_protobuf
from segue.recommendations import RecommendationList, RecommendationRequest
from segue.v1 import events_pb2, recommendations_pb2, tracks_pb2

# What lies on the topics; their parts are in them.
PAIRS: list[tuple[type[msgspec.Struct], type[message.Message]]] = [
    (ListeningEvent, events_pb2.ListeningEvent),
    (ChatTurn, events_pb2.ChatTurn),
    (PlaylistEvent, events_pb2.PlaylistEvent),
    (RecommendationRequest, recommendations_pb2.RecommendationRequest),
    (RecommendationList, recommendations_pb2.RecommendationList),
    (Track, tracks_pb2.Track),
    (TrackTokens, tracks_pb2.TrackTokens),
]
both = pytest.mark.parametrize(("struct", "protobuf"), PAIRS, ids=lambda kind: kind.__name__)
relaxed = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@both
@relaxed
@given(st.data())
def test_json_parses_to_the_equal_protobuf(struct: type[Any], protobuf: type[Any], data: st.DataObject) -> None:
    written = data.draw(anything(struct))
    assert json_format.Parse(wire.encode(written), protobuf()) == to_protobuf(written, protobuf)


@both
@relaxed
@given(st.data())
def test_protobuf_json_reads_as_the_equal_struct(struct: type[Any], protobuf: type[Any], data: st.DataObject) -> None:
    written = data.draw(anything(struct))
    text = json_format.MessageToJson(to_protobuf(written, protobuf), preserving_proto_field_name=True)
    assert wire.decode(text.encode(), struct) == written


@both
@relaxed
@given(st.data())
def test_a_message_comes_back_from_json_and_from_protobuf(
    struct: type[Any], protobuf: type[Any], data: st.DataObject
) -> None:
    written = data.draw(anything(struct))
    assert wire.decode(wire.encode(written), struct) == written
    assert from_protobuf(to_protobuf(written, protobuf), struct) == written


@both
@relaxed
@given(st.data())
def test_unknown_fields_are_ignored(struct: type[Any], protobuf: type[Any], data: st.DataObject) -> None:
    written = data.draw(anything(struct))
    newer = {**orjson.loads(wire.encode(written)), "from_the_future": [{"x": None}], "fromTheFuture": 1}
    assert wire.decode(orjson.dumps(newer), struct) == written
    assert json_format.ParseDict(newer, protobuf(), ignore_unknown_fields=True) == to_protobuf(written, protobuf)


@both
def test_null_members_read_as_defaults(struct: type[Any], protobuf: type[Any]) -> None:
    nulls = orjson.dumps(dict.fromkeys(struct.__struct_fields__))
    assert wire.decode(nulls, struct) == struct()
    assert json_format.Parse(nulls, protobuf()) == protobuf()


def test_a_timestamp_that_no_calendar_has_names_its_field() -> None:
    event = events_pb2.ListeningEvent(event_id="e")
    event.event_time.seconds = 10**15
    with pytest.raises(MalformedMessage) as caught:
        from_protobuf(event, ListeningEvent)
    assert [violation.field for violation in caught.value.violations] == ["event_time"]


def test_an_enumerator_of_a_newer_schema_names_its_field() -> None:
    with pytest.raises(MalformedMessage) as caught:
        from_protobuf(events_pb2.ListeningEvent(event_id="e", action=99), ListeningEvent)  # type: ignore[arg-type]
    assert [violation.field for violation in caught.value.violations] == ["action"]


def test_a_number_too_large_for_its_field_is_refused() -> None:
    with pytest.raises(MalformedMessage):
        to_protobuf(RecommendationRequest(count=2**32), recommendations_pb2.RecommendationRequest)


TIMES = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  zones come apart
STRATEGIES: dict[type[inspect.Type], st.SearchStrategy[Any]] = {
    inspect.StrType: st.text(max_size=12),
    inspect.BoolType: st.booleans(),
    inspect.FloatType: st.floats(allow_nan=False, allow_infinity=False),
    inspect.DateTimeType: TIMES,
    inspect.NoneType: st.none(),
}


def anything(struct: type[Any]) -> st.SearchStrategy[Any]:
    """Any value of a struct that its protobuf can hold."""
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    return st.builds(struct, **{field.name: values(field.type) for field in info.fields})


def values(kind: inspect.Type) -> st.SearchStrategy[Any]:  # noqa: PLR0911  one return a kind
    """Any value of a field's type."""
    match kind:
        case inspect.StructType(cls=cls):
            return st.deferred(lambda: anything(cls))
        case inspect.EnumType(cls=cls):
            return st.sampled_from(list(cls))
        case inspect.IntType(ge=0):
            return st.integers(0, 2**32 - 1)
        case inspect.IntType():
            return st.integers(-(2**63), 2**63 - 1)
        case inspect.UnionType(types=types):
            return st.one_of(*map(values, types))
        case inspect.VarTupleType(item_type=item):
            return st.lists(values(item), max_size=2).map(tuple)
        case inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(values(key), values(value), max_size=2)
        case _:
            return STRATEGIES[type(kind)]
