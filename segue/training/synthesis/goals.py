"""Plans of dialogues, drawn from playlists: a stretch of one, in its real order, cut into turns of one to four tracks.

As in TalkPlay (arXiv 2502.13713), the playlist is the answer and the dialogue is found for it; as in LP-MusicDialog
(arXiv 2411.07439), each turn asks for attributes that hold for its tracks; as in TalkTheWalk (arXiv 2301.11489), what
is shown beside them comes from other playlists. Near tracks that lack what was asked are shown too, and disliked.
Knows playlists and traits, no words.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from segue.dataset import Dataset
from segue.errors import DatasetError
from segue.training.synthesis.plan import (
    Act,
    Aspect,
    DialoguePlan,
    Facet,
    Feedback,
    Mention,
    Request,
    TurnPlan,
)
from segue.training.synthesis.requests import WEIGHTS, Asking, Standing, standing_request
from segue.training.synthesis.shelf import Shelf, ShelvedList
from segue.world.dice import Dice

FEWEST_TURNS, MOST_TURNS = 2, 7
MOST_TRACKS_A_TURN = 4
NEAR_TRACKS = 16
# In CPCD 30 % of the turns have disliked results; most of those are early ones.
DISTRACTED = (0.55, 0.45, 0.35, 0.25)
CLOSES = 0.25


def draw_plans(
    dataset: Dataset, count: int, seed: int, until_ms: int | None = None, without: Container[str] = ()
) -> Iterator[DialoguePlan]:
    """Yield `count` plans; the same dataset, seed and time give the same ones, and plan n does not depend on `count`.

    Only what was in playlists before `until_ms` (Unix milliseconds) is used; `without` holds ids of playlists to leave
    alone. Raises DatasetError where no playlist has three known tracks by then.
    """
    shelf = Shelf.of(dataset, until_ms, without)
    if not shelf.lists:
        raise DatasetError(
            f"{dataset.folder} has no playlist with three tracks of the catalogue before the cut to make dialogues from"
        )
    for number in range(count):
        yield _Drawing(shelf, seed, number).plan()


class _Drawing:
    """One dialogue on its way: a playlist, where we are in it, and what has been said and shown."""

    def __init__(self, shelf: Shelf, seed: int, number: int) -> None:
        self._shelf = shelf
        self._book = shelf.book
        self._seed, self._number = seed, number
        self._dice = Dice(seed, "synthesis", number)
        self._list: ShelvedList = shelf.draw(self._dice)
        self._members = {int(row) for row in self._list.rows}
        self._standing = Standing(self._list.own_words)
        self._shown: set[int] = set()

    def plan(self) -> DialoguePlan:
        turns: list[TurnPlan] = []
        for wanted in self._stretch():
            turns.append(self._turn(wanted, turns[-1] if turns else None))
        if self._dice.chance(CLOSES):
            turns.append(TurnPlan(Request(Act.CLOSE), pleased=_pleased(turns[-1])))
        return DialoguePlan(f"synthetic-{self._seed}-{self._number:06d}", self._seed, self._number, tuple(turns))

    def _stretch(self) -> Iterator[list[int]]:
        """Yield the wanted tracks of each turn: neighbouring ones, in the playlist's order."""
        rows = [int(row) for row in self._list.rows]
        turns = self._dice.between(FEWEST_TURNS, MOST_TURNS)
        place = self._dice.between(0, max(0, len(rows) - 2 * turns))
        for _ in range(turns):
            if place >= len(rows):
                return
            size = self._size(rows[place : place + MOST_TRACKS_A_TURN])
            yield rows[place : place + size]
            place += size

    def _size(self, ahead: Sequence[int]) -> int:
        """Return how many of the next tracks make a turn: of two draws the one whose tracks have more in common."""
        sizes = [min(len(ahead), self._dice.between(1, MOST_TRACKS_A_TURN)) for _ in range(2)]
        return max(sizes, key=lambda size: (self._in_common(ahead[:size]) > 0, size))

    def _in_common(self, rows: Sequence[int]) -> int:
        return sum(facet.aspect in WEIGHTS or facet.aspect is Aspect.ARTIST for facet in self._book.shared(rows))

    def _turn(self, wanted: list[int], last: TurnPlan | None) -> TurnPlan:
        near = [
            row
            for row in dict.fromkeys(self._shelf.near(self._dice, wanted, NEAR_TRACKS))
            if row not in self._members and row not in self._shown
        ]
        request = Asking(self._dice, self._book, self._standing, wanted, near).draw()
        feedback = self._feedback(request, last) if last is not None else ()
        wrong = self._wrong(standing_request(self._standing, request), near)
        shown = [*wanted]
        for row in wrong:
            shown.insert(self._dice.between(0, len(shown)), row)
        self._shown |= set(shown)
        self._standing.heard(request, wanted, wrong)
        return TurnPlan(
            request=request,
            feedback=feedback,
            pleased=None if last is None else _pleased(last),
            shown=tuple(self._book.named(row) for row in shown),
            liked_track_ids=tuple(self._book.named(row).track_id for row in wanted),
            disliked_track_ids=tuple(self._book.named(row).track_id for row in wrong),
        )

    def _wrong(self, request: Request, near: Sequence[int]) -> list[int]:
        """Return near tracks that are not what was asked for; of a vague request only now and then."""
        turn = min(len(DISTRACTED) - 1, len(self._shown) // MOST_TRACKS_A_TURN)
        checkable = self._book.checkable(request)
        if not self._dice.chance(DISTRACTED[turn] * (1.0 if checkable else 0.4)):
            return []
        missing = [row for row in near if not (checkable and self._book.answers(request, row))]
        return self._dice.sample(missing, self._dice.pick((1, 1, 1, 2, 2, 3)))

    def _feedback(self, request: Request, last: TurnPlan) -> tuple[Feedback, ...]:
        """Return words about tracks of the last list: always about the wrong one that a request corrects."""
        liked = [track for track in last.shown if track.track_id in last.liked_track_ids]
        disliked = [track for track in last.shown if track.track_id in last.disliked_track_ids]
        about = []
        if liked and self._dice.chance(0.35):
            about.append(self._dice.pick(liked))
        if request.act is Act.CORRECT and request.like is not None:
            about.append(request.like)
        elif disliked and self._dice.chance(0.6):
            about.append(self._dice.pick(disliked))
        return tuple(self._said_of(track.track_id, request, last) for track in about)

    def _said_of(self, track_id: str, request: Request, last: TurnPlan) -> Feedback:
        place = next(place for place, track in enumerate(last.shown) if track.track_id == track_id)
        track = last.shown[place]
        liked = track_id in last.liked_track_ids
        ways = [Mention.TITLE, Mention.TITLE]
        if len(last.shown) > 1:
            ways.append(Mention.PLACE)
        if track.artist:
            alone = sum(other.artist == track.artist for other in last.shown) == 1
            ways += [Mention.BOTH, Mention.ARTIST] if alone else [Mention.BOTH]
        flaw = None if liked else self._flaw(self._book.rows[track_id], request, track_id)
        return Feedback(track, liked, self._dice.pick(ways), place + 1, len(last.shown), flaw)

    def _flaw(self, row: int, request: Request, track_id: str) -> Facet | None:
        """Return what is wrong with a track: what the correction is about, else what the good ones lacked."""
        if request.like is not None and request.like.track_id == track_id:
            return next(iter((*request.without, *(shift.opposite for shift in request.shifts))), None)
        lacked = [
            facet
            for facet in sorted(self._book.facets(row))
            if facet.aspect in {Aspect.SOUND, Aspect.TAG, Aspect.SCENE}
            and not any(self._book.holds(facet, good) for good in self._standing.liked)
        ]
        return self._dice.pick(lacked) if lacked and self._dice.chance(0.7) else None


def _pleased(turn: TurnPlan) -> float:
    return len(turn.liked_track_ids) / max(1, len(turn.shown))
