"""Listening sessions: what was played one after another, finished, skipped, liked or disliked, and when.

A sitting follows one aim of its listener, and everything that happens in it turns it: a finished play draws what sounds
near it, a skip turns away from a genre and a sound, a like wants more of the artist and the scene, a dislike
spoils a theme and a region. Knows catalogue, taste and listeners.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np

from segue.dataset import ListeningSession, SessionRow
from segue.events import ListeningAction
from segue.world.catalogue import START, Catalogue, track_id
from segue.world.content import duration_seconds
from segue.world.dice import Dice, Floats
from segue.world.draws import Draw, DrawWatch, unwatched
from segue.world.listeners import Listener
from segue.world.taste import MOOD_WIDTH, appeal, fit, matches, mixed, nearness

# What was heard in the last days is wanted less, what was ever liked more.
FATIGUE_DAYS, FATIGUE, FONDNESS = 5, 0.15, 2.0
# What a finished play leaves to tracks that sound nothing like it.
FAR_IN_MOOD = 0.3
# What a skip leaves to its genre, and takes from what sounds near; what a dislike leaves to its theme and its region.
SKIPPED_GENRE, SKIPPED_SOUND = 0.05, 0.9
DISLIKED_THEME, DISLIKED_REGION = 0.05, 0.05
LIKED_ARTIST, LIKED_SCENE = 4.0, 3.0
# The share of plays that is another track of the artist before, as when an album is played.
SAME_ARTIST = 0.1
LEAVES_MIDWAY = 0.3


class _Memory:
    """What a listener remembers from sitting to sitting: when each track was heard last, and which were liked."""

    def __init__(self, tracks: int) -> None:
        self._heard_on = np.full(tracks, -1_000_000, np.int64)
        self._fondness = np.ones(tracks)

    def weights(self, day: int) -> Floats:
        tired = np.where(day - self._heard_on < FATIGUE_DAYS, FATIGUE, 1.0)
        return np.asarray(tired * self._fondness)

    def keep(self, track: int, day: int, *, liked: bool) -> None:
        self._heard_on[track] = day
        if liked:
            self._fondness[track] = FONDNESS


class _Sitting:
    """The state of one sitting: what may come next, and what has turned it."""

    def __init__(self, catalogue: Catalogue, weights: Floats, kept: Floats) -> None:
        self._catalogue = catalogue
        self._weights = weights
        self._mood: Floats = np.asarray(1.0)
        self._artist = -1
        self.kept = kept

    def odds(self) -> Floats:
        same = self._weights * (self._catalogue.artist == self._artist)
        return mixed(((1.0 - SAME_ARTIST, self._weights * self._mood), (SAME_ARTIST, same)))

    def turn(self, track: int, action: ListeningAction) -> None:
        """Take note of how a play went."""
        of = self._catalogue
        near = nearness(of, float(of.energy[track]), float(of.valence[track]), MOOD_WIDTH)
        if action is ListeningAction.PLAY_FINISHED:
            self._mood, self._artist = FAR_IN_MOOD + (1.0 - FAR_IN_MOOD) * near, int(of.artist[track])
        elif action is ListeningAction.PLAY_SKIPPED:
            self._times(np.where(of.genre == of.genre[track], SKIPPED_GENRE, 1.0))
            self._times(1.0 - SKIPPED_SOUND * near)
        elif action is ListeningAction.LIKED:
            self._times(np.where(of.artist == of.artist[track], LIKED_ARTIST, 1.0))
            self._times(np.where(of.scene == of.scene[track], LIKED_SCENE, 1.0))
        elif action is ListeningAction.DISLIKED:
            self._times(np.where(of.theme == of.theme[track], DISLIKED_THEME, 1.0))
            self._times(np.where(of.region == of.region[track], DISLIKED_REGION, 1.0))
        self._weights[track] = 0.0

    def _times(self, factors: Floats) -> None:
        self._weights = self._weights * factors


def build_sessions(
    seed: int,
    index: int,
    catalogue: Catalogue,
    listener: Listener,
    days: int,
    mean_sessions: int,
    watch: DrawWatch = unwatched,
) -> Iterator[ListeningSession]:
    """Yield the sessions of the listener of this number, in order of time."""
    dice = Dice(seed, "sessions", index)
    count = dice.between(1, 2 * mean_sessions - 1)
    session_days = sorted(dice.between(0, days - 1) for _ in range(count))
    memory = _Memory(len(catalogue))
    for number, day in enumerate(dict.fromkeys(session_days)):
        hour = listener.first_hour + dice.between(0, 3)
        start = START + timedelta(days=day, hours=hour, seconds=dice.between(0, 3_599))
        found = matches(catalogue, listener.aim(dice, catalogue, day, hour))
        demand = catalogue.demand(day) * memory.weights(day)
        weights = mixed(((1.0 - listener.curiosity, demand * appeal(found)), (listener.curiosity, demand)))
        sitting = _Sitting(catalogue, weights, (0.1 + 0.8 * fit(found) + listener.patience).clip(0.0, 1.0))
        events = tuple(_played(dice, catalogue, sitting, memory, start, day, watch))
        if events:
            yield ListeningSession(f"session-{index:05d}-{number:03d}", listener.listener_id, events)


def _played(
    dice: Dice, catalogue: Catalogue, sitting: _Sitting, memory: _Memory, time: datetime, day: int, watch: DrawWatch
) -> Iterator[SessionRow]:
    plays = dice.between(5, 19)
    for play in range(plays):
        odds = sitting.odds()
        if not odds.any():
            return
        track = dice.weighted(odds)
        if play == plays - 1 and dice.chance(LEAVES_MIDWAY):
            # The last one starts, and the listener leaves.
            watch(Draw(track, True, odds))
            yield SessionRow(track_id(track), ListeningAction.PLAY_STARTED, time)
            return
        rows = _play(dice, catalogue, track, float(sitting.kept[track]), time)
        actions = [row.action for row in rows]
        watch(Draw(track, ListeningAction.PLAY_FINISHED in actions, odds * sitting.kept))
        for action in actions:
            sitting.turn(track, action)
        memory.keep(track, day, liked=ListeningAction.LIKED in actions)
        yield from rows
        time = (rows[-1].event_time or time) + timedelta(seconds=dice.between(1, 4))


def _play(dice: Dice, catalogue: Catalogue, track: int, kept: float, start: datetime) -> list[SessionRow]:
    """One play: perhaps a like or dislike, then its end."""
    duration = duration_seconds(catalogue, track)
    finished = dice.chance(kept)
    position = duration if finished else float(round(duration * dice.uniform(0.02, 0.3 + 0.5 * kept), 1))
    opinion, chance = (ListeningAction.LIKED, 0.3 * kept) if finished else (ListeningAction.DISLIKED, 0.3)
    rows: list[SessionRow] = []
    if dice.chance(chance):
        when = float(round(position * dice.uniform(0.2, 0.9), 1))
        rows.append(SessionRow(track_id(track), opinion, start + timedelta(seconds=int(when)), when))
    end = ListeningAction.PLAY_FINISHED if finished else ListeningAction.PLAY_SKIPPED
    return [*rows, SessionRow(track_id(track), end, start + timedelta(seconds=int(position)), position)]
