import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from segue.v1 import events_pb2 as _events_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RecommendationCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECOMMENDATION_CAUSE_UNSPECIFIED: _ClassVar[RecommendationCause]
    RECOMMENDATION_CAUSE_LISTENING: _ClassVar[RecommendationCause]
    RECOMMENDATION_CAUSE_CHAT: _ClassVar[RecommendationCause]
    RECOMMENDATION_CAUSE_REQUEST: _ClassVar[RecommendationCause]
RECOMMENDATION_CAUSE_UNSPECIFIED: RecommendationCause
RECOMMENDATION_CAUSE_LISTENING: RecommendationCause
RECOMMENDATION_CAUSE_CHAT: RecommendationCause
RECOMMENDATION_CAUSE_REQUEST: RecommendationCause

class RecommendationRequest(_message.Message):
    __slots__ = ("request_id", "listener_id", "session_id", "event_time", "count", "filters", "seed_track_ids", "reply_to", "after", "session_only", "explain_track_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LISTENER_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    FILTERS_FIELD_NUMBER: _ClassVar[int]
    SEED_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    REPLY_TO_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    SESSION_ONLY_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    listener_id: str
    session_id: str
    event_time: _timestamp_pb2.Timestamp
    count: int
    filters: _events_pb2.Filters
    seed_track_ids: _containers.RepeatedScalarFieldContainer[str]
    reply_to: _events_pb2.ReplyTo
    after: _containers.RepeatedCompositeFieldContainer[_events_pb2.SourceOffset]
    session_only: bool
    explain_track_id: str
    def __init__(self, request_id: _Optional[str] = ..., listener_id: _Optional[str] = ..., session_id: _Optional[str] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., count: _Optional[int] = ..., filters: _Optional[_Union[_events_pb2.Filters, _Mapping]] = ..., seed_track_ids: _Optional[_Iterable[str]] = ..., reply_to: _Optional[_Union[_events_pb2.ReplyTo, _Mapping]] = ..., after: _Optional[_Iterable[_Union[_events_pb2.SourceOffset, _Mapping]]] = ..., session_only: _Optional[bool] = ..., explain_track_id: _Optional[str] = ...) -> None: ...

class RecommendationList(_message.Message):
    __slots__ = ("recommendation_id", "listener_id", "session_id", "cause", "tracks", "reply_text", "seen", "model_version", "token_version", "degraded", "degraded_reason", "event_time", "created_at", "request_id", "turn_id", "session", "explanation")
    RECOMMENDATION_ID_FIELD_NUMBER: _ClassVar[int]
    LISTENER_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    TRACKS_FIELD_NUMBER: _ClassVar[int]
    REPLY_TEXT_FIELD_NUMBER: _ClassVar[int]
    SEEN_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    TOKEN_VERSION_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_REASON_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TURN_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    recommendation_id: str
    listener_id: str
    session_id: str
    cause: RecommendationCause
    tracks: _containers.RepeatedCompositeFieldContainer[RecommendedTrack]
    reply_text: str
    seen: _containers.RepeatedCompositeFieldContainer[_events_pb2.SourceOffset]
    model_version: str
    token_version: str
    degraded: bool
    degraded_reason: str
    event_time: _timestamp_pb2.Timestamp
    created_at: _timestamp_pb2.Timestamp
    request_id: str
    turn_id: str
    session: Session
    explanation: Explanation
    def __init__(self, recommendation_id: _Optional[str] = ..., listener_id: _Optional[str] = ..., session_id: _Optional[str] = ..., cause: _Optional[_Union[RecommendationCause, str]] = ..., tracks: _Optional[_Iterable[_Union[RecommendedTrack, _Mapping]]] = ..., reply_text: _Optional[str] = ..., seen: _Optional[_Iterable[_Union[_events_pb2.SourceOffset, _Mapping]]] = ..., model_version: _Optional[str] = ..., token_version: _Optional[str] = ..., degraded: _Optional[bool] = ..., degraded_reason: _Optional[str] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., request_id: _Optional[str] = ..., turn_id: _Optional[str] = ..., session: _Optional[_Union[Session, _Mapping]] = ..., explanation: _Optional[_Union[Explanation, _Mapping]] = ...) -> None: ...

class RecommendedTrack(_message.Message):
    __slots__ = ("track_id", "title", "artists", "score", "parts", "reasons")
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    ARTISTS_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    track_id: str
    title: str
    artists: _containers.RepeatedScalarFieldContainer[str]
    score: float
    parts: _containers.RepeatedCompositeFieldContainer[ScorePart]
    reasons: _containers.RepeatedCompositeFieldContainer[Reason]
    def __init__(self, track_id: _Optional[str] = ..., title: _Optional[str] = ..., artists: _Optional[_Iterable[str]] = ..., score: _Optional[float] = ..., parts: _Optional[_Iterable[_Union[ScorePart, _Mapping]]] = ..., reasons: _Optional[_Iterable[_Union[Reason, _Mapping]]] = ...) -> None: ...

class ScorePart(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: float
    def __init__(self, name: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...

class Reason(_message.Message):
    __slots__ = ("text", "part", "code_name", "because_track_id", "because_turn_id")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    CODE_NAME_FIELD_NUMBER: _ClassVar[int]
    BECAUSE_TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    BECAUSE_TURN_ID_FIELD_NUMBER: _ClassVar[int]
    text: str
    part: str
    code_name: str
    because_track_id: str
    because_turn_id: str
    def __init__(self, text: _Optional[str] = ..., part: _Optional[str] = ..., code_name: _Optional[str] = ..., because_track_id: _Optional[str] = ..., because_turn_id: _Optional[str] = ...) -> None: ...

class Session(_message.Message):
    __slots__ = ("listener_id", "events", "turns", "seen")
    LISTENER_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    TURNS_FIELD_NUMBER: _ClassVar[int]
    SEEN_FIELD_NUMBER: _ClassVar[int]
    listener_id: str
    events: _containers.RepeatedCompositeFieldContainer[_events_pb2.ListeningEvent]
    turns: _containers.RepeatedCompositeFieldContainer[_events_pb2.ChatTurn]
    seen: _containers.RepeatedCompositeFieldContainer[_events_pb2.SourceOffset]
    def __init__(self, listener_id: _Optional[str] = ..., events: _Optional[_Iterable[_Union[_events_pb2.ListeningEvent, _Mapping]]] = ..., turns: _Optional[_Iterable[_Union[_events_pb2.ChatTurn, _Mapping]]] = ..., seen: _Optional[_Iterable[_Union[_events_pb2.SourceOffset, _Mapping]]] = ...) -> None: ...

class Explanation(_message.Message):
    __slots__ = ("track", "rank", "ranked", "counterfactuals", "alternatives")
    TRACK_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    RANKED_FIELD_NUMBER: _ClassVar[int]
    COUNTERFACTUALS_FIELD_NUMBER: _ClassVar[int]
    ALTERNATIVES_FIELD_NUMBER: _ClassVar[int]
    track: RecommendedTrack
    rank: int
    ranked: int
    counterfactuals: _containers.RepeatedCompositeFieldContainer[Counterfactual]
    alternatives: _containers.RepeatedCompositeFieldContainer[RecommendedTrack]
    def __init__(self, track: _Optional[_Union[RecommendedTrack, _Mapping]] = ..., rank: _Optional[int] = ..., ranked: _Optional[int] = ..., counterfactuals: _Optional[_Iterable[_Union[Counterfactual, _Mapping]]] = ..., alternatives: _Optional[_Iterable[_Union[RecommendedTrack, _Mapping]]] = ...) -> None: ...

class Counterfactual(_message.Message):
    __slots__ = ("text", "without_track_id", "without_turn_id", "rank", "score")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_TURN_ID_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    text: str
    without_track_id: str
    without_turn_id: str
    rank: int
    score: float
    def __init__(self, text: _Optional[str] = ..., without_track_id: _Optional[str] = ..., without_turn_id: _Optional[str] = ..., rank: _Optional[int] = ..., score: _Optional[float] = ...) -> None: ...
