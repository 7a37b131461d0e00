"""Playlists and how they are edited over time: begun with some tracks, then fed, and pruned when they grow long.

Each follows one aim of its keeper, with strays. Knows catalogue, taste and listeners.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from segue.dataset import Playlist, PlaylistEntry
from segue.world.catalogue import START, Catalogue, quadrant, track_id
from segue.world.dice import Dice, Floats
from segue.world.draws import Draw, DrawWatch, unwatched
from segue.world.listeners import Listener
from segue.world.names import playlist_description, playlist_name
from segue.world.taste import appeal, matches, mixed
from segue.world.vocabulary import GENRES, MOODS, THEMES

# The share of additions that have nothing to do with the playlist's idea.
STRAYS = 0.06
# The share that is another track of the artist before, as when people add an album.
SAME_ARTIST = 0.1
# A track that was once removed is wanted so much less.
REMOVED = 0.05


@dataclass(slots=True)
class _Stay:
    track: int
    added: datetime
    removed: datetime | None = None


def build_playlist(
    seed: int, index: int, catalogue: Catalogue, listener: Listener, days: int, watch: DrawWatch = unwatched
) -> Playlist:
    """Invent the playlist of this number, kept by this listener, and every edit of it in `days` days."""
    dice = Dice(seed, "playlist", index)
    first_day = 0 if dice.chance(0.4) else dice.between(0, max(days - 1, 0) * 3 // 4)
    suits = appeal(matches(catalogue, listener.aim(dice, catalogue, first_day)))
    stays: list[_Stay] = []
    _add(dice, catalogue, suits, stays, first_day, dice.between(6, 14), watch)
    day, pace, most = first_day, dice.between(8, 30), dice.between(20, 40)
    while (day := day + dice.between(2, 2 * pace)) < days:
        _add(dice, catalogue, suits, stays, day, dice.between(1, 3), watch)
        _prune(dice, stays, day, most)
    entries = tuple(PlaylistEntry(track_id(stay.track), stay.added, stay.removed) for stay in stays)
    name, description = _called(dice, catalogue, stays)
    return Playlist(f"playlist-{index:05d}", name, description, entries)


def _add(
    dice: Dice, catalogue: Catalogue, suits: Floats, stays: list[_Stay], day: int, count: int, watch: DrawWatch
) -> None:
    demand = catalogue.demand(day)
    weights = mixed(((1.0 - STRAYS, demand * suits), (STRAYS, demand)))
    for stay in stays:
        weights[stay.track] *= REMOVED if stay.removed else 0.0
    time = START + timedelta(days=day, seconds=dice.between(25_200, 82_800))
    for _ in range(count):
        if not weights.any():
            return
        same = weights * (catalogue.artist == catalogue.artist[stays[-1].track]) if stays else 0.0 * weights
        odds = mixed(((1.0 - SAME_ARTIST, weights), (SAME_ARTIST, same)))
        track = dice.weighted(odds)
        watch(Draw(track, True, odds))
        stays.append(_Stay(track, time))
        weights[track] = 0.0
        time += timedelta(seconds=dice.between(5, 90))


def _prune(dice: Dice, stays: list[_Stay], day: int, most: int) -> None:
    """Remove the oldest tracks beyond the limit, and now and then one that no longer pleases."""
    held = [stay for stay in stays if stay.removed is None]
    tired = [dice.pick(held)] if held and dice.chance(0.25) else []
    time = START + timedelta(days=day, seconds=dice.between(83_400, 86_000))
    for stay in (*held[: max(len(held) - most, 0)], *tired):
        stay.removed = time


def _called(dice: Dice, catalogue: Catalogue, stays: list[_Stay]) -> tuple[str, str]:
    """Name and description, after one of its tracks."""
    if not stays:
        return "untitled", ""
    track = dice.pick(stays).track
    genre, theme = GENRES[catalogue.genre[track]], THEMES[catalogue.theme[track]]
    mood = dice.pick(MOODS[quadrant(catalogue.energy[track], catalogue.valence[track])])
    return playlist_name(dice, genre, mood, theme), playlist_description(dice, genre, mood, theme)
