"""What a record means: which states follow from it, and what there is to send.

Pure: reads no clock, opens nothing, awaits nothing. `playlists.py` and `tracks.py` bring records and carry out what is
returned here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec
import structlog

from segue import wire
from segue.catalog import Track, TrackCodes, validate_track
from segue.cooccurrence import playlist as playlists
from segue.cooccurrence import track as tracks
from segue.cooccurrence.clusters import FrozenClusters
from segue.cooccurrence.pairs import PairDelta
from segue.cooccurrence.playlist import Playlist
from segue.cooccurrence.track import TrackState
from segue.errors import InvalidMessage, MalformedMessage, UnexpectedError, Violation
from segue.events import PlaylistEvent, id_violations, validate_playlist_event
from segue.session import FoldRules, Position, to_ms
from services.runtime import stored as stored_states
from services.runtime.record import PartitionOf, Record, refuse_other_partition
from services.runtime.topology import MAX_STATE_BYTES

log = structlog.get_logger()

# Changes of tracks in one message: half a megabyte when every id is as long as it may be.
MOST_IN_MESSAGE = 16

# What a track may take in its state or its tokens once it is described. There is room for what company is still to come
# (256 cells with the longest ids: 140 kB) and for the positions of a thousand partitions.
MOST_CONTENT_BYTES = MAX_STATE_BYTES - 500_000

T = TypeVar("T")
# Gives a track's state, as the table has it or as it was made since; nothing before the first.
Known = Callable[[str], bytes | TrackState | None]


class TrackDelta(msgspec.Struct, frozen=True, array_like=True):
    """What one playlist edit changes for one track. `source`, the edit's place in the log, makes it idempotent."""

    track_id: str
    source: Position
    event_ms: int
    deltas: tuple[PairDelta, ...]


class Edited(msgspec.Struct, frozen=True):
    """An edit that counts: the playlist's new state, and what it changes for each track."""

    state: bytes
    changes: tuple[TrackDelta, ...]


class Entry(msgspec.Struct, frozen=True):
    """A catalogue record: the track's content, or None for a tombstone."""

    track_id: str
    content: Track | None


class Refused(msgspec.Struct, frozen=True):
    """A record for the dead letters."""

    error: InvalidMessage


def take_edit(record: Record, stored: bytes | None, rules: FoldRules, partition_of: PartitionOf) -> Edited | Refused:
    """Return what follows from a playlist edit, given the stored state of the playlist in its key.

    The state is to be kept even when a replay changed nothing: the changelog may lack what the table has.
    """
    return _guarded(record, lambda: _edited(record, stored, rules, partition_of))


def take_entry(record: Record, partition_of: PartitionOf) -> Entry | Refused:
    """Return what a catalogue record says."""
    return _guarded(record, lambda: _entry(record, partition_of))


def take_changes(record: Record) -> Sequence[TrackDelta] | Refused:
    """Return what a message of this service to itself says."""
    return _guarded(record, lambda: _changes(record))


def reminders(track_ids: Iterable[str]) -> Iterator[TrackDelta]:
    """Yield changes that change nothing: what is told of these tracks is to be told anew."""
    return (TrackDelta(track_id, Position("", 0, 0, 0), 0, ()) for track_id in track_ids)


def messages(changes: Iterable[TrackDelta], partition_of: Callable[[str], int]) -> Iterator[tuple[int, bytes]]:
    """Yield partitions and the messages for them: every track's changes in the partition that owns it, in order."""
    by_partition: defaultdict[int, list[TrackDelta]] = defaultdict(list)
    for change in changes:
        by_partition[partition_of(change.track_id)].append(change)
    for partition, owned in by_partition.items():
        for start in range(0, len(owned), MOST_IN_MESSAGE):
            yield partition, msgspec.msgpack.encode(owned[start : start + MOST_IN_MESSAGE])


def after_changes(record: Record, changes: Sequence[TrackDelta], known: Known) -> Mapping[str, TrackState] | Refused:
    """Return the tracks' states after what edits changed for them; to be kept even when a replay changed nothing."""
    return _guarded(record, lambda: _met(changes, known))


def after_entry(
    record: Record, entry: Entry, codes: TrackCodes | None, known: Known
) -> Mapping[str, TrackState] | Refused:
    """Return the state of the track after a catalogue record; `codes` are those of its content."""
    return _guarded(record, lambda: {entry.track_id: _described(record, entry, codes, known(entry.track_id))})


