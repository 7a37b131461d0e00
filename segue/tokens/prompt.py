"""A listener's past as one bounded sequence of positions, the same in training and in serving.

A position is an integer: a track's row in the index where it is zero or more, else the plain token `-position - 1`.
Each track takes one position; what was done with it follows when it was not simply played, and time that passed comes
before. Knows sessions and queries; knows nothing about embeddings or the model.

    START  t5  t9 LIKED  HOURS t2 SKIPPED  SAID something calmer  t7
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from segue.events import ListeningAction
from segue.ranking import Query
from segue.session import Session, SessionEvent, SessionTurn
from segue.tokens.vocabulary import Control, Vocabulary, elapsed
from segue.tokens.words import words

MAX_POSITIONS = 64
MAX_TURN_WORDS = 32
NO_TARGET = -1

_ACTIONS = tuple(ListeningAction)
_CONTROLS: dict[ListeningAction, Control | None] = {
    ListeningAction.PLAY_STARTED: Control.STARTED,
    ListeningAction.PLAY_FINISHED: None,
    ListeningAction.PLAY_SKIPPED: Control.SKIPPED,
    ListeningAction.LIKED: Control.LIKED,
    ListeningAction.DISLIKED: Control.DISLIKED,
}
# Of several things done with one track in a row, the last of these that occurs is told.
_STRENGTH: tuple[Control | None, ...] = (
    Control.STARTED,
    None,
    Control.SEED,
    Control.SKIPPED,
    Control.LIKED,
    Control.DISLIKED,
)
_UNWANTED = (Control.SKIPPED, Control.DISLIKED)


class Moment(NamedTuple):
    """Something that happened: a track (row zero or more) with what was done, or words said (row negative)."""

    time_ms: int
    row: int
    control: Control | None = None
    said: tuple[int, ...] = ()

    @property
    def is_track(self) -> bool:
        """Whether a track was played or judged."""
        return self.row >= 0

    @property
    def wanted(self) -> bool:
        """Whether this is a track that the listener took: what a recommender should have said."""
        return self.is_track and self.control not in _UNWANTED


@dataclass(frozen=True, slots=True)
class TokenSequence:
    """Positions, and for each the row of the track to be predicted there, or NO_TARGET."""

    positions: tuple[int, ...]
    targets: tuple[int, ...]


def plain(token: int) -> int:
    """Return the position that holds a plain token."""
    return -token - 1


def turn_moment(turn: SessionTurn, vocabulary: Vocabulary) -> Moment:
    """Return an utterance as a moment, cut after MAX_TURN_WORDS words."""
    return Moment(turn.time_ms, -1, said=tuple(vocabulary.word(word) for word in words(turn.text)[:MAX_TURN_WORDS]))


def event_moment(event: SessionEvent, rows: Mapping[str, int]) -> Moment | None:
    """Return a listening event as a moment; None for a track or an action that is not known."""
    row = rows.get(event.track_id)
    known = 0 < event.action_number < len(_ACTIONS)
    return Moment(event.time_ms, row, _CONTROLS[_ACTIONS[event.action_number]]) if known and row is not None else None


def session_moments(
    session: Session, rows: Mapping[str, int], vocabulary: Vocabulary, leave_out: SessionTurn | None = None
) -> list[Moment]:
    """Return what the session tells, oldest first; several actions on one track in a row are one moment."""
    played = [moment for event in session.events if (moment := event_moment(event, rows)) is not None]
    said = [turn_moment(turn, vocabulary) for turn in session.turns if turn is not leave_out]
    return merged(sorted((*played, *said), key=lambda moment: moment.time_ms))


def merged(moments: Iterable[Moment]) -> list[Moment]:
    """Return the moments with runs of one track joined: started, finished and liked become liked."""
    joined: list[Moment] = []
    for moment in moments:
        if joined and moment.is_track and joined[-1].row == moment.row:
            strongest = max(joined[-1].control, moment.control, key=_STRENGTH.index)
            joined[-1] = joined[-1]._replace(control=strongest)
        else:
            joined.append(moment)
    return joined


def query_moments(query: Query, rows: Mapping[str, int], vocabulary: Vocabulary) -> list[Moment]:
    """Return what a query tells: the session, then the seeds, then the utterance to answer, last whatever its time."""
    turns = query.session.turns
    asked = turns[-1] if turns and turns[-1].text == query.utterance else None
    moments = session_moments(query.session, rows, vocabulary, leave_out=asked)
    newest_ms = moments[-1].time_ms if moments else query.now_ms
    moments += [Moment(newest_ms, rows[seed], Control.SEED) for seed in query.seed_track_ids if seed in rows]
    if query.utterance:
        moments.append(turn_moment(SessionTurn(newest_ms, "", query.utterance), vocabulary))
    return moments


def prompt(moments: Sequence[Moment], now_ms: int = 0) -> tuple[int, ...]:
    """Return the positions of the newest moments that fit; the last one is where the next track is predicted."""
    sequence = write(moments, limit=MAX_POSITIONS - 1)
    since = elapsed(now_ms - moments[-1].time_ms) if moments and not moments[-1].said else None
    return sequence.positions if since is None else (*sequence.positions, plain(since))


def write(moments: Sequence[Moment], limit: int = MAX_POSITIONS) -> TokenSequence:
    """Return the newest moments that fit in `limit` positions, with the track to be predicted at each.

    A wanted track is predicted where the moment before it ends, and again after the time that passed until then.
    """
    blocks = [
        _block(moment, moments[place - 1].time_ms if place else moment.time_ms) for place, moment in enumerate(moments)
    ]
    first, room = len(blocks), limit - 1
    while first and len(blocks[first - 1]) <= room:
        first -= 1
        room -= len(blocks[first])
    positions, targets = [plain(Control.START)], [NO_TARGET]
    for moment, block in zip(moments[first:], blocks[first:], strict=True):
        target = moment.row if moment.wanted else NO_TARGET
        targets[-1] = target
        positions += block
        targets += [
            target if moment.is_track and place < block.index(moment.row) else NO_TARGET for place in range(len(block))
        ]
    return TokenSequence(tuple(positions), tuple(targets))


def _block(moment: Moment, before_ms: int) -> list[int]:
    since = elapsed(moment.time_ms - before_ms)
    time = [] if since is None else [plain(since)]
    if not moment.is_track:
        return [*time, plain(Control.SAID), *map(plain, moment.said)]
    return [*time, moment.row, *([] if moment.control is None else [plain(moment.control)])]
