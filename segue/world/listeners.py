"""Listeners and their taste, which drifts: interests in scenes come and go, moods follow the hour.

Knows the catalogue; `sessions.py`, `playlists.py` and `dialogues.py` ask what a listener likes at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum

import numpy as np
from numpy.typing import NDArray

from segue.world.catalogue import Catalogue
from segue.world.dice import Dice, Floats
from segue.world.vocabulary import THEMES

INTERESTS = 3
SHORTEST_INTEREST_DAYS, LONGEST_INTEREST_DAYS = 30, 240


@dataclass(frozen=True, slots=True)
class Interest:
    """A liking for one scene, from a day up to another."""

    scene: int
    first_day: int
    last_day: int
    weight: float


@dataclass(frozen=True, slots=True)
class Listener:
    """One listener: interests in scenes over time, a lasting leaning in sound and themes (a mask of THEMES), habits."""

    listener_id: str
    interests: tuple[Interest, ...]
    energy: float
    valence: float
    themes: NDArray[np.bool_]
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

    def fit(self, catalogue: Catalogue, tracks: NDArray[np.int64], day: int, hour: int) -> Floats:
        """How well tracks suit at a time, each in 0 to 1: half of it the scene, half of it sound and words."""
        # Calm in the morning and at night, lively in the late afternoon.
        lift = 0.25 * (1 - abs(hour - 17) / 12) - 0.1
        energy = 1 - np.abs(catalogue.energy[tracks] - (self.energy + lift))
        valence = 1 - np.abs(catalogue.valence[tracks] - self.valence)
        words = self.themes[catalogue.theme[tracks]]
        liked = self.scene_weights(day, len(catalogue.scenes))[catalogue.scene[tracks]] > 0
        suits: Floats = 0.5 * liked + 0.5 * (energy * energy * valence * (0.65 + 0.35 * words))
        return suits.clip(0.0, 1.0)


def build_listener(seed: int, index: int, catalogue: Catalogue, days: int) -> Listener:
    """Invent the listener of this number."""
    dice = Dice(seed, "listener", index)
    interests = [
        interest
        for place in range(INTERESTS)
        for interest in _succession(dice, catalogue, days, weight=1.0 / (place + 1))
    ]
    favourite = catalogue.members[interests[0].scene]
    # People lean towards the sound of what they grew fond of.
    centre = favourite if len(favourite) else np.arange(len(catalogue))
    return Listener(
        listener_id=f"listener-{index:05d}",
        interests=tuple(interests),
        energy=dice.bell(_mean(catalogue.energy[centre]), 0.12),
        valence=dice.bell(_mean(catalogue.valence[centre]), 0.12),
        themes=_chosen(dice.sample(range(len(THEMES)), 4), len(THEMES)),
        first_hour=dice.between(6, 20),
        curiosity=dice.uniform(0.02, 0.25),
        patience=dice.uniform(0.0, 0.25),
    )


def _mean(values: Floats) -> float:
    # The exact sum: numpy's order of adding may differ between machines.
    return fsum(values) / len(values)


def _chosen(indices: list[int], length: int) -> NDArray[np.bool_]:
    mask = np.zeros(length, dtype=np.bool_)
    mask[indices] = True
    return mask


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
