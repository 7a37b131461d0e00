"""Tracks and their content, and the tokens that stand for them.

The structs mirror `protos/segue/v1/tracks.proto` field by field. Knows nothing about how codes are found
(`segue/tokens/`) or counted (`segue/cooccurrence/`); dataset folders are read by `segue/dataset.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite

import msgspec

from segue.errors import InvalidMessage, Violation
from segue.events import (
    Message,
    SourceOffset,
    Time,
    UInt32,
    id_violations,
    market_violations,
    name_violations,
    prose_violations,
)

MAX_ARTISTS = 100
MAX_TAGS = 200
MAX_LYRICS_LENGTH = 50_000
MAX_AUDIO_FEATURES = 512
MAX_MARKETS = 300
RELEASE_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")


class Track(Message, frozen=True):
    """A track and its content. `release_date` is ISO 8601, as exact as it is known."""

    track_id: str = ""
    title: str = ""
    artists: tuple[str, ...] = ()
    album: str = ""
    release_date: str = ""
    duration_seconds: float = 0.0
    explicit: bool = False
    tags: tuple[str, ...] = ()
    lyrics: str = ""
    audio_features: dict[str, float] = msgspec.field(default_factory=dict)
    markets: tuple[str, ...] = ()

    def plays_in(self, market: str) -> bool:
        """Whether it may be played in a country; an empty `market` asks for none."""
        return not market or not self.markets or market in self.markets


class TrackCodes(Message, frozen=True):
    """The five codes of a track; None means that the modality is absent.

    `codebook_version` says which codebooks made them: only beside those do the numbers mean anything.
    """

    playlist: UInt32 | None = None
    tags: UInt32 | None = None
    metadata: UInt32 | None = None
    lyrics: UInt32 | None = None
    audio: UInt32 | None = None
    codebook_version: str = ""


class Neighbour(Message, frozen=True, gc=False):
    """A track that playlists put beside another one; weights compare within one track only."""

    track_id: str = ""
    weight: float = 0.0


class Shelf(Message, frozen=True, gc=False):
    """A playlist that holds a track, and the hour, counted from 1970, in which it was added."""

    playlist_id: str = ""
    hour: UInt32 = 0


class CodeChange(Message, frozen=True):
    """A playlist code that gave way to another; `before` is None where there was none. Dated to the hour."""

    event_time: Time | None = None
    before: UInt32 | None = None
    after: UInt32 = 0


class LiveCode(Message, frozen=True):
    """The playlist code that a track has now, and why; `code` is None where nothing says one.

    It began as `home`: the checkpoint's code for the track where that is `known`, else what its content suggests.
    `evidence` is what playlists say since, in additions, older ones fading; it comes from so many `neighbours`.
    """

    code: UInt32 | None = None
    codebook_version: str = ""
    home: UInt32 | None = None
    known: bool = False
    evidence: float = 0.0
    neighbours: UInt32 = 0
    # The newest at the end, at most eight.
    changes: tuple[CodeChange, ...] = ()


class TrackTokens(Message, frozen=True):
    """What the recommender knows of a track. `codes` are those of its content, `live` is the code of its company."""

    track_id: str = ""
    codes: TrackCodes | None = None
    neighbours: tuple[Neighbour, ...] = ()
    version: UInt32 = 0
    seen: tuple[SourceOffset, ...] = ()
    event_time: Time | None = None
    track: Track | None = None
    live: LiveCode | None = None
    shelves: tuple[Shelf, ...] = ()


class TrackCode(Message, frozen=True):
    """One of a track's codes by its name; `since` is None where the checkpoint or the content has always said so."""

    modality: str = ""
    code: UInt32 = 0
    name: str = ""
    since: Time | None = None


class NamedChange(Message, frozen=True):
    """A playlist code that gave way to another, by their names; `before` is empty where there was none."""

    event_time: Time | None = None
    before: str = ""
    after: str = ""


class NearTrack(Message, frozen=True):
    """A track that stands beside another one. `weight` compares within one list only."""

    track_id: str = ""
    title: str = ""
    artists: tuple[str, ...] = ()
    weight: float = 0.0


class TrackDescription(Message, frozen=True):
    """A track as the recommender holds it at this moment, and why.

    `track` has nothing but its id while the catalogue does not have it. `live` is None while playlists have said
    nothing since the checkpoint was made; `version` is 0 where the checkpoint alone knows the track.
    """

    track: Track | None = None
    recommendable: bool = False
    codes: tuple[TrackCode, ...] = ()
    live: LiveCode | None = None
    changes: tuple[NamedChange, ...] = ()
    neighbours: tuple[NearTrack, ...] = ()
    version: UInt32 = 0
    event_time: Time | None = None
    model_version: str = ""
    token_version: str = ""


def validate_track(track: Track) -> None:
    """Raise InvalidMessage with every violation of the track."""
    if violations := tuple(_violations(track)):
        raise InvalidMessage(*violations)


def _violations(track: Track) -> Iterator[Violation]:
    yield from id_violations("track_id", track.track_id)
    if not track.title.strip():
        yield Violation("title", "is required")
    yield from name_violations("title", track.title)
    yield from name_violations("album", track.album)
    yield from prose_violations("lyrics", track.lyrics, MAX_LYRICS_LENGTH)
    for field, entries, most in (("artists", track.artists, MAX_ARTISTS), ("tags", track.tags, MAX_TAGS)):
        if len(entries) > most:
            yield Violation(field, f"has {len(entries)} entries; at most {most} are allowed")
        for index, entry in enumerate(entries):
            yield from name_violations(f"{field}[{index}]", entry)
    if track.release_date and not RELEASE_DATE.fullmatch(track.release_date):
        yield Violation("release_date", f"is {track.release_date!r}; write 1999, 1999-05 or 1999-05-21")
    if not 0.0 <= track.duration_seconds <= 86_400.0:
        yield Violation("duration_seconds", f"is {track.duration_seconds}; it must lie between 0 and 86400 seconds")
    yield from _market_violations(track)
    if len(track.audio_features) > MAX_AUDIO_FEATURES:
        yield Violation("audio_features", f"has {len(track.audio_features)} entries; at most {MAX_AUDIO_FEATURES}")
    for name, feature in track.audio_features.items():
        yield from name_violations(f"audio_features[{name!r}]", name)
        if not isfinite(feature):
            yield Violation(f"audio_features[{name!r}]", f"is {feature}; it must be finite")


def _market_violations(track: Track) -> Iterator[Violation]:
    if len(track.markets) > MAX_MARKETS:
        yield Violation("markets", f"has {len(track.markets)} entries; at most {MAX_MARKETS} are allowed")
    for index, market in enumerate(track.markets):
        yield from market_violations(f"markets[{index}]", market)
