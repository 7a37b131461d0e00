"""What can happen: plays, likes, turns, playlist edits; and what makes one valid.

The structs mirror `protos/segue/v1/events.proto` field by field. Validation looks at one message alone; whether
an event is late for its listener is for `segue/session.py` to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from segue.errors import InvalidMessage, Violation
from segue.printable import control_in

MAX_ID_LENGTH = 128
MAX_TEXT_LENGTH = 2_000
MAX_NAME_LENGTH = 500
MAX_COUNT = 100
DEFAULT_COUNT = 10
MAX_FILTER_ENTRIES = 1_000
# Positions that an answer must have seen: one for each partition that its caller wrote to, and they are few.
MAX_POSITIONS = 16
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

Time = Annotated[datetime, msgspec.Meta(tz=True)]
_MARKET = re.compile(r"[A-Z]{2}")
UInt32 = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message of the schema: immutable, defaults left out when written."""


class ListeningAction(StrEnum):
    """What a listener did with a track."""

    UNSPECIFIED = "LISTENING_ACTION_UNSPECIFIED"
    PLAY_STARTED = "LISTENING_ACTION_PLAY_STARTED"
    PLAY_FINISHED = "LISTENING_ACTION_PLAY_FINISHED"
    PLAY_SKIPPED = "LISTENING_ACTION_PLAY_SKIPPED"
    LIKED = "LISTENING_ACTION_LIKED"
    DISLIKED = "LISTENING_ACTION_DISLIKED"


class PlaylistAction(StrEnum):
    """What a playlist edit did."""

    UNSPECIFIED = "PLAYLIST_ACTION_UNSPECIFIED"
    CREATED = "PLAYLIST_ACTION_CREATED"
    RENAMED = "PLAYLIST_ACTION_RENAMED"
    DELETED = "PLAYLIST_ACTION_DELETED"
    TRACK_ADDED = "PLAYLIST_ACTION_TRACK_ADDED"
    TRACK_REMOVED = "PLAYLIST_ACTION_TRACK_REMOVED"


class SourceOffset(Message, frozen=True):
    """A position in the log."""

    topic: str = ""
    partition: UInt32 = 0
    offset: int = 0


class ReplyTo(Message, frozen=True):
    """Where an answer goes: a partition of `answers`, and the call's name within its gateway."""

    partition: UInt32 = 0
    request_id: str = ""
    deadline: Time | None = None


class Filters(Message, frozen=True):
    """Which tracks may not be in an answer."""

    exclude_track_ids: tuple[str, ...] = ()
    exclude_artists: tuple[str, ...] = ()
    exclude_explicit: bool = False
    exclude_heard: bool = False
    max_per_artist: UInt32 = 0
    market: str = ""


class ListeningEvent(Message, frozen=True):
    """One thing a listener did. `position_seconds` is the position in the track, in seconds."""

    event_id: str = ""
    listener_id: str = ""
    session_id: str = ""
    track_id: str = ""
    action: ListeningAction = ListeningAction.UNSPECIFIED
    event_time: Time | None = None
    position_seconds: float = 0.0


class ChatTurn(Message, frozen=True):
    """One utterance of a listener."""

    turn_id: str = ""
    listener_id: str = ""
    session_id: str = ""
    text: str = ""
    event_time: Time | None = None
    count: UInt32 = 0
    filters: Filters | None = None
    reply_to: ReplyTo | None = None
    after: tuple[SourceOffset, ...] = ()


class PlaylistEvent(Message, frozen=True):
    """One edit of a playlist."""

    event_id: str = ""
    playlist_id: str = ""
    action: PlaylistAction = PlaylistAction.UNSPECIFIED
    track_id: str = ""
    event_time: Time | None = None
    name: str = ""


def validate_listening_event(event: ListeningEvent) -> None:
    """Raise InvalidMessage with every violation of the event."""
    _refuse(
        (
            *_ids(event, "event_id", "listener_id", "track_id"),
            *_optional_id(event, "session_id"),
            *_chosen(event.action, ListeningAction.UNSPECIFIED),
            *date_violations(event.event_time),
            *_position(event.position_seconds),
        )
    )


def validate_chat_turn(turn: ChatTurn) -> None:
    """Raise InvalidMessage with every violation of the turn."""
    _refuse(
        (
            *_ids(turn, "turn_id", "listener_id"),
            *_optional_id(turn, "session_id"),
            *_text(turn.text),
            *date_violations(turn.event_time),
            *count_violations(turn.count),
            *filter_violations(turn.filters),
            *position_violations(turn.after),
        )
    )


