"""What the recommender answers in a synthetic dialogue: a sentence about the list that it shows. Knows no dislikes."""

from __future__ import annotations

import re

from segue.training.synthesis import lexicon
from segue.training.synthesis.grammar import expand
from segue.training.synthesis.plan import Act, Aspect, DialoguePlan, TurnPlan
from segue.world.dice import Dice

_SLOT = re.compile(r"\{(\w+)\}")
_KINDS = {Aspect.SOUND, Aspect.ERA, Aspect.SCENE, Aspect.TAG}


def replies(plan: DialoguePlan) -> tuple[str, ...]:
    """Return the answer to each turn of a plan; the same plan gives the same ones."""
    dice = Dice(plan.seed, "replies", plan.number)
    used: set[tuple[str, int]] = set()
    return tuple(_reply(turn, dice, used) for turn in plan.turns)


def _reply(turn: TurnPlan, dice: Dice, used: set[tuple[str, int]]) -> str:
    if turn.request.act is Act.CLOSE or not turn.shown:
        return expand("farewell", dice, used)
    first = turn.shown[0]
    other = dice.pick([track for track in turn.shown if track.artist != first.artist] or turn.shown)
    kinds = " ".join(lexicon.plain(facet) for facet in turn.request.facets if facet.aspect in _KINDS)
    slots = {
        "count": str(len(turn.shown)),
        "kinds": kinds or "fitting",
        "title": first.title,
        "artist": first.artist or first.title,
        "other": other.artist or other.title,
    }
    text = _SLOT.sub(lambda found: slots[found[1]], expand("reply", dice, used))
    return text[:1].upper() + text[1:]
