"""Listeners and their taste: interests in scenes come and go, a leaning in everything else stays and shifts slowly.

Knows the catalogue's sizes; `sessions.py`, `playlists.py` and `dialogues.py` ask what a listener is after at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from segue.world.catalogue import OLDEST_YEARS, START, Catalogue
from segue.world.dice import Dice, Floats
from segue.world.regions import REGIONS
from segue.world.taste import Aim
from segue.world.vocabulary import GENRES, THEMES

INTERESTS = 3
SHORTEST_INTEREST_DAYS, LONGEST_INTEREST_DAYS = 30, 240
# How often the scene matters, and how often the era; everything else always does.
SCENE_MATTERS, ERA_MATTERS = 0.95, 0.25
# How often a facet is as the listener leans, and not something else for once.
AS_USUAL = 0.75


@dataclass(frozen=True, slots=True)
class Interest:
    """A liking for one scene, from a day up to another."""

    scene: int
    first_day: int
    last_day: int
    weight: float


@dataclass(frozen=True, slots=True)
class Listener:
    """One listener: interests in scenes over time, a lasting leaning in everything else, habits.

    `energy` moves by `restlessness` until the last day; `curiosity` is the share of plays that follow no aim.
    """

    listener_id: str
    interests: tuple[Interest, ...]
    genres: tuple[int, ...]
    themes: tuple[int, ...]
    regions: tuple[int, ...]
    year: float
    energy: float
    valence: float
    restlessness: float
    first_hour: int
    curiosity: float
    patience: float

    def scene_weights(self, day: int, scenes: int) -> Floats:
        """How much each scene interests on this day; some scene always does."""
        weights = np.zeros(scenes)
        for interest in self.interests:
            if interest.first_day <= day <= interest.last_day:
                weights[interest.scene] += interest.weight
        return weights

    def aim(self, dice: Dice, catalogue: Catalogue, day: int, hour: int = 17) -> Aim:
        """What the listener is after at a time of a day."""
        # Calm in the morning and at night, lively in the late afternoon.
        lift = 0.2 * (1 - abs(hour - 17) / 12) - 0.1
        energy = self.energy + self.restlessness * day + lift
        aim = Aim(
            scene=dice.weighted(self.scene_weights(day, len(catalogue.scenes))),
            genre=_usually(dice, self.genres, len(GENRES)),
            theme=_usually(dice, self.themes, len(THEMES)),
            sound=(_within(dice.bell(energy, 0.15)), _within(dice.bell(self.valence, 0.15))),
            region=_usually(dice, self.regions, len(REGIONS)),
            era=dice.bell(self.year, 4.0),
        )
        scene = aim.scene if dice.chance(SCENE_MATTERS) else None
        return replace(aim, scene=scene, era=aim.era if dice.chance(ERA_MATTERS) else None)


def build_listener(seed: int, index: int, catalogue: Catalogue, days: int) -> Listener:
    """Invent the listener of this number."""
    dice = Dice(seed, "listener", index)
    interests = (_succession(dice, catalogue, days, weight=1.0 / (place + 1)) for place in range(INTERESTS))
    return Listener(
        listener_id=f"listener-{index:05d}",
        interests=tuple(interest for succession in interests for interest in succession),
        genres=tuple(dice.sample(range(len(GENRES)), 3)),
        themes=tuple(dice.sample(range(len(THEMES)), 3)),
        regions=tuple(dice.sample(range(len(REGIONS)), 2)),
        year=START.year - OLDEST_YEARS * 0.8 * dice.uniform() * dice.uniform(),
        energy=dice.uniform(0.2, 0.8),
        valence=dice.uniform(0.2, 0.8),
        restlessness=dice.uniform(-0.3, 0.3) / days,
        first_hour=dice.between(6, 20),
        curiosity=dice.uniform(0.04, 0.16),
        patience=dice.uniform(0.0, 0.1),
    )


def _usually(dice: Dice, favourites: tuple[int, ...], count: int) -> int:
    return dice.pick(favourites) if dice.chance(AS_USUAL) else dice.between(0, count - 1)


def _within(value: float) -> float:
    return min(max(value, 0.1), 0.9)


def _succession(dice: Dice, catalogue: Catalogue, days: int, weight: float) -> list[Interest]:
    """Interests that follow one another: mostly a scene next door takes over."""
    scene = dice.between(0, len(catalogue.scenes) - 1)
    first = -dice.between(0, LONGEST_INTEREST_DAYS)
    interests: list[Interest] = []
    while first < days:
        last = first + dice.between(SHORTEST_INTEREST_DAYS, LONGEST_INTEREST_DAYS)
        interests.append(Interest(scene, first, last, weight))
        first = last + 1
        near = dice.chance(0.7)
        scene = dice.pick(catalogue.scenes[scene].neighbours) if near else dice.between(0, len(catalogue.scenes) - 1)
    return interests
