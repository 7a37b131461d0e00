"""Listening sessions: what was played one after another, finished, skipped, liked or disliked, and when.

A sitting stays in one scene most of the time, keeps its mood, and follows taste; what suits less is skipped sooner.
Knows catalogue and listeners.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from segue.dataset import ListeningSession, SessionRow
from segue.events import ListeningAction
from segue.world.catalogue import START, Catalogue, track_id
from segue.world.dice import Dice
from segue.world.listeners import Listener

STRANGERS = 40


def build_sessions(
    seed: int, index: int, catalogue: Catalogue, listener: Listener, days: int, mean_sessions: int
) -> Iterator[ListeningSession]:
    """Yield the sessions of the listener of this number, in order of time."""
    dice = Dice(seed, "sessions", index)
    count = dice.between(1, 2 * mean_sessions - 1)
    session_days = sorted(dice.between(0, days - 1) for _ in range(count))
    for number, day in enumerate(dict.fromkeys(session_days)):
        hour = listener.first_hour + dice.between(0, 3)
        start = START + timedelta(days=day, hours=hour, seconds=dice.between(0, 3_599))
        events = tuple(_sitting(dice, catalogue, listener, start, day))
        if events:
            yield ListeningSession(f"session-{index:05d}-{number:03d}", listener.listener_id, events)


def _sitting(dice: Dice, catalogue: Catalogue, listener: Listener, time: datetime, day: int) -> Iterator[SessionRow]:
    scene = dice.weighted(listener.scene_weights(day, len(catalogue.scenes)))
    heard: list[int] = []
    unheard = np.ones(len(catalogue), dtype=np.bool_)
    for _ in range(dice.between(4, 16)):
        pool = _pool(dice, catalogue, listener, scene, day)
        if not len(pool := pool[unheard[pool]]):
            continue
        fit = listener.fit(catalogue, pool, day, time.hour)
        mood = 1 - np.abs(catalogue.energy[pool] - catalogue.energy[heard[-1]]) if heard else 1.0
        chosen = dice.weighted(catalogue.popularity[pool] * (0.05 + fit) * (mood * mood))
        heard.append(int(pool[chosen]))
        unheard[heard[-1]] = False
        duration = float(catalogue.duration_seconds[heard[-1]])
        rows = tuple(_played(dice, heard[-1], float(fit[chosen]), duration, time, listener.patience))
        yield from rows
        time = (rows[-1].event_time or time) + timedelta(seconds=dice.between(1, 4))
    if heard and dice.chance(0.3):
        # The last one starts, and the listener leaves.
        yield SessionRow(track_id(heard[0]), ListeningAction.PLAY_STARTED, time)


def _pool(dice: Dice, catalogue: Catalogue, listener: Listener, scene: int, day: int) -> NDArray[np.int64]:
    """What may come next: the scene, the scene next door, or strangers."""
    draw = dice.uniform()
    if draw < listener.curiosity:
        pool = (dice.uniforms(STRANGERS) * len(catalogue)).astype(np.int64)
    elif draw < listener.curiosity + 0.12:
        pool = catalogue.members[dice.pick(catalogue.scenes[scene].neighbours)]
    else:
        pool = catalogue.members[scene]
    return pool[catalogue.release_day[pool] <= day]


def _played(
    dice: Dice, track: int, fit: float, duration: float, start: datetime, patience: float
) -> Iterator[SessionRow]:
    """One play: perhaps a like or dislike, then its end."""
    finished = dice.chance(0.2 + 0.75 * fit + patience)
    position = duration if finished else float(round(duration * dice.uniform(0.02, 0.3 + 0.5 * fit), 1))
    opinion = None
    if fit > 0.6 and dice.chance(0.5 * (fit - 0.5)):
        opinion = ListeningAction.LIKED
    elif not finished and fit < 0.35 and dice.chance(0.12):
        opinion = ListeningAction.DISLIKED
    if opinion is not None:
        when = float(round(position * dice.uniform(0.2, 0.9), 1))
        yield SessionRow(track_id(track), opinion, start + timedelta(seconds=int(when)), when)
    end = ListeningAction.PLAY_FINISHED if finished else ListeningAction.PLAY_SKIPPED
    yield SessionRow(track_id(track), end, start + timedelta(seconds=int(position)), position)
