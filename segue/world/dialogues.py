"""Conversations in search of tracks: a listener with a goal, a curator who gets closer turn by turn, and what both say.

A goal is a scene seen through a genre, a mood and a theme; the words tell of the last three, likes tell of the first.
Knows catalogue and listeners; `wording.py` finds the words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from segue.dataset import Dialogue, DialogueTurn
from segue.world import wording
from segue.world.catalogue import Catalogue, quadrant, track_id
from segue.world.dice import Dice, Floats
from segue.world.listeners import Listener
from segue.world.vocabulary import GENRES, MOODS, PLACES_AND_TIMES, THEMES
from segue.world.wording import Named, Voice

MOST_TURNS = 6
TRACKS_A_TURN = 5
# The curator starts with this chance that a track is of the goal, and learns this much with every turn.
FIRST_HIT, HIT_GAIN = 0.3, 0.1


@dataclass(frozen=True, slots=True)
class _Goal:
    """What the listener wants, as row numbers, and how well each track of the catalogue would suit, 0 to 1."""

    genre: int
    mood: tuple[int, int]
    theme: int
    tracks: tuple[int, ...]
    suits: Floats


@dataclass(slots=True)
class _Talk:
    """What has been said and shown so far."""

    facets: list[str] = field(default_factory=list)
    searches: list[str] = field(default_factory=list)
    shown: set[int] = field(default_factory=set)
    liked: list[int] = field(default_factory=list)
    disliked: list[int] = field(default_factory=list)


def build_dialogue(seed: int, index: int, catalogue: Catalogue, listener: Listener, days: int) -> Dialogue:
    """Invent the dialogue of this number."""
    dice = Dice(seed, "dialogue", index)
    goal = _goal(dice, catalogue, listener, dice.between(0, days - 1))
    turns = tuple(_turns(dice, catalogue, goal))
    return Dialogue(f"dialogue-{index:05d}", listener.listener_id, tuple(map(track_id, goal.tracks)), turns)


def _goal(dice: Dice, catalogue: Catalogue, listener: Listener, day: int) -> _Goal:
    scene = dice.weighted(listener.scene_weights(day, len(catalogue.scenes)))
    members = catalogue.members[scene]
    model = int(members[dice.between(0, len(members) - 1)]) if len(members) else dice.between(0, len(catalogue) - 1)
    genre, theme = int(catalogue.genre[model]), int(catalogue.theme[model])
    mood = quadrant(catalogue.energy[model], catalogue.valence[model])
    same_mood = 0.5 * ((catalogue.energy >= 0.5) == mood[0]) + 0.5 * ((catalogue.valence >= 0.5) == mood[1])
    suits = 0.35 * (catalogue.scene == scene) + 0.3 * (catalogue.genre == genre) + 0.2 * same_mood
    suits = (suits + 0.15 * (catalogue.theme == theme)) * (catalogue.release_day <= day)
    # Two listeners who want the same do not choose the same.
    whim = suits + 0.15 * dice.uniforms(len(catalogue))
    best = np.argsort(-whim, kind="stable")[: dice.between(8, 16)]
    return _Goal(genre, mood, theme, tuple(map(int, best)), suits)


def _turns(dice: Dice, catalogue: Catalogue, goal: _Goal) -> Iterator[DialogueTurn]:
    voice, talk = Voice.of(dice), _Talk()
    wishes = _wishes(dice, catalogue, goal, talk)
    for number in range(dice.between(2, MOST_TURNS)):
        said = [_feedback(dice, catalogue, goal, talk)] if number else []
        asked = next(wishes, None)
        said.append(asked() if asked is not None else wording.more(dice))
        recommended = _recommended(dice, catalogue, goal, talk, FIRST_HIT + HIT_GAIN * number)
        if not recommended:
            return
        _rate(dice, goal, talk, recommended)
        yield DialogueTurn(
            text=voice.write(*said),
            searches=tuple(dice.sample(talk.searches, dice.between(1, 3))),
            liked_track_ids=tuple(map(track_id, talk.liked)),
            disliked_track_ids=tuple(map(track_id, talk.disliked)),
            recommended_track_ids=tuple(map(track_id, recommended)),
            reply=wording.reply(dice, _listed(talk.facets), [_named(catalogue, track) for track in recommended]),
        )
    if dice.chance(0.4):
        thanks, answer = wording.farewell(dice)
        yield DialogueTurn(text=voice.write(thanks), reply=answer)


def _wishes(dice: Dice, catalogue: Catalogue, goal: _Goal, talk: _Talk) -> Iterator[Callable[[], str]]:
    """What the listener asks for, in turn: first genre and mood, then details, in any order."""
    genre, theme = GENRES[goal.genre], THEMES[goal.theme]
    mood, instrument, noun = dice.pick(MOODS[goal.mood]), dice.pick(genre.instruments), dice.pick(theme.nouns)
    artist = catalogue.artist_name(dice.pick(goal.tracks))

    def kind() -> str:
        words = dice.pick((f"{mood} {genre.name}", genre.name, f"{mood} {dice.pick(genre.styles)}"))
        talk.facets.append(words)
        talk.searches += [words, genre.name]
        return wording.wish(dice, words, dice.pick(PLACES_AND_TIMES))

    def company() -> str:
        talk.searches.append(artist)
        return wording.artist_wish(dice, artist)

    def words() -> str:
        talk.searches += [f"songs about {theme.name}", noun]
        return wording.theme_wish(dice, theme.name, noun)

    def sound() -> str:
        talk.searches.append(f"{instrument} {genre.name}")
        return wording.instrument_wish(dice, instrument)

    yield kind
    yield from dice.sample((company, words, sound), dice.between(1, 3))


def _recommended(dice: Dice, catalogue: Catalogue, goal: _Goal, talk: _Talk, hit: float) -> list[int]:
    """Tracks of the goal as often as `hit` says, and near misses of the right genre."""
    near = np.where(goal.suits > 0, catalogue.popularity * (0.02 + 1.0 * (catalogue.genre == goal.genre)), 0.0)
    near[list(talk.shown)] = 0.0
    recommended: list[int] = []
    for _ in range(TRACKS_A_TURN):
        wanted = [track for track in goal.tracks if track not in talk.shown]
        if wanted and dice.chance(hit):
            track = dice.pick(wanted)
        elif near.any():
            track = dice.weighted(near)
        else:
            break
        near[track] = 0.0
        talk.shown.add(track)
        recommended.append(track)
    return recommended


def _rate(dice: Dice, goal: _Goal, talk: _Talk, recommended: list[int]) -> None:
    """Like what is of the goal, dislike most of what suits badly, stay silent about the rest."""
    talk.liked = [track for track in recommended if track in goal.tracks and dice.chance(0.92)]
    others = [track for track in recommended if track not in goal.tracks]
    talk.disliked = [track for track in others if dice.chance(0.9 - 0.8 * float(goal.suits[track]))]


def _feedback(dice: Dice, catalogue: Catalogue, goal: _Goal, talk: _Talk) -> str:
    liked = [_named(catalogue, track) for track in talk.liked]
    disliked = [(_named(catalogue, track), _flaw(dice, catalogue, goal, track)) for track in talk.disliked]
    return wording.feedback(dice, liked, disliked)


def _flaw(dice: Dice, catalogue: Catalogue, goal: _Goal, track: int) -> str:
    """What is wrong with a track, in one word that is true of it."""
    energy, valence = quadrant(catalogue.energy[track], catalogue.valence[track])
    if energy != goal.mood[0]:
        return (
            dice.pick(("loud", "busy", "hectic", "wild")) if energy else dice.pick(("slow", "sleepy", "quiet", "dull"))
        )
    if valence != goal.mood[1]:
        return dice.pick(("cheerful", "sweet", "sunny")) if valence else dice.pick(("gloomy", "dark", "sad"))
    return (
        GENRES[catalogue.genre[track]].name if catalogue.genre[track] != goal.genre else dice.pick(("tame", "obvious"))
    )


def _named(catalogue: Catalogue, track: int) -> Named:
    return Named(catalogue.title(track), catalogue.artist_name(track))


def _listed(facets: list[str]) -> str:
    return " and ".join(facets[-2:])
