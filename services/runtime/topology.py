"""The topics: names, partitions, how long they are kept. Creation, compose, docs and tests read this.

Knows no client library; `services/runtime/topics.py` creates what is declared here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

# What a producer's record may take unpacked, with its key and headers. The bounds of a message's fields alone would
# allow more: a track's longest lyrics, four bytes a character, take a fifth of it, but 512 features with the longest
# names may take more than all. Such a record is the broker's to refuse.
MAX_MESSAGE_BYTES = 1_000_000
# What is kept or published is a record's content and what was known beside it, such as a track's neighbours; a dead
# letter is the record and why. The broker and the services' producers take as much.
MAX_STATE_BYTES = 2 * MAX_MESSAGE_BYTES
BROKER_CONFIG = {
    # The broker's clock dates every record, so that a producer cannot choose what counts as late or future.
    "message.timestamp.type": "LogAppendTime",
    # Unpacked by the broker, which then measures a batch as its readers must hold it, not as it was packed.
    "compression.type": "uncompressed",
}


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `partitions` None means: as many as the deployment's partition setting says."""

    name: str
    key: str
    value: str
    retention: timedelta | None  # None: compacted, kept while the key lives
    partitions: int | None = None
    max_message_bytes: int = MAX_MESSAGE_BYTES
    config: dict[str, str] = field(default_factory=lambda: dict(BROKER_CONFIG))

    def broker_config(self) -> dict[str, str]:
        """Return the topic's configuration in the broker's own property names."""
        if self.retention is None:
            # Half of a compacted topic may be out of date, and none of it for longer than an hour.
            kept = {"cleanup.policy": "compact", "max.compaction.lag.ms": "3600000", "segment.ms": "3600000"}
        else:
            milliseconds = int(self.retention.total_seconds() * 1_000)
            # A segment is only deleted once it is closed.
            kept = {"cleanup.policy": "delete", "retention.ms": str(milliseconds)}
            kept["segment.ms"] = str(max(60_000, min(milliseconds // 4, 86_400_000)))
        return {**self.config, **kept, "max.message.bytes": str(self.max_message_bytes)}


def _changelog(name: str, key: str, value: str) -> Topic:
    return Topic(name, key, value, None, max_message_bytes=MAX_STATE_BYTES)


LISTENING_EVENTS = Topic("listening-events", "listener_id", "ListeningEvent", timedelta(days=7))
CHAT_TURNS = Topic("chat-turns", "listener_id", "ChatTurn", timedelta(days=7))
REQUESTS = Topic("requests", "listener_id", "RecommendationRequest", timedelta(hours=1))
PLAYLIST_EVENTS = Topic("playlist-events", "playlist_id", "PlaylistEvent", timedelta(days=30))
# A checkpoint knows tracks that are gone; tombstones stay for as long as one may be served.
KEEPS_TOMBSTONES = {**BROKER_CONFIG, "delete.retention.ms": str(365 * 86_400_000)}
CATALOG = Topic("catalog", "track_id", "Track", None, config=dict(KEEPS_TOMBSTONES))
TRACK_TOKENS = Topic(
    "track-tokens",
    "track_id",
    "TrackTokens",
    None,
    max_message_bytes=MAX_STATE_BYTES,
    config=dict(KEEPS_TOMBSTONES),
)
ANSWERS = Topic("answers", "", "RecommendationList", timedelta(minutes=10))
RECOMMENDATIONS = Topic("recommendations", "listener_id", "RecommendationList", timedelta(days=1))
# Room for the largest message and the headers that say what was wrong with it.
DEAD_LETTER = Topic(
    "dead-letter",
    "original key",
    "original bytes",
    timedelta(days=14),
    partitions=1,
    max_message_bytes=MAX_STATE_BYTES,
)

# What track_tokens tells itself: changes of pairs, in the partition that owns the track; MessagePack, not for others.
TRACK_DELTAS = Topic("track-deltas", "", "changes of pairs", timedelta(days=7))

# The changelogs of the Faust tables, named as Faust names them: application, table, `changelog`.
SESSIONS_CHANGELOG = _changelog("segue-sessions-sessions-changelog", "listener_id", "session state")
PLAYLISTS_CHANGELOG = _changelog("segue-track-tokens-playlists-changelog", "playlist_id", "playlist state")
TRACKS_CHANGELOG = _changelog("segue-track-tokens-tracks-changelog", "track_id", "track state")

TOPICS = (
    LISTENING_EVENTS,
    CHAT_TURNS,
    REQUESTS,
    PLAYLIST_EVENTS,
    CATALOG,
    TRACK_TOKENS,
    ANSWERS,
    RECOMMENDATIONS,
    DEAD_LETTER,
    TRACK_DELTAS,
    SESSIONS_CHANGELOG,
    PLAYLISTS_CHANGELOG,
    TRACKS_CHANGELOG,
)

# Read by one agent, so that one writer owns a listener's state: the same key lies in the same partition of each.
SESSION_TOPICS = (LISTENING_EVENTS, CHAT_TURNS, REQUESTS)
# The same for a track's state.
TRACK_TOPICS = (TRACK_DELTAS, CATALOG)
