"""What is asked and answered: requests, recommendation lists, and the reasons in them.

The structs mirror `protos/segue/v1/recommendations.proto` field by field.
"""

from __future__ import annotations

from enum import StrEnum

from segue.errors import InvalidMessage, Violation
from segue.events import (
    ChatTurn,
    Filters,
    ListeningEvent,
    Message,
    ReplyTo,
    SourceOffset,
    Time,
    UInt32,
    count_violations,
    date_violations,
    filter_violations,
    id_violations,
    position_violations,
)

MAX_SEEDS = 100


class RecommendationCause(StrEnum):
    """What made a recommendation list."""

    UNSPECIFIED = "RECOMMENDATION_CAUSE_UNSPECIFIED"
    LISTENING = "RECOMMENDATION_CAUSE_LISTENING"
    CHAT = "RECOMMENDATION_CAUSE_CHAT"
    REQUEST = "RECOMMENDATION_CAUSE_REQUEST"


class RecommendationRequest(Message, frozen=True):
    """Asks for `count` tracks (0 means 10), or with `session_only` for the session itself."""

    request_id: str = ""
    listener_id: str = ""
    session_id: str = ""
    event_time: Time | None = None
    count: UInt32 = 0
    filters: Filters | None = None
    seed_track_ids: tuple[str, ...] = ()
    reply_to: ReplyTo | None = None
    after: tuple[SourceOffset, ...] = ()
    session_only: bool = False


class ScorePart(Message, frozen=True):
    """One named summand of a score."""

    name: str = ""
    value: float = 0.0


class Reason(Message, frozen=True):
    """One sentence that says why, and what it rests on: a score part, a code's name, a track of the session."""

    text: str = ""
    part: str = ""
    code_name: str = ""
    because_track_id: str = ""


class RecommendedTrack(Message, frozen=True):
    """One recommended track. The parts sum to the score."""

    track_id: str = ""
    title: str = ""
    artists: tuple[str, ...] = ()
    score: float = 0.0
    parts: tuple[ScorePart, ...] = ()
    reasons: tuple[Reason, ...] = ()


class SessionSnapshot(Message, frozen=True):
    """What the system knows of one listener's recent past; `Session` in the protos."""

    listener_id: str = ""
    events: tuple[ListeningEvent, ...] = ()
    turns: tuple[ChatTurn, ...] = ()
    seen: tuple[SourceOffset, ...] = ()


class RecommendationList(Message, frozen=True):
    """Tracks for one listener, with reasons, and what they rest on."""

    recommendation_id: str = ""
    listener_id: str = ""
    session_id: str = ""
    cause: RecommendationCause = RecommendationCause.UNSPECIFIED
    tracks: tuple[RecommendedTrack, ...] = ()
    reply_text: str = ""
    seen: tuple[SourceOffset, ...] = ()
    model_version: str = ""
    token_version: str = ""
    degraded: bool = False
    degraded_reason: str = ""
    event_time: Time | None = None
    created_at: Time | None = None
    request_id: str = ""
    turn_id: str = ""
    session: SessionSnapshot | None = None


def validate_request(request: RecommendationRequest) -> None:
    """Raise InvalidMessage with every violation of the request."""
    violations = [
        *id_violations("request_id", request.request_id),
        *id_violations("listener_id", request.listener_id),
        *(id_violations("session_id", request.session_id) if request.session_id else ()),
        *(date_violations(request.event_time) if request.event_time else ()),
        *count_violations(request.count),
        *filter_violations(request.filters),
        *position_violations(request.after),
    ]
    if len(request.seed_track_ids) > MAX_SEEDS:
        violations.append(
            Violation("seed_track_ids", f"has {len(request.seed_track_ids)} entries; at most {MAX_SEEDS} are allowed")
        )
    if violations:
        raise InvalidMessage(*violations)
