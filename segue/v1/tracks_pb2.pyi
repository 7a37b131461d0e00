import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from segue.v1 import events_pb2 as _events_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Track(_message.Message):
    __slots__ = ("track_id", "title", "artists", "album", "release_date", "duration_seconds", "explicit", "tags", "lyrics", "audio_features", "markets")
    class AudioFeaturesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    ARTISTS_FIELD_NUMBER: _ClassVar[int]
    ALBUM_FIELD_NUMBER: _ClassVar[int]
    RELEASE_DATE_FIELD_NUMBER: _ClassVar[int]
    DURATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    EXPLICIT_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    LYRICS_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FEATURES_FIELD_NUMBER: _ClassVar[int]
    MARKETS_FIELD_NUMBER: _ClassVar[int]
    track_id: str
    title: str
    artists: _containers.RepeatedScalarFieldContainer[str]
    album: str
    release_date: str
    duration_seconds: float
    explicit: bool
    tags: _containers.RepeatedScalarFieldContainer[str]
    lyrics: str
    audio_features: _containers.ScalarMap[str, float]
    markets: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, track_id: _Optional[str] = ..., title: _Optional[str] = ..., artists: _Optional[_Iterable[str]] = ..., album: _Optional[str] = ..., release_date: _Optional[str] = ..., duration_seconds: _Optional[float] = ..., explicit: _Optional[bool] = ..., tags: _Optional[_Iterable[str]] = ..., lyrics: _Optional[str] = ..., audio_features: _Optional[_Mapping[str, float]] = ..., markets: _Optional[_Iterable[str]] = ...) -> None: ...

class TrackCodes(_message.Message):
    __slots__ = ("playlist", "tags", "metadata", "lyrics", "audio", "codebook_version")
    PLAYLIST_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    LYRICS_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    CODEBOOK_VERSION_FIELD_NUMBER: _ClassVar[int]
    playlist: int
    tags: int
    metadata: int
    lyrics: int
    audio: int
    codebook_version: str
    def __init__(self, playlist: _Optional[int] = ..., tags: _Optional[int] = ..., metadata: _Optional[int] = ..., lyrics: _Optional[int] = ..., audio: _Optional[int] = ..., codebook_version: _Optional[str] = ...) -> None: ...

class Neighbour(_message.Message):
    __slots__ = ("track_id", "weight")
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    track_id: str
    weight: float
    def __init__(self, track_id: _Optional[str] = ..., weight: _Optional[float] = ...) -> None: ...

class CodeChange(_message.Message):
    __slots__ = ("event_time", "before", "after")
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    event_time: _timestamp_pb2.Timestamp
    before: int
    after: int
    def __init__(self, event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., before: _Optional[int] = ..., after: _Optional[int] = ...) -> None: ...

class LiveCode(_message.Message):
    __slots__ = ("code", "codebook_version", "home", "known", "evidence", "neighbours", "changes")
    CODE_FIELD_NUMBER: _ClassVar[int]
    CODEBOOK_VERSION_FIELD_NUMBER: _ClassVar[int]
    HOME_FIELD_NUMBER: _ClassVar[int]
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    NEIGHBOURS_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    code: int
    codebook_version: str
    home: int
    known: bool
    evidence: float
    neighbours: int
    changes: _containers.RepeatedCompositeFieldContainer[CodeChange]
    def __init__(self, code: _Optional[int] = ..., codebook_version: _Optional[str] = ..., home: _Optional[int] = ..., known: _Optional[bool] = ..., evidence: _Optional[float] = ..., neighbours: _Optional[int] = ..., changes: _Optional[_Iterable[_Union[CodeChange, _Mapping]]] = ...) -> None: ...

class Shelf(_message.Message):
    __slots__ = ("playlist_id", "hour")
    PLAYLIST_ID_FIELD_NUMBER: _ClassVar[int]
    HOUR_FIELD_NUMBER: _ClassVar[int]
    playlist_id: str
    hour: int
    def __init__(self, playlist_id: _Optional[str] = ..., hour: _Optional[int] = ...) -> None: ...

