"""Who does what in the demo: listening sessions and playlist edits of a dataset, as if they happened now.

Knows the dataset; sends nothing. Every event is dated when it is asked for, a moment before it is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from segue.dataset import Dataset, ListeningSession, SessionRow
from segue.events import ListeningAction, ListeningEvent, PlaylistAction, PlaylistEvent

LISTENERS = 30
EVENTS_A_LISTENER = 10
PLAYLISTS = 40
SPEAKER = "you"
OPENING = "Something to sing along to."
# What comes after the opening; {title} is the first track of the answer before.
REPLIES = ("More like {title}, please.", "And now something calm, for late in the evening.")


@dataclass(frozen=True, slots=True)
class Script:
    """What happens: sessions of other listeners and playlists over the log, one listener's own over gRPC."""

    titles: dict[str, str]
    sessions: Sequence[ListeningSession]
    own: ListeningSession
    edits: Sequence[tuple[str, str]]  # playlist id, track id
    conversation: Sequence[str]
    speaker: str = SPEAKER

    @property
    def steps(self) -> int:
        """How many events go over the log."""
        return len(self.edits) + sum(len(session.events) for session in self.sessions)

    def events(self) -> Iterator[ListeningEvent | PlaylistEvent]:
        """Yield the events of the log: everyone's first, everyone's second, and so on, with edits in between."""
        edits = iter(enumerate(self.edits))
        for place in range(max(len(session.events) for session in self.sessions)):
            for session in self.sessions:
                if place < len(session.events):
                    yield _listening(session, place, session.events[place], session.listener_id)
            for number, edit in islice(edits, len(self.edits) // EVENTS_A_LISTENER + 1):
                yield _edit(number, *edit)

    def calls(self) -> Iterator[ListeningEvent]:
        """Yield the speaker's own events."""
        for place, row in enumerate(self.own.events):
            yield _listening(self.own, place, row, self.speaker)


def read_script(folder: Path) -> Script:
    """Choose what happens from a dataset folder. Raises DatasetError."""
    dataset = Dataset.open(folder)
    # Another listener's session each, from the first that have enough to tell.
    chosen: dict[str, ListeningSession] = {}
    for session in dataset.sessions():
        if len(session.events) >= EVENTS_A_LISTENER and session.listener_id not in chosen:
            chosen[session.listener_id] = _shortened(session)
        if len(chosen) > LISTENERS:
            break
    own, *others = chosen.values()
    edits = [
        (playlist.playlist_id, playlist.entries[-1].track_id) for playlist in islice(dataset.playlists(), PLAYLISTS)
    ]
    opening = next((dialogue.turns[0].text for dialogue in dataset.dialogues() if dialogue.turns), OPENING)
    titles = {track.track_id: f"{track.title} – {', '.join(track.artists)}" for track in dataset.tracks()}
    # A brace in an utterance is no placeholder.
    first = opening.replace("{", "{{").replace("}", "}}")
    return Script(titles, others, own, edits, (first, *REPLIES))


def _shortened(session: ListeningSession) -> ListeningSession:
    return ListeningSession(session.session_id, session.listener_id, session.events[:EVENTS_A_LISTENER])


def _listening(session: ListeningSession, place: int, row: SessionRow, listener: str) -> ListeningEvent:
    return ListeningEvent(
        event_id=f"demo-{session.session_id}-{place}",
        listener_id=listener,
        session_id=session.session_id,
        track_id=row.track_id,
        action=row.action or ListeningAction.PLAY_STARTED,
        event_time=datetime.now(UTC),
        position_seconds=row.position_seconds,
    )


def _edit(number: int, playlist_id: str, track_id: str) -> PlaylistEvent:
    return PlaylistEvent(f"demo-edit-{number}", playlist_id, PlaylistAction.TRACK_ADDED, track_id, datetime.now(UTC))
