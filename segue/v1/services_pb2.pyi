from segue.v1 import events_pb2 as _events_pb2
from segue.v1 import recommendations_pb2 as _recommendations_pb2
from segue.v1 import tracks_pb2 as _tracks_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RecommendRequest(_message.Message):
    __slots__ = ("listener_id", "session_id", "count", "filters", "seed_track_ids")
    LISTENER_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    FILTERS_FIELD_NUMBER: _ClassVar[int]
    SEED_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    listener_id: str
    session_id: str
    count: int
    filters: _events_pb2.Filters
    seed_track_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, listener_id: _Optional[str] = ..., session_id: _Optional[str] = ..., count: _Optional[int] = ..., filters: _Optional[_Union[_events_pb2.Filters, _Mapping]] = ..., seed_track_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class RecommendResponse(_message.Message):
    __slots__ = ("recommendations",)
    RECOMMENDATIONS_FIELD_NUMBER: _ClassVar[int]
    recommendations: _recommendations_pb2.RecommendationList
    def __init__(self, recommendations: _Optional[_Union[_recommendations_pb2.RecommendationList, _Mapping]] = ...) -> None: ...

class ConverseRequest(_message.Message):
    __slots__ = ("listener_id", "session_id", "turn_id", "text", "count", "filters")
    LISTENER_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    TURN_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    FILTERS_FIELD_NUMBER: _ClassVar[int]
    listener_id: str
    session_id: str
    turn_id: str
    text: str
    count: int
    filters: _events_pb2.Filters
    def __init__(self, listener_id: _Optional[str] = ..., session_id: _Optional[str] = ..., turn_id: _Optional[str] = ..., text: _Optional[str] = ..., count: _Optional[int] = ..., filters: _Optional[_Union[_events_pb2.Filters, _Mapping]] = ...) -> None: ...

class ConverseResponse(_message.Message):
    __slots__ = ("recommendations", "reply_text")
    RECOMMENDATIONS_FIELD_NUMBER: _ClassVar[int]
    REPLY_TEXT_FIELD_NUMBER: _ClassVar[int]
    recommendations: _recommendations_pb2.RecommendationList
    reply_text: str
    def __init__(self, recommendations: _Optional[_Union[_recommendations_pb2.RecommendationList, _Mapping]] = ..., reply_text: _Optional[str] = ...) -> None: ...

class ExplainRequest(_message.Message):
    __slots__ = ("listener_id", "session_id", "track_id", "filters")
    LISTENER_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    FILTERS_FIELD_NUMBER: _ClassVar[int]
    listener_id: str
    session_id: str
    track_id: str
    filters: _events_pb2.Filters
    def __init__(self, listener_id: _Optional[str] = ..., session_id: _Optional[str] = ..., track_id: _Optional[str] = ..., filters: _Optional[_Union[_events_pb2.Filters, _Mapping]] = ...) -> None: ...

class ExplainResponse(_message.Message):
    __slots__ = ("explanation", "seen", "model_version", "token_version")
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    SEEN_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    TOKEN_VERSION_FIELD_NUMBER: _ClassVar[int]
    explanation: _recommendations_pb2.Explanation
    seen: _containers.RepeatedCompositeFieldContainer[_events_pb2.SourceOffset]
    model_version: str
    token_version: str
    def __init__(self, explanation: _Optional[_Union[_recommendations_pb2.Explanation, _Mapping]] = ..., seen: _Optional[_Iterable[_Union[_events_pb2.SourceOffset, _Mapping]]] = ..., model_version: _Optional[str] = ..., token_version: _Optional[str] = ...) -> None: ...

class WatchRecommendationsRequest(_message.Message):
    __slots__ = ("listener_id",)
    LISTENER_ID_FIELD_NUMBER: _ClassVar[int]
    listener_id: str
    def __init__(self, listener_id: _Optional[str] = ...) -> None: ...

class WatchRecommendationsResponse(_message.Message):
    __slots__ = ("recommendations",)
    RECOMMENDATIONS_FIELD_NUMBER: _ClassVar[int]
    recommendations: _recommendations_pb2.RecommendationList
    def __init__(self, recommendations: _Optional[_Union[_recommendations_pb2.RecommendationList, _Mapping]] = ...) -> None: ...

class RecordEventsRequest(_message.Message):
    __slots__ = ("listening_events", "playlist_events")
    LISTENING_EVENTS_FIELD_NUMBER: _ClassVar[int]
    PLAYLIST_EVENTS_FIELD_NUMBER: _ClassVar[int]
    listening_events: _containers.RepeatedCompositeFieldContainer[_events_pb2.ListeningEvent]
    playlist_events: _containers.RepeatedCompositeFieldContainer[_events_pb2.PlaylistEvent]
    def __init__(self, listening_events: _Optional[_Iterable[_Union[_events_pb2.ListeningEvent, _Mapping]]] = ..., playlist_events: _Optional[_Iterable[_Union[_events_pb2.PlaylistEvent, _Mapping]]] = ...) -> None: ...

class RecordEventsResponse(_message.Message):
    __slots__ = ("written",)
    WRITTEN_FIELD_NUMBER: _ClassVar[int]
    written: _containers.RepeatedCompositeFieldContainer[_events_pb2.SourceOffset]
    def __init__(self, written: _Optional[_Iterable[_Union[_events_pb2.SourceOffset, _Mapping]]] = ...) -> None: ...

class GetSessionRequest(_message.Message):
    __slots__ = ("listener_id",)
    LISTENER_ID_FIELD_NUMBER: _ClassVar[int]
    listener_id: str
    def __init__(self, listener_id: _Optional[str] = ...) -> None: ...

class GetSessionResponse(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: _recommendations_pb2.Session
    def __init__(self, session: _Optional[_Union[_recommendations_pb2.Session, _Mapping]] = ...) -> None: ...

class UpsertTracksRequest(_message.Message):
    __slots__ = ("tracks", "removed_track_ids")
    TRACKS_FIELD_NUMBER: _ClassVar[int]
    REMOVED_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    tracks: _containers.RepeatedCompositeFieldContainer[_tracks_pb2.Track]
    removed_track_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, tracks: _Optional[_Iterable[_Union[_tracks_pb2.Track, _Mapping]]] = ..., removed_track_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class UpsertTracksResponse(_message.Message):
    __slots__ = ("written",)
    WRITTEN_FIELD_NUMBER: _ClassVar[int]
    written: _containers.RepeatedCompositeFieldContainer[_events_pb2.SourceOffset]
    def __init__(self, written: _Optional[_Iterable[_Union[_events_pb2.SourceOffset, _Mapping]]] = ...) -> None: ...

class GetTrackRequest(_message.Message):
    __slots__ = ("track_id",)
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    track_id: str
    def __init__(self, track_id: _Optional[str] = ...) -> None: ...

class GetTrackResponse(_message.Message):
    __slots__ = ("track",)
    TRACK_FIELD_NUMBER: _ClassVar[int]
    track: _tracks_pb2.TrackDescription
    def __init__(self, track: _Optional[_Union[_tracks_pb2.TrackDescription, _Mapping]] = ...) -> None: ...
