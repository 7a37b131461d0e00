"""What is known of one track: content and codes from the catalogue, company from playlists, and the fold of both.

Does not know where codes of content come from: whoever applies a catalogue entry brings them. The code of the company
is never kept: it is worked out from the state and the checkpoint's clusters whenever the track is told of.
"""

from __future__ import annotations

import msgspec

from segue.catalog import CodeChange, LiveCode, Track, TrackCodes, TrackTokens
from segue.cooccurrence import company as companies
from segue.cooccurrence.assignment import Home, assign
from segue.cooccurrence.clusters import FrozenClusters
from segue.cooccurrence.company import Company
from segue.cooccurrence.pairs import PairDelta
from segue.cooccurrence.rules import LiveRules
from segue.errors import MalformedMessage, Violation
from segue.events import SourceOffset
from segue.session import Position, from_ms

NO_CONTENT_CODES = (-1, -1, -1, -1)


class TrackState(msgspec.Struct, frozen=True, array_like=True):
    """One track's state. `event_ms` is the newest event time that it reflects, in Unix milliseconds.

    A removed track keeps its state: its company goes on, and what was applied is not applied again.
    """

    track_id: str
    company: Company = Company()
    content: Track | None = None
    codes: TrackCodes | None = None
    removed: bool = False
    version: int = 0
    event_ms: int = 0
    # The newest record applied of each partition.
    seen: tuple[Position, ...] = ()
    # The checkpoint by which it was last told of.
    told_by: str = ""


def meet(state: TrackState, deltas: tuple[PairDelta, ...], at: Position, event_ms: int) -> TrackState:
    """Return the state after what one playlist edit, read at this position, changes for the track. Idempotent.

    Edits of one partition come in order; those of several in any.
    """
    if has_seen(state, at):
        return state
    return _changed(state, at, event_ms, company=companies.add(state.company, deltas))


def describe(state: TrackState, content: Track, codes: TrackCodes, at: Position) -> TrackState:
    """Return the state after a catalogue entry read at this position; the lyrics have done their work. Idempotent."""
    if has_seen(state, at):
        return state
    without_lyrics = msgspec.structs.replace(content, lyrics="")
    return _changed(state, at, at.record_ms, content=without_lyrics, codes=codes, removed=False)


def remove(state: TrackState, at: Position) -> TrackState:
    """Return the state after the catalogue's tombstone read at this position. Idempotent."""
    if has_seen(state, at):
        return state
    return _changed(state, at, at.record_ms, content=None, codes=None, removed=True)


def told_by(state: TrackState, checkpoint: str) -> TrackState:
    """Return the state once it is told of by a checkpoint; where that is another one, its tokens change."""
    if state.told_by == checkpoint:
        return state
    return msgspec.structs.replace(state, version=state.version + bool(state.told_by), told_by=checkpoint)


def is_told_by(value: bytes, checkpoint: str) -> bool:
    """Whether the bytes hold a state that was last told of by this checkpoint; cheaper than to decode it."""
    return value.endswith(msgspec.msgpack.encode(checkpoint))


def has_seen(state: TrackState, at: Position) -> bool:
    """Whether the record at this position was applied before."""
    return any(
        (known.topic, known.partition) == (at.topic, at.partition) and known.offset >= at.offset for known in state.seen
    )


def tokens(state: TrackState, clusters: FrozenClusters | None = None) -> TrackTokens | None:
    """Return what the recommender is to know of the track; None when it is to forget it.

    Without the checkpoint's clusters the track's code does not follow its company.
    """
    if state.removed:
        return None
    rules = clusters.rules if clusters else LiveRules()
    return TrackTokens(
        track_id=state.track_id,
        codes=state.codes,
        neighbours=companies.neighbours(state.company, rules.neighbour_days),
        version=state.version,
        seen=tuple(SourceOffset(known.topic, known.partition, known.offset) for known in state.seen),
        event_time=from_ms(state.event_ms),
        track=state.content,
        live=live_code(state, clusters) if clusters else None,
        shelves=companies.shelves(state.company),
    )


def live_code(state: TrackState, clusters: FrozenClusters) -> LiveCode:
    """Return the code that the track's company gives it among these clusters, and why."""
    home = _home(state, clusters)
    given = assign(state.company, home, clusters)
    return LiveCode(
        code=given.code,
        codebook_version=clusters.version,
        home=home.cluster,
        known=home.known,
        evidence=given.evidence,
        neighbours=given.neighbours,
        changes=tuple(CodeChange(from_ms(each.time_ms), each.before, each.after) for each in given.changes),
    )


def _home(state: TrackState, clusters: FrozenClusters) -> Home:
    known = clusters.by_track.get(state.track_id)
    if known is not None:
        return Home(known, known=True)
    if state.content is None:
        return Home()
    made_here = state.codes is not None and state.codes.codebook_version == clusters.version
    codes = _content_codes(state.codes) if state.codes and made_here else NO_CONTENT_CODES
    return Home(clusters.suggested(codes, state.content.artists))


def _content_codes(codes: TrackCodes) -> tuple[int, ...]:
    return tuple(-1 if code is None else code for code in (codes.tags, codes.metadata, codes.lyrics, codes.audio))


def encode(state: TrackState) -> bytes:
    """Return the state as bytes, for the table."""
    return msgspec.msgpack.encode(state)


def decode(value: bytes) -> TrackState:
    """Return the state that the bytes hold. Raises MalformedMessage."""
    try:
        return msgspec.msgpack.decode(value, type=TrackState)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessage(Violation("track", str(error))) from error


def _changed(state: TrackState, at: Position, event_ms: int, **changes: object) -> TrackState:
    others = (known for known in state.seen if (known.topic, known.partition) != (at.topic, at.partition))
    return msgspec.structs.replace(
        state,
        version=state.version + 1,
        event_ms=max(event_ms, state.event_ms),
        seen=tuple(sorted((*others, at), key=lambda known: (known.topic, known.partition))),
        **changes,
    )
