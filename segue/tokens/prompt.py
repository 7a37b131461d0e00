"""A listener's past as one bounded sequence of positions, the same in training and in serving.

A position is an integer: a track's row in the index where it is zero or more, else the plain token `-position - 1`.
Each track takes one position; what was done with it follows when it was not simply played, and time that passed comes
before. The newest sitting is told in full; of earlier ones only the tracks that were taken, the newest few. Knows
sessions and queries; knows nothing about embeddings or the model.

    START  EARLIER t1 t8  DAYS t5  t9 LIKED  HOURS t2 SKIPPED  SAID something calmer  OFFERED t3 t4  t7
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from segue.events import ListeningAction
from segue.ranking import Query
from segue.session import Offer, Session, SessionEvent, SessionTurn
from segue.tokens.vocabulary import Control, Vocabulary, elapsed
from segue.tokens.words import words

MAX_POSITIONS = 96
MAX_TURN_WORDS = 32
# Earlier sittings are told by so many, and each by so many of its tracks; a list that was offered by its first ones.
MAX_EARLIER = 3
MAX_EARLIER_TRACKS = 6
MAX_OFFERED = 5
# A prompt of more moments than this begins at a milestone, if there is one among so many of its oldest.
MANY_BLOCKS = 40
MILESTONE_REACH = 24
NO_TARGET = -1  # as a position it would be START, which nothing predicts

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
    """Something that happened: a track (row zero or more) with what was done, or words said or tracks offered (row -1).

    `sitting` names the sitting that it belongs to; what has no name belongs to the same as what came before it.
    """

    time_ms: int
    row: int
    control: Control | None = None
    said: tuple[int, ...] = ()
    offered: tuple[int, ...] = ()
    sitting: str = ""

    @property
    def is_track(self) -> bool:
        """Whether a track was played or judged."""
        return self.row >= 0

    @property
    def is_turn(self) -> bool:
        """Whether something was said."""
        return self.row < 0 and not self.offered

    @property
    def wanted(self) -> bool:
        """Whether this is a track that the listener took: what a recommender should have said."""
        return self.is_track and self.control not in _UNWANTED


@dataclass(frozen=True, slots=True)
class TokenSequence:
    """Positions, and for each what is to be predicted there, written like a position, or NO_TARGET."""

    positions: tuple[int, ...]
    targets: tuple[int, ...]


def plain(token: int) -> int:
    """Return the position that holds a plain token."""
    return -token - 1


def turn_moment(turn: SessionTurn, vocabulary: Vocabulary) -> Moment:
    """Return an utterance as a moment, cut after MAX_TURN_WORDS words."""
    said = tuple(vocabulary.word(word) for word in words(turn.text)[:MAX_TURN_WORDS])
    return Moment(turn.time_ms, -1, said=said, sitting=turn.session_id)


def event_moment(event: SessionEvent, rows: Mapping[str, int]) -> Moment | None:
    """Return a listening event as a moment; None for a track or an action that is not known."""
    row = rows.get(event.track_id)
    known = 0 < event.action_number < len(_ACTIONS)
    if not known or row is None:
        return None
    return Moment(event.time_ms, row, _CONTROLS[_ACTIONS[event.action_number]], sitting=event.session_id)


def offer_moment(time_ms: int, track_ids: Iterable[str], rows: Mapping[str, int], sitting: str = "") -> Moment:
    """Return a list that was recommended as a moment: the first MAX_OFFERED of its tracks that are known."""
    offered = [rows[track_id] for track_id in track_ids if track_id in rows]
    return Moment(time_ms, -1, offered=tuple(offered[:MAX_OFFERED]), sitting=sitting)


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
        if joined and moment.is_track and (joined[-1].row, joined[-1].sitting) == (moment.row, moment.sitting):
            strongest = max(joined[-1].control, moment.control, key=_STRENGTH.index)
            joined[-1] = joined[-1]._replace(control=strongest)
        else:
            joined.append(moment)
    return joined


def query_moments(query: Query, rows: Mapping[str, int], vocabulary: Vocabulary) -> list[Moment]:
    """Return what a query tells: the session and what was offered in it, then the seeds, then the utterance to answer.

    The utterance is last whatever its time.
    """
    turns = query.session.turns
    asked = turns[-1] if turns and turns[-1].text == query.utterance else None
    told = session_moments(query.session, rows, vocabulary, leave_out=asked)
    offers = (_passed_over(offer, query.session, rows) for offer in query.offered)
    moments = sorted((*told, *(offer for offer in offers if offer.offered)), key=lambda moment: moment.time_ms)
    newest_ms = moments[-1].time_ms if moments else query.now_ms
    moments += [Moment(newest_ms, rows[seed], Control.SEED) for seed in query.seed_track_ids if seed in rows]
    if query.utterance:
        moments.append(turn_moment(SessionTurn(newest_ms, "", query.utterance), vocabulary))
    return moments


def _passed_over(offer: Offer, session: Session, rows: Mapping[str, int]) -> Moment:
    """Return what the listener left of a list: what they played or judged of it is told as that."""
    taken = {event.track_id for event in session.events if event.time_ms >= offer.time_ms}
    left = (track_id for track_id in offer.track_ids if track_id not in taken)
    return offer_moment(offer.time_ms, left, rows, offer.session_id)


def prompt(moments: Sequence[Moment], now_ms: int = 0) -> tuple[int, ...]:
    """Return the positions of the newest moments that fit; the last one is where the next track is predicted."""
    sequence = write(moments, limit=MAX_POSITIONS - 1)
    since = elapsed(now_ms - moments[-1].time_ms) if moments and not moments[-1].said else None
    return sequence.positions if since is None else (*sequence.positions, plain(since))


def write(moments: Sequence[Moment], limit: int = MAX_POSITIONS, first_target: int = 0) -> TokenSequence:
    """Return the newest moments that fit in `limit` positions, with what is to be predicted at each.

    A wanted track is predicted where the moment before it ends, and again after the time that passed until then; the
    words of an utterance one after the other. Nothing of earlier sittings is predicted, nor of moments before
    `first_target`.
    """
    begins = newest_sitting(moments)
    blocks = [*_earlier(moments[:begins]), *_full(moments, begins, first_target)]
    first = _first_told(blocks, limit - 1)
    positions, targets = [plain(Control.START)], [NO_TARGET]
    for block in blocks[first:]:
        targets[-1] = block.wanted
        positions += block.positions
        targets += block.targets
    return TokenSequence(tuple(positions), tuple(targets))


def newest_sitting(moments: Sequence[Moment]) -> int:
    """Return the place at which the newest sitting begins."""
    newest = next((moment.sitting for moment in reversed(moments) if moment.sitting), "")
    begins = len(moments)
    while begins and moments[begins - 1].sitting in ("", newest):
        begins -= 1
    return begins


class _Block(NamedTuple):
    """The positions of one moment, what is predicted at each, and what is predicted where the block before it ends."""

    positions: list[int]
    targets: list[int]
    wanted: int = NO_TARGET

    @property
    def is_milestone(self) -> bool:
        """Whether the block is one of those, about one in six, at which a long prompt may begin."""
        row = max(self.positions)
        return row >= 0 and (row * 2_654_435_761 >> 7) % 6 == 0  # Knuth's multiplicative hash


def _first_told(blocks: Sequence[_Block], room: int) -> int:
    """Return the place of the oldest block that is told: all that follow fit in `room` positions.

    A full state loses its oldest moment with each new one. If each prompt began one moment later than the last, nothing
    that was read of the last could be used again, so a long one begins at a milestone: a block that its content marks.
    """
    first = len(blocks)
    while first and len(blocks[first - 1].positions) <= room:
        first -= 1
        room -= len(blocks[first].positions)
    if len(blocks) <= MANY_BLOCKS:
        return first
    nearby = range(first, min(first + MILESTONE_REACH, len(blocks)))
    return next((place for place in nearby if blocks[place].is_milestone), first)


def _earlier(moments: Sequence[Moment]) -> list[_Block]:
    """Return a block for each of the newest earlier sittings: the tracks that were taken in it, each once."""
    blocks: list[_Block] = []
    while moments and len(blocks) < MAX_EARLIER:
        begins = newest_sitting(moments)
        taken = dict.fromkeys(moment.row for moment in reversed(moments[begins:]) if moment.wanted)
        rows = list(reversed(list(taken)[:MAX_EARLIER_TRACKS]))
        if rows:
            blocks.append(_Block([plain(Control.EARLIER), *rows], [NO_TARGET] * (1 + len(rows))))
        moments = moments[:begins]
    return blocks[::-1]


def _full(moments: Sequence[Moment], begins: int, first_target: int) -> Iterator[_Block]:
    for place in range(begins, len(moments)):
        moment = moments[place]
        since = elapsed(moment.time_ms - moments[place - 1].time_ms) if place else None
        block = _block(moment, [] if since is None else [plain(since)])
        yield block if place >= first_target else _Block(block.positions, [NO_TARGET] * len(block.positions))


def _block(moment: Moment, time: list[int]) -> _Block:
    if moment.is_track:
        done = [] if moment.control is None else [plain(moment.control)]
        wanted = moment.row if moment.wanted else NO_TARGET
        return _Block([*time, moment.row, *done], [wanted] * len(time) + [NO_TARGET] * (1 + len(done)), wanted)
    if moment.offered:
        return _Block(
            [*time, plain(Control.OFFERED), *moment.offered], [NO_TARGET] * (len(time) + 1 + len(moment.offered))
        )
    said = [plain(word) for word in moment.said]
    return _Block([*time, plain(Control.SAID), *said], [NO_TARGET] * len(time) + [*said, NO_TARGET])
