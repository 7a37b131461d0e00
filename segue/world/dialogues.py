"""Conversations in search of tracks: a listener with a goal, a curator who gets closer turn by turn, and what both say.

A goal is an aim; the words tell of its genre, sound, theme and era, likes tell of the rest. Knows catalogue, taste and
listeners; `wording.py` finds the words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from segue.dataset import Dialogue, DialogueTurn
from segue.world import wording
from segue.world.catalogue import Catalogue, quadrant, track_id
from segue.world.content import title
from segue.world.dice import Dice, Floats
from segue.world.draws import Draw, DrawWatch, unwatched
from segue.world.listeners import Listener
from segue.world.taste import OFF, Aim, appeal, fit, matches, mixed
from segue.world.vocabulary import GENRES, MOODS, PLACES_AND_TIMES, THEMES
from segue.world.wording import Named, Voice

MOST_TURNS = 6
TRACKS_A_TURN = 5
# The curator aims at the goal with this chance at first, and learns this much with every turn; else only at the genre.
FIRST_HIT, HIT_GAIN = 0.3, 0.2
# The centre of a mood, on either side of the middle of energy and valence.
MOOD_CENTRES = (0.28, 0.72)


@dataclass(frozen=True, slots=True)
class _Goal:
    """What the listener wants, how well each track suits, 0 to 1, and how the curator draws, near and on the mark."""

    aim: Aim
    genre: int
    mood: tuple[int, int]
    fit: Floats
    mark: Floats
    near: Floats


@dataclass(slots=True)
class _Talk:
    """What has been said and shown so far."""

    facets: list[str] = field(default_factory=list)
    searches: list[str] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)
    all_liked: list[int] = field(default_factory=list)
    liked: list[int] = field(default_factory=list)
    disliked: list[int] = field(default_factory=list)


def dialogue_day(index: int, dialogues: int, days: int) -> int:
    """The day of the dialogue of this number: they are spread evenly."""
    return index * days // dialogues


def build_dialogue(
    seed: int, index: int, catalogue: Catalogue, listener: Listener, day: int, watch: DrawWatch = unwatched
) -> Dialogue:
    """Invent the dialogue of this number."""
    dice = Dice(seed, "dialogue", index)
    goal, talk = _goal(dice, catalogue, listener, day), _Talk()
    turns = tuple(_turns(dice, catalogue, goal, talk, watch))
    left = goal.mark.copy()
    left[talk.shown] = 0.0
    found = [*talk.all_liked, *dice.several(left, max(0, dice.between(8, 16) - len(talk.all_liked)))]
    return Dialogue(f"dialogue-{index:05d}", listener.listener_id, tuple(map(track_id, found)), turns)


def _goal(dice: Dice, catalogue: Catalogue, listener: Listener, day: int) -> _Goal:
    usual = listener.aim(dice, catalogue, day)
    genre = dice.pick(listener.genres) if usual.genre is None else usual.genre
    mood = quadrant(*usual.sound) if usual.sound else (dice.between(0, 1), dice.between(0, 1))
    aim = replace(usual, genre=genre, sound=(MOOD_CENTRES[mood[0]], MOOD_CENTRES[mood[1]]))
    found, demand = matches(catalogue, aim), catalogue.demand(day)
    near = demand * (OFF["genre"] + found["genre"])
    return _Goal(aim, genre, mood, fit(found), demand * appeal(found), near)


def _turns(dice: Dice, catalogue: Catalogue, goal: _Goal, talk: _Talk, watch: DrawWatch) -> Iterator[DialogueTurn]:
    voice = Voice.of(dice)
    wishes = _wishes(dice, catalogue, goal, talk)
    for number in range(dice.between(2, MOST_TURNS)):
        said = [_feedback(dice, catalogue, goal, talk)] if number else []
        asked = next(wishes, None)
        said.append(asked() if asked is not None else wording.more(dice))
        recommended = _recommended(dice, goal, talk, min(1.0, FIRST_HIT + HIT_GAIN * number), watch)
        if not recommended:
            return
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
    """What the listener asks for, in turn: first genre and mood, then what else matters, in any order."""
    genre, mood = GENRES[goal.genre], dice.pick(MOODS[goal.mood])

    def kind() -> str:
        words = dice.pick((f"{mood} {genre.name}", f"{mood} {genre.name}", f"{mood} {dice.pick(genre.styles)}"))
        talk.facets.append(words)
        talk.searches += [words, genre.name]
        return wording.wish(dice, words, dice.pick(PLACES_AND_TIMES))

    def company() -> str:
        artist = catalogue.artist_name(dice.weighted(goal.mark))
        talk.searches.append(artist)
        return wording.artist_wish(dice, artist)

    def words() -> str:
        theme = THEMES[goal.aim.theme or 0]
        noun = dice.pick(theme.nouns)
        talk.searches += [f"songs about {theme.name}", noun]
        return wording.theme_wish(dice, theme.name, noun)

    def sound() -> str:
        instrument = dice.pick(genre.instruments)
        talk.searches.append(f"{instrument} {genre.name}")
        return wording.instrument_wish(dice, instrument)

    def years() -> str:
        return wording.era_wish(dice, goal.aim.era or 0.0)

    yield kind
    details = [company, sound]
    details += [words] if goal.aim.theme is not None else []
    details += [years] if goal.aim.era is not None else []
    yield from dice.sample(details, dice.between(1, 4))


def _recommended(dice: Dice, goal: _Goal, talk: _Talk, hit: float, watch: DrawWatch) -> list[int]:
    """Tracks of the goal as often as `hit` says, else of its genre; each is liked, disliked or left at that."""
    weights = mixed(((hit, goal.mark), (1.0 - hit, goal.near)))
    weights[talk.shown] = 0.0
    talk.liked, talk.disliked = [], []
    recommended: list[int] = []
    for _ in range(TRACKS_A_TURN):
        if not weights.any():
            break
        track = dice.weighted(weights)
        suits = float(goal.fit[track])
        liked = dice.chance(suits * suits)
        watch(Draw(track, liked, weights * goal.fit * goal.fit))
        if liked:
            talk.liked.append(track)
        elif dice.chance(0.8 * (1.0 - suits)):
            talk.disliked.append(track)
        weights[track] = 0.0
        recommended.append(track)
    talk.shown += recommended
    talk.all_liked += talk.liked
    return recommended


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
    return Named(title(catalogue, track), catalogue.artist_name(track))


def _listed(facets: list[str]) -> str:
    return " and ".join(facets[-2:])
