"""What somebody is after, and how tracks answer it: the one law by which everything in the world is chosen.

An aim is a value for some of six facets; the others are open. A track's appeal is a product over the facets that are
not open, each `off + (1 - off) * match`, so a miss costs as much whatever else fits. Each facet is told by one modality
alone: the scene by playlists, the genre by tags, the theme by lyrics, the sound by audio, region and era by metadata.
Knows the columns of a catalogue; draws nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segue.world.catalogue import Catalogue
from segue.world.dice import Floats
from segue.world.regions import NEIGHBOURS, REGIONS
from segue.world.vocabulary import GENRE_FAMILIES, GENRES, THEME_FAMILIES, THEMES, family_of

# What a track weighs that misses a facet, against one that meets it.
OFF = {"scene": 0.01, "genre": 0.02, "theme": 0.02, "sound": 0.03, "region": 0.02, "era": 0.3}
# A scene next door is met by so much.
NEXT_DOOR = 0.02
# What is kin to a genre, a theme or a region is met by so much.
KIN = 0.8
# Half-widths: of sound in the plane of energy and valence, of eras in years.
SOUND_WIDTH, ERA_WIDTH = 0.3, 10.0
# Nearer than this and a track is the next one in mood.
MOOD_WIDTH = 0.3


def _alike(families: Sequence[object]) -> Floats:
    """How well one thing stands in for another: 1 for itself, KIN within a family, else 0, [things, things]."""
    together = [[KIN * (one == other) for other in families] for one in families]
    return np.asarray(np.maximum(together, np.eye(len(families))))


GENRES_ALIKE = _alike([family_of(genre.name, GENRE_FAMILIES) for genre in GENRES])
THEMES_ALIKE = _alike([family_of(theme.name, THEME_FAMILIES) for theme in THEMES])
REGIONS_ALIKE = _alike([region // NEIGHBOURS for region in range(len(REGIONS))])


@dataclass(frozen=True, slots=True)
class Aim:
    """What somebody is after; None where anything will do. `sound` is energy and valence, `era` a year."""

    scene: int | None = None
    genre: int | None = None
    theme: int | None = None
    sound: tuple[float, float] | None = None
    region: int | None = None
    era: float | None = None


def matches(catalogue: Catalogue, aim: Aim) -> dict[str, Floats]:
    """How well each track meets each facet that is not open, 0 to 1, [tracks]."""
    found: dict[str, Floats] = {}
    if aim.scene is not None:
        next_door = np.isin(catalogue.scene, catalogue.scenes[aim.scene].neighbours)
        found["scene"] = np.where(catalogue.scene == aim.scene, 1.0, np.where(next_door, NEXT_DOOR, 0.0))
    if aim.genre is not None:
        found["genre"] = GENRES_ALIKE[aim.genre][catalogue.genre]
    if aim.theme is not None:
        found["theme"] = THEMES_ALIKE[aim.theme][catalogue.theme]
    if aim.sound is not None:
        found["sound"] = nearness(catalogue, *aim.sound, SOUND_WIDTH)
    if aim.region is not None:
        found["region"] = REGIONS_ALIKE[aim.region][catalogue.region]
    if aim.era is not None:
        found["era"] = _bump((catalogue.year - aim.era) / ERA_WIDTH)
    return found


def appeal(found: dict[str, Floats]) -> Floats:
    """The appeal of each track, more than 0 and at most 1; `found` is what `matches` returned, not empty."""
    total: Floats = np.asarray(1.0)
    for facet, match in found.items():
        total = total * (OFF[facet] + (1.0 - OFF[facet]) * match)
    return total


def fit(found: dict[str, Floats]) -> Floats:
    """The share of the aim that each track meets, 0 to 1."""
    total: Floats = np.asarray(0.0)
    for match in found.values():
        total = total + match
    return np.asarray(total / len(found))


def nearness(catalogue: Catalogue, energy: float, valence: float, width: float) -> Floats:
    """How near each track's sound is, 0 to 1: 1 on the spot, a quarter `width` away."""
    aside, above = (catalogue.energy - energy) / width, (catalogue.valence - valence) / width
    near = 1.0 / (1.0 + aside * aside + above * above)
    return np.asarray(near * near)


def mixed(shares: tuple[tuple[float, Floats], ...]) -> Floats:
    """Weights drawn from several at once, each as often as its share says; one without any weight is left out."""
    total: Floats = np.asarray(0.0)
    for share, weights in shares:
        # The running sum: numpy's own order of adding may differ between machines.
        whole = float(np.cumsum(weights)[-1])
        if whole > 0.0:
            total = total + weights * (share / whole)
    return total


def _bump(distance: Floats) -> Floats:
    near = 1.0 / (1.0 + distance * distance)
    return np.asarray(near * near)
