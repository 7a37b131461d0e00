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
    """Asks for `count` tracks (0 means 10), with `session_only` for the session, or for one track's explanation."""

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
    explain_track_id: str = ""


class ScorePart(Message, frozen=True):
    """One named summand of a score."""

    name: str = ""
    value: float = 0.0


class Reason(Message, frozen=True):
    """One sentence that says why, and what it rests on: a score part, a code's name, a track or turn of the session."""

    text: str = ""
    part: str = ""
    code_name: str = ""
    because_track_id: str = ""
    because_turn_id: str = ""


class RecommendedTrack(Message, frozen=True):
    """One recommended track. The parts sum to the score."""

    track_id: str = ""
    title: str = ""
    artists: tuple[str, ...] = ()
    score: float = 0.0
    parts: tuple[ScorePart, ...] = ()
    reasons: tuple[Reason, ...] = ()


class Counterfactual(Message, frozen=True):
    """Where a track would be without one thing of the session; a rank of 0 is none."""

    text: str = ""
    without_track_id: str = ""
    without_turn_id: str = ""
    rank: UInt32 = 0
    score: float = 0.0


class Explanation(Message, frozen=True):
    """Why a track is where it is: its rank from 1 among those `ranked`, what would change it, and what is like it."""

    track: RecommendedTrack | None = None
    rank: UInt32 = 0
    ranked: UInt32 = 0
    counterfactuals: tuple[Counterfactual, ...] = ()
    alternatives: tuple[RecommendedTrack, ...] = ()


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
    explanation: Explanation | None = None


def validate_request(request: RecommendationRequest) -> None:
    """Raise InvalidMessage with every violation of the request."""
    violations = [
        *id_violations("request_id", request.request_id),
        *id_violations("listener_id", request.listener_id),
        *(id_violations("session_id", request.session_id) if request.session_id else ()),
        *(id_violations("explain_track_id", request.explain_track_id) if request.explain_track_id else ()),
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
