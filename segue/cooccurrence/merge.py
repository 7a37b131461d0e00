"""Two states of one playlist or of one track, of which neither is known to be the newer one: what both together know.

A worker that was cut off may write what it had folded behind what its successor has folded since. A playlist's edits,
and each of a track's two sources, are folded in the order of their log, so of two states the one that has read further
there knows all that the other does of it. Knows nothing of where states lie.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from segue.cooccurrence import track as tracks
from segue.errors import MalformedMessage, Violation
from segue.session import Position


class _PlaylistHead(msgspec.Struct, frozen=True, array_like=True):
    """How far an encoded playlist has read; the rest of it is passed over."""

    playlist_id: str
    edits: msgspec.Raw
    dropped: bool
    named: msgspec.Raw
    newest_ms: int
    seen: Position | None


class _TrackHead(msgspec.Struct, frozen=True, array_like=True):
    """How far an encoded track has read, and how often it changed; the rest of it is passed over."""

    track_id: str
    company: msgspec.Raw
    content: msgspec.Raw
    codes: msgspec.Raw
    removed: bool
    version: int
    event_ms: int
    seen: tuple[Position, ...]


Head = TypeVar("Head", _PlaylistHead, _TrackHead)


def newer_playlist(known: bytes, other: bytes) -> bytes:
    """Return the encoded state that has read further, `other` where both have read as far. Raises MalformedMessage."""
    seen, other_seen = (_head(state, _PlaylistHead).seen for state in (known, other))
    return known if seen and (not other_seen or seen.offset > other_seen.offset) else other


def merge_tracks(known: bytes, other: bytes, content_from: str) -> bytes:
    """Return the encoded state that has read edits, and the topic that brings content, as far as either.

    Its version is the larger one: readers of tokens pass over versions below those that they know. Raises
    MalformedMessage.
    """
    reached, other_reached = (_reached(_head(state, _TrackHead), content_from) for state in (known, other))
    if all(theirs >= ours for ours, theirs in zip(reached, other_reached, strict=True)):
        return other
    if all(ours >= theirs for ours, theirs in zip(reached, other_reached, strict=True)):
        return known
    decoded = tuple(map(tracks.decode, (known, other)))
    by_edits, by_entries, newest = (decoded[theirs > ours] for ours, theirs in zip(reached, other_reached, strict=True))
    seen = [at for at in by_edits.seen if at.topic != content_from] + [
        at for at in by_entries.seen if at.topic == content_from
    ]
    return tracks.encode(
        msgspec.structs.replace(
            newest,
            company=by_edits.company,
            content=by_entries.content,
            codes=by_entries.codes,
            removed=by_entries.removed,
            event_ms=max(state.event_ms for state in decoded),
            seen=tuple(sorted(seen, key=lambda at: (at.topic, at.partition))),
        )
    )


def _reached(head: _TrackHead, content_from: str) -> tuple[int, int, int]:
    """How far a track has read edits and entries, and its version; all its edits come through one partition's log."""
    entries = sum(at.offset + 1 for at in head.seen if at.topic == content_from)
    return sum(at.offset + 1 for at in head.seen) - entries, entries, head.version


def _head(state: bytes, kind: type[Head]) -> Head:
    try:
        return msgspec.msgpack.decode(state, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessage(Violation("", str(error))) from error
