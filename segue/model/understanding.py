"""What a query's words mean for one catalogue: each turn read with what its listener had before them, then what stands.

Turns of one conversation count: of one session, with no pause longer than PAUSE_MS. Readings are kept, because the
same turns come again with every event. Knows queries, an index and its names; knows no scores.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from segue.catalog import Track
from segue.model.index import Index
from segue.ranking import Query
from segue.session import SessionTurn, from_ms
from segue.wishes.names import NameBook
from segue.wishes.pointing import Shown
from segue.wishes.standing import NOTHING, Standing, standing
from segue.wishes.turn import read
from segue.wishes.wish import Reading, Wish

PAUSE_MS = 6 * 3_600_000
_MOST_READINGS = 20_000
# So many lists back somebody may point.
_LISTS = 3


@dataclass(frozen=True, slots=True)
class KnownCatalogue:
    """The names and tracks of one index, for the reader of turns."""

    index: Index
    book: NameBook

    @property
    def words(self) -> Container[str]:
        """The words that some track carries."""
        return self.index.by_word

    def track(self, track_id: str) -> Track | None:
        """Return a track that may be recommended."""
        row = self.index.rows.get(track_id)
        return None if row is None else self.at(row)

    def at(self, row: int) -> Track | None:
        """Return the track of a row, if it may be recommended."""
        return self.index.tracks[row] if row < len(self.index) and self.index.recommendable[row] else None


@dataclass(frozen=True, slots=True)
class Understood:
    """What stands, the turns that it comes from, and the tracks that the conversation has shown and that were heard.

    `said_in` names the newest turn that says a wish.
    """

    stands: Standing = NOTHING
    turns: tuple[SessionTurn, ...] = ()
    offered: tuple[str, ...] = ()
    heard: frozenset[str] = frozenset()
    said_in: Mapping[Wish, str] = field(default_factory=dict)


class Understanding:
    """Reads queries; keeps what it read."""

    def __init__(self) -> None:
        self._readings: OrderedDict[tuple[str, Shown, int, int], Reading] = OrderedDict()

    def of(self, query: Query, known: KnownCatalogue) -> Understood:
        """Return what the query's words mean; a query without words has what the conversation left standing."""
        turns = conversation(query)
        heard = frozenset(event.track_id for event in query.session.events)
        if not turns:
            return Understood(heard=heard)
        readings = [self._read(turn, query, known) for turn in turns]
        said_in = {wish: turn.turn_id for turn, reading in zip(turns, readings, strict=True) for wish in reading.wishes}
        stands = standing(readings)
        if not query.utterance:
            # The answer to what was heard: what the last turn asked for once is done.
            stands = Standing(stands.wishes, stands.texts, stands.said)
        shown = dict.fromkeys(track for offer in query.offered for track in offer.track_ids)
        return Understood(stands, tuple(turns), tuple(shown), heard, said_in)

    def _read(self, turn: SessionTurn, query: Query, known: KnownCatalogue) -> Reading:
        shown = _shown(query, turn.time_ms)
        year = from_ms(turn.time_ms).year
        # Who said a title before the catalogue had it is understood once it does.
        key = turn.text, shown, year, known.book.learned
        reading = self._readings.pop(key, None) or read(turn.text, shown, known, year)
        self._readings[key] = reading
        if len(self._readings) > _MOST_READINGS:
            self._readings.popitem(last=False)
        return reading


def conversation(query: Query) -> list[SessionTurn]:
    """Return the turns of the conversation that goes on, oldest first, the utterance to answer last."""
    turns = list(query.session.turns)
    if query.utterance and not (turns and turns[-1].text == query.utterance):
        turns.append(SessionTurn(query.now_ms, "", query.utterance, turns[-1].session_id if turns else ""))
    kept: list[SessionTurn] = []
    newer_ms = query.now_ms or (turns[-1].time_ms if turns else 0)
    for turn in reversed(turns):
        if newer_ms - turn.time_ms > PAUSE_MS or (kept and turn.session_id != kept[-1].session_id):
            break
        kept.append(turn)
        newer_ms = turn.time_ms
    return kept[::-1]


def _shown(query: Query, time_ms: int) -> Shown:
    """Return what the listener had before them when they spoke."""
    offers = [offer for offer in query.offered if offer.time_ms < time_ms][-_LISTS:]
    heard = [event for event in query.session.events if event.time_ms <= time_ms][-1:]
    newer = bool(heard) and (not offers or heard[0].time_ms > offers[-1].time_ms)
    return Shown(tuple(offer.track_ids for offer in offers), _first(event.track_id for event in heard), newer)


def _first(track_ids: Iterable[str]) -> str:
    return next(iter(track_ids), "")
