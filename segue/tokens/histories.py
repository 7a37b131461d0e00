"""What a dataset tells, as histories: playlists, listening sessions and dialogues as one kind of list of moments.

Knows rows of a dataset and the moments of `segue/tokens/prompt.py`. What lies at or after a given time is left out
where a reader asks for it, so that a model can be trained as of a day in the past.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from segue.catalog import Track
from segue.dataset import Dataset, Dialogue, ListeningSession, Playlist
from segue.events import ListeningAction
from segue.session import SessionEvent, SessionTurn, to_ms
from segue.tokens.prompt import Moment, event_moment, merged, offer_moment, turn_moment
from segue.tokens.vocabulary import Control, Vocabulary
from segue.tokens.words import WordVocabulary

PLAYLIST, SESSION, DIALOGUE = "playlist", "session", "dialogue"
# One undated history in so many is held back.
_UNDATED_HELD_BACK = 20
_ACTIONS = tuple(ListeningAction)


@dataclass(frozen=True, slots=True)
class History:
    """One playlist, session or dialogue, oldest moment first; `texts` are its utterances, in order.

    `removed_ms` tells, for each moment of a playlist, when the track left it again.
    """

    kind: str
    name: str
    moments: tuple[Moment, ...]
    texts: tuple[str, ...] = ()
    removed_ms: tuple[int | None, ...] = ()
    label: str = ""

    @property
    def dated(self) -> bool:
        """Whether its moments carry times."""
        return any(moment.time_ms for moment in self.moments)


def existing_tracks(dataset: Dataset, until_ms: int | None) -> list[Track]:
    """Return the catalogue as of a time: without the tracks that are first seen in a playlist or a session after it."""
    tracks = list(dataset.tracks())
    if until_ms is None:
        return tracks
    first: dict[str, int] = {}
    for track_id, time_ms in sightings(dataset):
        first[track_id] = min(time_ms, first.get(track_id, time_ms))
    return [track for track in tracks if first.get(track.track_id, 0) < until_ms]


def word_vocabulary(
    dataset: Dataset, tracks: Sequence[Track], most: int, buckets: int, more: Sequence[Dialogue] = ()
) -> Vocabulary:
    """List the words of utterances, tags and titles that occur most, those of `more` dialogues among them."""
    said = (turn.text for dialogue in (*dataset.dialogues(), *more) for turn in dialogue.turns)
    told = (" ".join((track.title, *track.tags)) for track in tracks)
    return Vocabulary(WordVocabulary.of_texts((text for texts in (said, told) for text in texts), most, buckets))


def read_histories(
    dataset: Dataset, rows: Mapping[str, int], vocabulary: Vocabulary, until_ms: int | None = None
) -> list[History]:
    """Return every history with at least two moments before `until_ms`; tracks without a row are left out."""
    found = [
        *(playlist_history(playlist, rows) for playlist in dataset.playlists()),
        *listener_histories(dataset.sessions(), rows),
        *(dialogue_history(dialogue, rows, vocabulary) for dialogue in dataset.dialogues()),
    ]
    cut = (history if until_ms is None else before(history, until_ms) for history in found)
    return [history for history in cut if len(history.moments) > 1]


def playlist_history(playlist: Playlist, rows: Mapping[str, int]) -> History:
    """Return a playlist's additions in the order of their times, then of the list."""
    stays = sorted(
        (
            (_ms(entry.added_at), place, rows[entry.track_id], entry.removed_at)
            for place, entry in enumerate(playlist.entries)
            if entry.track_id in rows
        ),
        key=lambda stay: stay[:2],
    )
    return History(
        PLAYLIST,
        playlist.playlist_id,
        tuple(Moment(time_ms, row) for time_ms, _, row, _ in stays),
        removed_ms=tuple(None if removed is None else to_ms(removed) for _, _, _, removed in stays),
        label=playlist.name,
    )


def listener_histories(sessions: Iterable[ListeningSession], rows: Mapping[str, int]) -> list[History]:
    """Return one history for each listener: all sittings in the order of time, several actions on one track joined.

    A sitting that names no listener is a history of its own.
    """
    found: dict[str, list[Moment]] = {}
    for session in sessions:
        found.setdefault(whose(session), []).extend(_sitting_moments(session, rows))
    return [
        History(SESSION, name, tuple(merged(sorted(moments, key=lambda moment: moment.time_ms))))
        for name, moments in found.items()
    ]


def whose(session: ListeningSession) -> str:
    """Return the name of the history that a sitting belongs to."""
    return f"listener {session.listener_id}" if session.listener_id else f"session {session.session_id}"


def _sitting_moments(session: ListeningSession, rows: Mapping[str, int]) -> Iterator[Moment]:
    for event in session.events:
        number = _ACTIONS.index(event.action)
        played = SessionEvent(_ms(event.event_time), "", event.track_id, number, session.session_id)
        if (moment := event_moment(played, rows)) is not None:
            yield moment


def dialogue_history(dialogue: Dialogue, rows: Mapping[str, int], vocabulary: Vocabulary) -> History:
    """Return the utterances of a dialogue, each followed by what was liked, disliked and passed over of its answer."""
    moments: list[Moment] = []
    for turn in dialogue.turns:
        if turn.text:
            moments.append(turn_moment(SessionTurn(0, "", turn.text), vocabulary))
        liked = (Moment(0, rows[track_id], Control.LIKED) for track_id in turn.liked_track_ids if track_id in rows)
        disliked = (
            Moment(0, rows[track_id], Control.DISLIKED) for track_id in turn.disliked_track_ids if track_id in rows
        )
        judged = {*turn.liked_track_ids, *turn.disliked_track_ids}
        passed = offer_moment(0, (each for each in turn.recommended_track_ids if each not in judged), rows)
        moments += [*liked, *disliked, *([passed] if passed.offered else [])]
    texts = tuple(turn.text for turn in dialogue.turns if turn.text)
    return History(DIALOGUE, dialogue.dialogue_id, tuple(moments), texts)


def before(history: History, until_ms: int) -> History:
    """Return the part of a history that happened before a time; what is undated did."""
    kept = sum(moment.time_ms < until_ms for moment in history.moments)
    return cut(history, kept)


def cut(history: History, kept: int) -> History:
    """Return the first `kept` moments of a history."""
    texts = history.texts[: sum(moment.is_turn for moment in history.moments[:kept])]
    return replace(history, moments=history.moments[:kept], texts=texts, removed_ms=history.removed_ms[:kept])


def held_back_from(history: History, validation_ms: int) -> int:
    """Return the place of the first moment that training may not see.

    Dated histories are cut at a time; of the others, one in twenty is held back whole, chosen by its name.
    """
    if history.dated:
        return sum(moment.time_ms < validation_ms for moment in history.moments)
    held = zlib.crc32(history.name.encode()) % _UNDATED_HELD_BACK == 0
    return 0 if held else len(history.moments)


def sightings(dataset: Dataset) -> Iterator[tuple[str, int]]:
    """Yield every track that a playlist gained or a sitting held, with the time in Unix milliseconds; 0 if undated."""
    for playlist in dataset.playlists():
        yield from ((entry.track_id, _ms(entry.added_at)) for entry in playlist.entries)
    for session in dataset.sessions():
        yield from ((event.track_id, _ms(event.event_time)) for event in session.events)


def _ms(time: datetime | None) -> int:
    return 0 if time is None else to_ms(time)
