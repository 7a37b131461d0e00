"""One contract for every ranker: sessions and filters in, existing tracks out, scored by sums of named parts.

The messages here cross from the sessions service to the model server as MessagePack (`encode`, `decode`). Knows neither
torch nor Triton.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import msgspec

from segue.catalog import TrackDescription
from segue.errors import MalformedMessage, Violation
from segue.events import DEFAULT_COUNT, Filters
from segue.recommendations import Explanation, RecommendedTrack
from segue.replies import Piece, rendered
from segue.session import Offer, Session

__all__ = ["Offer", "Query", "Ranker", "Ranking", "decode", "encode"]

T = TypeVar("T", bound=msgspec.Struct)


class Query(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question to the recommender. `now_ms`, in Unix milliseconds, is what elapsed times are measured from."""

    session: Session
    now_ms: int = 0
    count: int = DEFAULT_COUNT
    filters: Filters = Filters()
    seed_track_ids: tuple[str, ...] = ()
    offered: tuple[Offer, ...] = ()
    # The utterance to answer in words; empty when nothing was said.
    utterance: str = ""
    # A track to describe; then nothing is ranked.
    about: str = ""
    # A track whose place is to be explained; empty for none.
    explain_track_id: str = ""


class Ranking(msgspec.Struct, frozen=True, omit_defaults=True):
    """The recommender's answer: best first, no track twice, none that the filters forbid."""

    tracks: tuple[RecommendedTrack, ...] = ()
    # Words, and places in `tracks` where a track is named.
    reply: tuple[Piece, ...] = ()
    # Whether the tracks are recommended; they are not where a question about them is answered.
    is_offer: bool = True
    # Only where the query asks for it, and the track exists.
    explanation: Explanation | None = None
    model_version: str = ""
    token_version: str = ""
    # The track that was asked about; None where there is none of that id.
    described: TrackDescription | None = None

    @property
    def reply_text(self) -> str:
        """The reply with its tracks' titles; empty when nothing was said."""
        return rendered(self.reply, self.tracks)


class Ranker(Protocol):
    """Whatever ranks the catalogue for sessions."""

    def rank(self, queries: Sequence[Query]) -> list[Ranking]:
        """Return one ranking for each query, in order; fewer tracks than asked for only when no more are allowed."""


def encode(message: Query | Ranking) -> bytes:
    """Return the message as MessagePack."""
    return msgspec.msgpack.encode(message)


def decode(value: bytes, kind: type[T]) -> T:
    """Return the message of this kind that the bytes hold. Raises MalformedMessage."""
    try:
        return msgspec.msgpack.decode(value, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessage(Violation("", str(error))) from error
