"""Segue told less: one kind of event at a time is kept from it, to see what hearing of it is worth.

The model stays as it was trained. Knows positions and what their moments say; knows nothing about scores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from segue.evaluation.positions import Position
from segue.evaluation.segue_system import Segue, SegueRanker
from segue.evaluation.systems import Material
from segue.tokens.histories import SESSION
from segue.tokens.prompt import Moment
from segue.tokens.vocabulary import Control
from segue.training.watch import Watch

UNTOLD = "segue untold of "


def hushed(position: Position, event: str) -> Position:
    """Return the position without one of EVENTS; the very same where nothing of the kind happened.

    Finished and skipped plays are not told at all, a like as a play that was finished, a dislike as one that was
    skipped, and of what was said nothing.
    """
    moments = _HUSHED[event](position)
    if moments == position.moments:
        return position
    return replace(position, moments=moments, texts=() if event == "said" else position.texts)


@dataclass(frozen=True, slots=True)
class Hushed:
    """Segue as it was trained, told of everything but one kind of event."""

    segue: Segue
    event: str
    seeded: bool = False

    @property
    def name(self) -> str:
        """See System."""
        return f"{UNTOLD}{self.event}"

    def fit(self, material: Material, seed: int, watch: Watch) -> SegueRanker:
        """See System; Segue has been fitted before."""
        ranker = replace(self.segue, checkpoint=self.segue.fitted(seed)).fit(material, seed, watch)
        return replace(ranker, told=partial(_hush, ranker.told, self.event))


def _hush(
    told: Callable[[Sequence[Position]], Sequence[Position]], event: str, positions: Sequence[Position]
) -> list[Position]:
    return [hushed(position, event) for position in told(positions)]


def _without(control: Control | None, position: Position) -> tuple[Moment, ...]:
    if position.kind != SESSION:
        return position.moments
    return tuple(moment for moment in position.moments if not moment.is_track or moment.control is not control)


def _told_as(control: Control, other: Control | None, position: Position) -> tuple[Moment, ...]:
    return tuple(moment._replace(control=other) if moment.control is control else moment for moment in position.moments)


def _unsaid(position: Position) -> tuple[Moment, ...]:
    return tuple(moment for moment in position.moments if not moment.is_turn)


_HUSHED: Mapping[str, Callable[[Position], tuple[Moment, ...]]] = {
    "finished": partial(_without, None),
    "skipped": partial(_without, Control.SKIPPED),
    "liked": partial(_told_as, Control.LIKED, None),
    "disliked": partial(_told_as, Control.DISLIKED, Control.SKIPPED),
    "said": _unsaid,
}
EVENTS = tuple(_HUSHED)
