import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListeningAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LISTENING_ACTION_UNSPECIFIED: _ClassVar[ListeningAction]
    LISTENING_ACTION_PLAY_STARTED: _ClassVar[ListeningAction]
    LISTENING_ACTION_PLAY_FINISHED: _ClassVar[ListeningAction]
    LISTENING_ACTION_PLAY_SKIPPED: _ClassVar[ListeningAction]
    LISTENING_ACTION_LIKED: _ClassVar[ListeningAction]
    LISTENING_ACTION_DISLIKED: _ClassVar[ListeningAction]

class PlaylistAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PLAYLIST_ACTION_UNSPECIFIED: _ClassVar[PlaylistAction]
    PLAYLIST_ACTION_CREATED: _ClassVar[PlaylistAction]
    PLAYLIST_ACTION_RENAMED: _ClassVar[PlaylistAction]
    PLAYLIST_ACTION_DELETED: _ClassVar[PlaylistAction]
    PLAYLIST_ACTION_TRACK_ADDED: _ClassVar[PlaylistAction]
    PLAYLIST_ACTION_TRACK_REMOVED: _ClassVar[PlaylistAction]
LISTENING_ACTION_UNSPECIFIED: ListeningAction
LISTENING_ACTION_PLAY_STARTED: ListeningAction
LISTENING_ACTION_PLAY_FINISHED: ListeningAction
LISTENING_ACTION_PLAY_SKIPPED: ListeningAction
LISTENING_ACTION_LIKED: ListeningAction
LISTENING_ACTION_DISLIKED: ListeningAction
PLAYLIST_ACTION_UNSPECIFIED: PlaylistAction
PLAYLIST_ACTION_CREATED: PlaylistAction
PLAYLIST_ACTION_RENAMED: PlaylistAction
PLAYLIST_ACTION_DELETED: PlaylistAction
PLAYLIST_ACTION_TRACK_ADDED: PlaylistAction
PLAYLIST_ACTION_TRACK_REMOVED: PlaylistAction

class ListeningEvent(_message.Message):
    __slots__ = ("event_id", "listener_id", "session_id", "track_id", "action", "event_time", "position_seconds")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    LISTENER_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    POSITION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    listener_id: str
    session_id: str
    track_id: str
    action: ListeningAction
    event_time: _timestamp_pb2.Timestamp
    position_seconds: float
    def __init__(self, event_id: _Optional[str] = ..., listener_id: _Optional[str] = ..., session_id: _Optional[str] = ..., track_id: _Optional[str] = ..., action: _Optional[_Union[ListeningAction, str]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., position_seconds: _Optional[float] = ...) -> None: ...

class ChatTurn(_message.Message):
    __slots__ = ("turn_id", "listener_id", "session_id", "text", "event_time", "count", "filters", "reply_to", "after")
    TURN_ID_FIELD_NUMBER: _ClassVar[int]
    LISTENER_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    FILTERS_FIELD_NUMBER: _ClassVar[int]
    REPLY_TO_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    turn_id: str
    listener_id: str
    session_id: str
    text: str
    event_time: _timestamp_pb2.Timestamp
    count: int
    filters: Filters
    reply_to: ReplyTo
    after: _containers.RepeatedCompositeFieldContainer[SourceOffset]
    def __init__(self, turn_id: _Optional[str] = ..., listener_id: _Optional[str] = ..., session_id: _Optional[str] = ..., text: _Optional[str] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., count: _Optional[int] = ..., filters: _Optional[_Union[Filters, _Mapping]] = ..., reply_to: _Optional[_Union[ReplyTo, _Mapping]] = ..., after: _Optional[_Iterable[_Union[SourceOffset, _Mapping]]] = ...) -> None: ...

class PlaylistEvent(_message.Message):
    __slots__ = ("event_id", "playlist_id", "action", "track_id", "event_time", "name")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    PLAYLIST_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    playlist_id: str
    action: PlaylistAction
    track_id: str
    event_time: _timestamp_pb2.Timestamp
    name: str
    def __init__(self, event_id: _Optional[str] = ..., playlist_id: _Optional[str] = ..., action: _Optional[_Union[PlaylistAction, str]] = ..., track_id: _Optional[str] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., name: _Optional[str] = ...) -> None: ...

class Filters(_message.Message):
    __slots__ = ("exclude_track_ids", "exclude_artists", "exclude_explicit", "exclude_heard", "max_per_artist", "market")
    EXCLUDE_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_ARTISTS_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_EXPLICIT_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_HEARD_FIELD_NUMBER: _ClassVar[int]
    MAX_PER_ARTIST_FIELD_NUMBER: _ClassVar[int]
    MARKET_FIELD_NUMBER: _ClassVar[int]
    exclude_track_ids: _containers.RepeatedScalarFieldContainer[str]
    exclude_artists: _containers.RepeatedScalarFieldContainer[str]
    exclude_explicit: bool
    exclude_heard: bool
    max_per_artist: int
    market: str
    def __init__(self, exclude_track_ids: _Optional[_Iterable[str]] = ..., exclude_artists: _Optional[_Iterable[str]] = ..., exclude_explicit: _Optional[bool] = ..., exclude_heard: _Optional[bool] = ..., max_per_artist: _Optional[int] = ..., market: _Optional[str] = ...) -> None: ...

class ReplyTo(_message.Message):
    __slots__ = ("partition", "request_id", "deadline")
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    partition: int
    request_id: str
    deadline: _timestamp_pb2.Timestamp
    def __init__(self, partition: _Optional[int] = ..., request_id: _Optional[str] = ..., deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SourceOffset(_message.Message):
    __slots__ = ("topic", "partition", "offset")
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    topic: str
    partition: int
    offset: int
    def __init__(self, topic: _Optional[str] = ..., partition: _Optional[int] = ..., offset: _Optional[int] = ...) -> None: ...