class TrackTokens(_message.Message):
    __slots__ = ("track_id", "codes", "neighbours", "version", "seen", "event_time", "track", "live", "shelves")
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    NEIGHBOURS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SEEN_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    TRACK_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    SHELVES_FIELD_NUMBER: _ClassVar[int]
    track_id: str
    codes: TrackCodes
    neighbours: _containers.RepeatedCompositeFieldContainer[Neighbour]
    version: int
    seen: _containers.RepeatedCompositeFieldContainer[_events_pb2.SourceOffset]
    event_time: _timestamp_pb2.Timestamp
    track: Track
    live: LiveCode
    shelves: _containers.RepeatedCompositeFieldContainer[Shelf]
    def __init__(self, track_id: _Optional[str] = ..., codes: _Optional[_Union[TrackCodes, _Mapping]] = ..., neighbours: _Optional[_Iterable[_Union[Neighbour, _Mapping]]] = ..., version: _Optional[int] = ..., seen: _Optional[_Iterable[_Union[_events_pb2.SourceOffset, _Mapping]]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., track: _Optional[_Union[Track, _Mapping]] = ..., live: _Optional[_Union[LiveCode, _Mapping]] = ..., shelves: _Optional[_Iterable[_Union[Shelf, _Mapping]]] = ...) -> None: ...

class TrackCode(_message.Message):
    __slots__ = ("modality", "code", "name", "since")
    MODALITY_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    modality: str
    code: int
    name: str
    since: _timestamp_pb2.Timestamp
    def __init__(self, modality: _Optional[str] = ..., code: _Optional[int] = ..., name: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class NamedChange(_message.Message):
    __slots__ = ("event_time", "before", "after")
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    event_time: _timestamp_pb2.Timestamp
    before: str
    after: str
    def __init__(self, event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., before: _Optional[str] = ..., after: _Optional[str] = ...) -> None: ...

class NearTrack(_message.Message):
    __slots__ = ("track_id", "title", "artists", "weight")
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    ARTISTS_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    track_id: str
    title: str
    artists: _containers.RepeatedScalarFieldContainer[str]
    weight: float
    def __init__(self, track_id: _Optional[str] = ..., title: _Optional[str] = ..., artists: _Optional[_Iterable[str]] = ..., weight: _Optional[float] = ...) -> None: ...

class TrackDescription(_message.Message):
    __slots__ = ("track", "recommendable", "codes", "live", "changes", "neighbours", "version", "event_time", "model_version", "token_version")
    TRACK_FIELD_NUMBER: _ClassVar[int]
    RECOMMENDABLE_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    NEIGHBOURS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    TOKEN_VERSION_FIELD_NUMBER: _ClassVar[int]
    track: Track
    recommendable: bool
    codes: _containers.RepeatedCompositeFieldContainer[TrackCode]
    live: LiveCode
    changes: _containers.RepeatedCompositeFieldContainer[NamedChange]
    neighbours: _containers.RepeatedCompositeFieldContainer[NearTrack]
    version: int
    event_time: _timestamp_pb2.Timestamp
    model_version: str
    token_version: str
    def __init__(self, track: _Optional[_Union[Track, _Mapping]] = ..., recommendable: _Optional[bool] = ..., codes: _Optional[_Iterable[_Union[TrackCode, _Mapping]]] = ..., live: _Optional[_Union[LiveCode, _Mapping]] = ..., changes: _Optional[_Iterable[_Union[NamedChange, _Mapping]]] = ..., neighbours: _Optional[_Iterable[_Union[NearTrack, _Mapping]]] = ..., version: _Optional[int] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., model_version: _Optional[str] = ..., token_version: _Optional[str] = ...) -> None: ...
