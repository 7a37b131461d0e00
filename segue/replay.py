"""A dataset as the events that would have made it, in event-time order: what is replayed on the topics.

Knows dataset folders and the messages of `segue/events.py`; sends nothing. Events have ids made from what happened, so
a second replay, or one of a longer export of the same source, names the same event the same.

Order over all playlists needs a sort: one small tuple for each event is held in memory (about 300 bytes each).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import msgspec

from segue.dataset import Dataset, ListeningSession, Playlist
from segue.events import ListeningAction, ListeningEvent, PlaylistAction, PlaylistEvent

# What has no time was there before everything that has one.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# (time, playlist_id, place in the list, action, track_id, event_id, name)
_Edit = tuple[datetime, str, int, PlaylistAction, str, str, str]
# (time, listener_id, session_id, place in the session, track_id, action, position in seconds)
_Listening = tuple[datetime, str, str, int, str, ListeningAction, float]


def playlist_events(dataset: Dataset, *, undated: datetime = EPOCH) -> Iterator[PlaylistEvent]:
    """Yield the edits of every playlist, by time, then playlist, then place in the list.

    Each playlist is created, with its name, at its first edit. An entry without `added_at` is added at `undated`.
    """
    edits = [edit for playlist in dataset.playlists() for edit in _edits(playlist, undated)]
    # Within an entry, TRACK_ADDED sorts before TRACK_REMOVED; the creation has place -1.
    for time, playlist_id, _, action, track_id, event_id, name in sorted(edits):
        yield PlaylistEvent(event_id, playlist_id, action, track_id, time, name)


def one_after_the_other(events: Iterable[PlaylistEvent]) -> Iterator[PlaylistEvent]:
    """Yield the events, those of one playlist and one instant a millisecond apart, in their order.

    What reads them orders edits of one instant by their ids, which say nothing of the place in the list. The events
    must be in event-time order.
    """
    latest: dict[str, tuple[datetime, datetime]] = {}
    for event in events:
        time = event.event_time or EPOCH
        told, newest = latest.get(event.playlist_id, (None, EPOCH))
        at = newest + timedelta(milliseconds=1) if told == time else time
        latest[event.playlist_id] = (time, at)
        yield msgspec.structs.replace(event, event_time=at)


def listening_events(dataset: Dataset, *, undated: datetime = EPOCH) -> Iterator[ListeningEvent]:
    """Yield what happened in every session, by time, then listener, session and place in the session.

    An event without a time happens at the time of the one before it in its session, the first one at `undated`.
    """
    rows = [row for session in dataset.sessions() for row in _listening(session, undated)]
    for time, listener_id, session_id, place, track_id, action, position in sorted(rows):
        event_id = _event_id("listening", session_id, place)
        yield ListeningEvent(event_id, listener_id, session_id, track_id, action, time, position)


def _edits(playlist: Playlist, undated: datetime) -> Iterator[_Edit]:
    playlist_id = playlist.playlist_id
    occurrences: Counter[tuple[str, PlaylistAction, datetime]] = Counter()
    first = min((entry.added_at or undated for entry in playlist.entries), default=undated)
    created = PlaylistAction.CREATED
    yield (first, playlist_id, -1, created, "", _event_id(playlist_id, created), playlist.name)
    for place, entry in enumerate(playlist.entries):
        times = {PlaylistAction.TRACK_ADDED: entry.added_at or undated, PlaylistAction.TRACK_REMOVED: entry.removed_at}
        for action, time in times.items():
            if time is None:
                continue
            # Not the place: it moves when a later export of the same playlist has an entry more in front.
            occurrences[entry.track_id, action, time] += 1
            occurrence = occurrences[entry.track_id, action, time]
            event_id = _event_id(playlist_id, action, entry.track_id, time.isoformat(), occurrence)
            yield time, playlist_id, place, action, entry.track_id, event_id, ""


def _listening(session: ListeningSession, undated: datetime) -> Iterator[_Listening]:
    time = undated
    for place, event in enumerate(session.events):
        time = event.event_time or time
        yield (
            time,
            session.listener_id,
            session.session_id,
            place,
            event.track_id,
            event.action,
            event.position_seconds,
        )


def _event_id(*parts: object) -> str:
    return blake2b("\n".join(map(str, parts)).encode(), digest_size=16).hexdigest()
