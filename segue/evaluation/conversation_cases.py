"""Test cases for conversations: the world's dialogues as states of listeners, and constraints in wordings of their own.

The wordings stand nowhere else: no test of the reader and no dialogue of the world says things so. What each demands of
a track is written here anew, so that the reader is not measured by itself. Knows dialogues and tracks; no model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from segue.catalog import Track
from segue.dataset import Dialogue
from segue.events import ListeningAction
from segue.ranking import Query
from segue.session import Offer, Session, SessionEvent, SessionTurn
from segue.world.dice import Dice
from segue.world.vocabulary import GENRES

START_MS, MINUTE_MS = 1_750_000_000_000, 60_000
_ACTIONS = tuple(ListeningAction)
_LIKED, _DISLIKED = _ACTIONS.index(ListeningAction.LIKED), _ACTIONS.index(ListeningAction.DISLIKED)
# Tracks that a drawn set of constraints must leave, so that a full list could hold to it.
LEAST_LEFT = 12

Holds = Callable[[Track], bool]


@dataclass(frozen=True, slots=True)
class Constraint:
    """What is said, what it demands of each track, and how many tracks it asks for; None where it does not."""

    text: str
    holds: Holds
    count: int | None = None


def state(dialogue: Dialogue, turns: int) -> Query:
    """Return what the sessions service knows after so many turns of a dialogue; nothing is asked yet."""
    events: list[SessionEvent] = []
    said: list[SessionTurn] = []
    offered: list[Offer] = []
    for number, turn in enumerate(dialogue.turns[:turns]):
        now_ms = START_MS + number * MINUTE_MS
        said.append(SessionTurn(now_ms, f"turn-{number}", turn.text, "s"))
        if turn.recommended_track_ids:
            offered.append(Offer(now_ms, turn.recommended_track_ids, "s"))
        judged = [(each, _LIKED) for each in turn.liked_track_ids]
        judged += [(each, _DISLIKED) for each in turn.disliked_track_ids]
        events += [
            SessionEvent(now_ms + 1_000 * (1 + place), f"event-{number}-{place}", track_id, action, "s")
            for place, (track_id, action) in enumerate(judged)
        ]
    session = Session(dialogue.dialogue_id, tuple(events), tuple(said))
    return Query(session, now_ms=START_MS + turns * MINUTE_MS, count=10, offered=tuple(offered[-3:]))


def asked(query: Query, *texts: str) -> Query:
    """Return the query after a listener said these things, one a minute, the last one to be answered."""
    now_ms = query.now_ms
    turns = list(query.session.turns)
    for text in texts:
        now_ms += MINUTE_MS
        turns.append(SessionTurn(now_ms, f"turn-{len(turns)}", text, "s"))
    session = Session(query.session.listener_id, query.session.events, tuple(turns))
    return Query(session, now_ms, query.count, offered=query.offered, utterance=texts[-1])


def constraints(dice: Dice, tracks: Sequence[Track], shown: Sequence[Track]) -> list[Constraint]:
    """Draw one to three constraints that many tracks of the catalogue hold to together."""
    kinds: list[Callable[[Dice, Sequence[Track]], Constraint]] = [
        _count,
        _longest,
        _shortest,
        _since,
        _until,
        _decade,
        _clean,
        _instrumental,
        _genre,
    ]
    kinds += [_artist] if shown else []
    while True:
        drawn = [kind(dice, shown) for kind in dice.sample(kinds, dice.pick((1, 1, 2, 2, 3)))]
        left = sum(all(each.holds(track) for each in drawn) for track in tracks)
        if left >= LEAST_LEFT:
            return drawn


def _anything(_track: Track) -> bool:
    return True


def _count(dice: Dice, _shown: Sequence[Track]) -> Constraint:
    count = dice.between(2, 9)
    word = ("two", "three", "four", "five", "six", "seven", "eight", "nine")[count - 2]
    texts = (
        f"narrow it down to {word} tracks", f"I'd like exactly {count} songs", f"just {word} tunes for now",
        f"let's have {count} tracks", f"{word} pieces are enough",
    )  # fmt: skip
    return Constraint(dice.pick(texts), _anything, count)


def _longest(dice: Dice, _shown: Sequence[Track]) -> Constraint:
    minutes = dice.between(3, 5)
    word = ("three", "four", "five")[minutes - 3]
    texts = (
        f"I don't like tracks above {minutes} minutes", f"{minutes} minutes is the maximum",
        f"they must not be longer than {word} minutes", f"below {minutes} min", f"up to {word} minutes each",
    )  # fmt: skip
    return Constraint(dice.pick(texts), lambda track: 0 < track.duration_seconds <= 60 * minutes)


def _shortest(dice: Dice, _shown: Sequence[Track]) -> Constraint:
    minutes = dice.between(2, 4)
    word = ("two", "three", "four")[minutes - 2]
    texts = (
        f"nothing under {word} minutes", f"they need to be more than {minutes} minutes long",
        f"a minimum of {minutes} minutes", f"{word} minutes or more",
    )  # fmt: skip
    return Constraint(dice.pick(texts), lambda track: track.duration_seconds >= 60 * minutes)


def _since(dice: Dice, _shown: Sequence[Track]) -> Constraint:
    year = dice.between(1990, 2018)
    texts = (
        f"songs that came out after {year - 1}", f"leave out everything from before {year}",
        f"no songs older than {year}", f"from {year} on", f"they should be newer than {year - 1}",
    )  # fmt: skip
    return Constraint(dice.pick(texts), lambda track: _year(track) >= year)


def _until(dice: Dice, _shown: Sequence[Track]) -> Constraint:
    year = dice.between(2000, 2020)
    texts = (
        f"I want it made before {year}", f"nothing more recent than {year - 1}", f"released before {year}",
        f"until {year - 1}",
    )  # fmt: skip
    return Constraint(dice.pick(texts), lambda track: 0 < _year(track) < year)


def _decade(dice: Dice, _shown: Sequence[Track]) -> Constraint:
    decade, word = dice.pick(((1990, "nineties"), (2000, "two thousands"), (2010, "2010s")))
    texts = (f"nothing but {word} tracks", f"let it be from the {word}", f"I'm after the {word}", f"some {word} music")
    return Constraint(dice.pick(texts), lambda track: decade <= _year(track) <= decade + 9)


def _clean(dice: Dice, _shown: Sequence[Track]) -> Constraint:
    texts = (
        "I can't stand swearing", "keep it clean for the kids", "it has to be child-friendly",
        "nothing explicit, please", "no bad language",
    )  # fmt: skip
    return Constraint(dice.pick(texts), lambda track: not track.explicit)


def _instrumental(dice: Dice, _shown: Sequence[Track]) -> Constraint:
    texts = (
        "I don't want to hear any singing", "free of vocals", "music without words", "instrumental only",
        "no lyrics please",
    )  # fmt: skip
    return Constraint(
        dice.pick(texts),
        lambda track: track.audio_features.get("instrumentalness", 0.0) > 0.5 or "instrumental" in track.tags,
    )


def _genre(dice: Dice, _shown: Sequence[Track]) -> Constraint:
    genre = dice.pick(GENRES).name
    texts = (
        f"I don't want to hear {genre}", f"leave {genre} aside", f"no {genre} at all", f"{genre} is off limits",
        f"stay away from {genre}", f"and nothing {genre}", f"without {genre}",
    )  # fmt: skip
    return Constraint(dice.pick(texts), lambda track: genre not in track.tags)


def _artist(dice: Dice, shown: Sequence[Track]) -> Constraint:
    artist = dice.pick([track.artists[0] for track in shown])
    texts = (
        f"except {artist}", f"not {artist} again", f"please drop {artist}", f"I don't need {artist}",
        f"stop playing {artist}", f"without {artist} this time",
    )  # fmt: skip
    return Constraint(dice.pick(texts), lambda track: artist not in track.artists)


def _year(track: Track) -> int:
    return int(track.release_date[:4]) if track.release_date else 0
