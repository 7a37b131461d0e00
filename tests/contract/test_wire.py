"""Whether JSON on the topics and protobuf over gRPC are two spellings of the same messages. Needs no server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args, get_type_hints

import msgspec
import orjson
import pytest
from google.protobuf import json_format, message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from segue import spelling, wire
from segue.catalog import Track, TrackTokens
from segue.errors import MalformedMessage
from segue.events import ChatTurn, ListeningEvent, PlaylistEvent, SourceOffset
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


@pytest.mark.parametrize(
    "options",
    [
        {"preserving_proto_field_name": True},
        {"preserving_proto_field_name": False},
        {"use_integers_for_enums": True, "always_print_fields_with_no_presence": True},
    ],
    ids=["own names", "lowerCamelCase", "numbers and defaults"],
)
@both
@relaxed
@given(st.data())
def test_protobuf_json_reads_as_the_equal_struct_however_it_is_written(
    struct: type[Any], protobuf: type[Any], options: dict[str, bool], data: st.DataObject
) -> None:
    written = data.draw(anything(struct))
    text = json_format.MessageToJson(to_protobuf(written, protobuf), **options)  # type: ignore[arg-type]
    assert wire.decode(text.encode(), struct) == written


@both
def test_names_and_numbers_are_those_of_the_schema(struct: type[Any], protobuf: type[Any]) -> None:
    for kind, descriptor in described(struct, protobuf.DESCRIPTOR):
        assert {field: spelling.camel(field) for field in kind.__struct_fields__} == {
            field.name: field.json_name for field in descriptor.fields
        }
        for field in descriptor.fields:
            if field.enum_type:
                enumerators = msgspec.inspect.type_info(get_type_hints(kind)[field.name])
                assert isinstance(enumerators, inspect.EnumType)
                assert [each.value for each in enumerators.cls] == [each.name for each in field.enum_type.values]
                assert [each.number for each in field.enum_type.values] == list(range(len(enumerators.cls)))


@pytest.mark.parametrize("number", ["7", '"7"', "7.0"])
def test_a_position_is_read_as_a_number_or_a_text(number: str) -> None:
    assert wire.decode(f'{{"offset": {number}}}'.encode(), SourceOffset) == SourceOffset(offset=7)


def test_a_field_in_both_spellings_is_given_twice() -> None:
    with pytest.raises(MalformedMessage, match="listener_id and as listenerId") as caught:
        wire.decode(b'{"listener_id": "ada", "listenerId": "eve"}', ListeningEvent)
    assert [violation.field for violation in caught.value.violations] == ["listener_id"]
    assert wire.decode(b'{"listener_id": null, "listenerId": "eve"}', ListeningEvent).listener_id == "eve"


def test_names_that_are_not_the_schemas_are_left_as_they_are() -> None:
    features = {"trackId": 1.0, "track_id": 2.0, "durationSeconds": 3.0}
    track = wire.decode(orjson.dumps({"trackId": "t", "audioFeatures": features}), Track)
    assert track == Track("t", audio_features=features)


def test_a_wrong_value_names_its_field_whatever_the_spelling() -> None:
    with pytest.raises(MalformedMessage) as caught:
        wire.decode(b'{"replyTo": {"partition": "one"}}', ChatTurn)
    assert [violation.field for violation in caught.value.violations] == ["reply_to.partition"]


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


def described(struct: type[Any], descriptor: Any) -> Iterator[tuple[type[Any], Any]]:
    """Yield a struct and those in it, each with its protobuf's descriptor."""
    yield struct, descriptor
    for name, kind in get_type_hints(struct).items():
        for part in (kind, *get_args(kind)):
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                yield from described(part, descriptor.fields_by_name[name].message_type)


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