def validate_playlist_event(event: PlaylistEvent) -> None:
    """Raise InvalidMessage with every violation of the edit."""
    about_track = event.action in (PlaylistAction.TRACK_ADDED, PlaylistAction.TRACK_REMOVED)
    _refuse(
        (
            *_ids(event, "event_id", "playlist_id", *(["track_id"] if about_track else [])),
            *_chosen(event.action, PlaylistAction.UNSPECIFIED),
            *date_violations(event.event_time),
            *name_violations("name", event.name),
        )
    )


def id_violations(field: str, value: str) -> Iterator[Violation]:
    """What is wrong with a required identifier."""
    if not value:
        yield Violation(field, "is required")
    elif not value.isprintable():
        yield Violation(field, "must not hold control characters")
    yield from length_violations(field, value, MAX_ID_LENGTH)


def length_violations(field: str, value: str, most: int) -> Iterator[Violation]:
    """What is wrong with the length of a text, in characters."""
    if len(value) > most:
        yield Violation(field, f"has {len(value)} characters; at most {most} are allowed")


def name_violations(field: str, value: str) -> Iterator[Violation]:
    """What is wrong with a name that is shown in one line: a title, an artist, a tag; an empty one is none."""
    yield from length_violations(field, value, MAX_NAME_LENGTH)
    yield from _controls(field, control_in(value))


def prose_violations(field: str, value: str, most: int) -> Iterator[Violation]:
    """What is wrong with a text of several lines, of at most so many characters."""
    yield from length_violations(field, value, most)
    yield from _controls(field, control_in(value, prose=True))


def count_violations(count: int) -> Iterator[Violation]:
    """What is wrong with a number of tracks asked for."""
    if count > MAX_COUNT:
        yield Violation("count", f"is {count}; ask for 1 to {MAX_COUNT} tracks, or 0 for {DEFAULT_COUNT}")


def filter_violations(filters: Filters | None) -> Iterator[Violation]:
    """What is wrong with the filters of a request."""
    if filters is None:
        return
    for field in ("exclude_track_ids", "exclude_artists"):
        entries = getattr(filters, field)
        if len(entries) > MAX_FILTER_ENTRIES:
            yield Violation(f"filters.{field}", f"has {len(entries)} entries; at most {MAX_FILTER_ENTRIES} are allowed")
    if filters.market:
        yield from market_violations("filters.market", filters.market)


def market_violations(field: str, value: str) -> Iterator[Violation]:
    """What is wrong with the name of a country."""
    if not _MARKET.fullmatch(value):
        yield Violation(field, f"is {value!r}; write a country as ISO 3166-1 alpha-2, for example DE")


def position_violations(after: tuple[SourceOffset, ...]) -> Iterator[Violation]:
    """What is wrong with the positions that an answer must have seen."""
    if len(after) > MAX_POSITIONS:
        yield Violation("after", f"has {len(after)} entries; at most {MAX_POSITIONS} are allowed")


def date_violations(event_time: datetime | None) -> Iterator[Violation]:
    """What is wrong with a required event time."""
    if event_time is None:
        yield Violation("event_time", "is required, as RFC 3339, for example 2026-01-31T12:00:00Z")
    elif event_time < EARLIEST:
        yield Violation("event_time", f"is {event_time.isoformat()}; it must not lie before 1970")


def _refuse(violations: Iterable[Violation]) -> None:
    if found := tuple(violations):
        raise InvalidMessage(*found)


def _ids(message: Message, *fields: str) -> Iterator[Violation]:
    for field in fields:
        yield from id_violations(field, getattr(message, field))


def _optional_id(message: Message, field: str) -> Iterator[Violation]:
    if value := getattr(message, field):
        yield from id_violations(field, value)


def _chosen(action: StrEnum, unspecified: StrEnum) -> Iterator[Violation]:
    if action is unspecified:
        choices = ", ".join(choice for choice in type(action) if choice is not unspecified)
        yield Violation("action", f"is required; one of {choices}")


def _position(seconds: float) -> Iterator[Violation]:
    if not 0.0 <= seconds <= 86_400.0:
        yield Violation("position_seconds", f"is {seconds}; it must lie between 0 and 86400 seconds")


def _text(text: str) -> Iterator[Violation]:
    if not text.strip():
        yield Violation("text", "is empty; say something")
    yield from prose_violations("text", text, MAX_TEXT_LENGTH)


def _controls(field: str, control: str | None) -> Iterator[Violation]:
    if control is not None:
        yield Violation(field, f"holds the control character U+{ord(control):04X}; leave it out")
