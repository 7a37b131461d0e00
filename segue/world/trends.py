"""What is in fashion: scenes come up and go again, some tracks have their moment, and new releases are tried first.

Nothing in a track's content tells of a trend; only what people put into playlists and play does. Knows days, no tracks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.world.dice import Dice, Floats

FRESH_DAYS = 21
FRESH_BOOST = 2.0
MOMENT_DAYS = 25
MOMENT_SHARE = 0.04


@dataclass(frozen=True, slots=True)
class Waves:
    """Waves of attention for each thing, [things, waves]: the day of the crest, the days up to it, its height."""

    crest: Floats
    width: Floats
    height: Floats

    def at(self, day: int) -> Floats:
        """How much more each thing is wanted on a day, 1 or more, [things]."""
        rise = (1.0 - np.abs(day - self.crest) / self.width).clip(0.0)
        return np.asarray(1.0 + (self.height * rise).max(axis=1))


def scene_waves(dice: Dice, scenes: int, days: int) -> Waves:
    """Three waves for each scene while the world is watched, each of some weeks."""
    crest, width, height = dice.uniforms(scenes, 3), dice.uniforms(scenes, 3), dice.uniforms(scenes, 3)
    return Waves((1.4 * crest - 0.2) * days, 20.0 + 40.0 * width, 0.8 * height)


def track_moments(dice: Dice, tracks: int, days: int) -> Waves:
    """A moment for a few of the tracks, for no reason that anyone could name."""
    crest, lucky, height = dice.uniforms(tracks, 1), dice.uniforms(tracks, 1), dice.uniforms(tracks, 1)
    width = np.full((tracks, 1), float(MOMENT_DAYS))
    return Waves((1.4 * crest - 0.2) * days, width, np.where(lucky < MOMENT_SHARE, 1.0 + 1.5 * height, 0.0))


def freshness(release_day: NDArray[np.int64], day: int) -> Floats:
    """How much more a track is wanted for its age: 0 before its release, more than 1 in its first weeks."""
    age = day - release_day
    return np.where(age < 0, 0.0, np.where(age < FRESH_DAYS, FRESH_BOOST, 1.0))