def publication(state: TrackState, clusters: FrozenClusters | None = None) -> bytes | None:
    """Return the value for `track-tokens`, with its code among the clusters; None, a tombstone, for a removed track."""
    told = tracks.tokens(state, clusters)
    return wire.encode(told) if told is not None else None


def _met(changes: Sequence[TrackDelta], known: Known) -> dict[str, TrackState]:
    met: dict[str, TrackState] = {}
    for change in changes:
        before = met.get(change.track_id) or _state(known(change.track_id), change.track_id, change.source)
        after = tracks.meet(before, change.deltas, change.source, change.event_ms) if change.deltas else before
        met[change.track_id] = after
    return met


def _described(record: Record, entry: Entry, codes: TrackCodes | None, known: bytes | TrackState | None) -> TrackState:
    state = _state(known, entry.track_id, _position(record))
    if entry.content is None or codes is None:
        return tracks.remove(state, _position(record))
    described = tracks.describe(state, entry.content, codes, _position(record))
    _refuse_large(described)
    return described


def _refuse_large(state: TrackState) -> None:
    size = max(len(tracks.encode(state)), len(publication(state) or b""))
    if size > MOST_CONTENT_BYTES:
        raise InvalidMessage(
            Violation("", f"takes {size} bytes with its company and codes; at most {MOST_CONTENT_BYTES} can be kept")
        )


def _edited(record: Record, stored: bytes | None, rules: FoldRules, partition_of: PartitionOf) -> Edited:
    event = wire.decode(record.value, PlaylistEvent)
    validate_playlist_event(event)
    _refuse_other_key(record, "playlist_id", event.playlist_id)
    refuse_other_partition(record, partition_of)
    before = stored_states.read("playlists", stored, playlists.decode) or Playlist(event.playlist_id)
    after, deltas = playlists.apply(before, event, _position(record), rules)
    assert event.event_time is not None, "validation comes before the fold"
    event_ms = to_ms(event.event_time)
    changes = tuple(
        TrackDelta(track_id, _position(record), event_ms, tuple(own)) for track_id, own in _by_track(deltas).items()
    )
    return Edited(playlists.encode(after), changes)


def _entry(record: Record, partition_of: PartitionOf) -> Entry:
    if record.value is None:
        track_id = _tombstone_key(record)
        refuse_other_partition(record, partition_of)
        return Entry(track_id, None)
    track = wire.decode(record.value, Track)
    validate_track(track)
    _refuse_other_key(record, "track_id", track.track_id)
    refuse_other_partition(record, partition_of)
    return Entry(track.track_id, track)


def _changes(record: Record) -> Sequence[TrackDelta]:
    try:
        return msgspec.msgpack.decode(record.value or b"", type=tuple[TrackDelta, ...])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessage(Violation("", f"not written by this service: {error}")) from error


def _tombstone_key(record: Record) -> str:
    try:
        track_id = (record.key or b"").decode()
    except UnicodeDecodeError as error:
        raise MalformedMessage(Violation("key", f"is not UTF-8: {error}")) from error
    if violations := tuple(id_violations("key", track_id)):
        raise MalformedMessage(*violations)
    return track_id


def _refuse_other_key(record: Record, field: str, owner: str) -> None:
    if record.key != owner.encode():
        raise MalformedMessage(
            Violation("key", f"is {record.key!r}; it must be the {field}, so that one writer owns its state")
        )


def _by_track(deltas: Iterable[PairDelta]) -> dict[str, list[PairDelta]]:
    found: defaultdict[str, list[PairDelta]] = defaultdict(list)
    for delta in deltas:
        found[delta.track_id].append(delta)
    return found


def _state(known: bytes | TrackState | None, track_id: str, at: Position) -> TrackState:
    if isinstance(known, TrackState):
        return known
    # Versions count changes, and readers ignore older ones: seconds are above every version told before the damage.
    first = at.record_ms // 1_000 if known else 0
    return stored_states.read("tracks", known, tracks.decode) or TrackState(track_id, version=first)


def _position(record: Record) -> Position:
    return Position(record.topic, record.partition, record.offset, record.time_ms)


def _guarded(record: Record, handle: Callable[[], T]) -> T | Refused:
    try:
        return handle()
    except InvalidMessage as error:
        return Refused(error)
    except Exception as error:
        # The one place that catches whatever a record may do: it costs its sender a dead letter, nobody else anything.
        log.exception("record failed", **record.names())
        return Refused(UnexpectedError(Violation("", f"{type(error).__name__}: {error}")))
