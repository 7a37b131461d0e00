"""The words that go with a list: what was understood, why these tracks, and what could not be met, briefly.

Composed of pieces: a track is a place in the list (`segue/replies.py`), never a title. Of the listener's own words only
those come back that tracks carry or that are nobody's name, letters and digits alone. Knows wishes and reasons; knows
no scores.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from segue.catalog import Track
from segue.recommendations import RecommendedTrack
from segue.replies import Piece, listed, listed_places
from segue.wishes.standing import NOTHING, Standing
from segue.wishes.telling import told, told_all
from segue.wishes.wish import Act, Kind, Wish

NAMED_TRACKS = 3
_SMALL_TALK = {
    Act.GREET: "Hello! Say what you are in the mood for: a genre, a feeling, an artist, a time.",
    Act.THANK: "You are welcome. Say when you want more, or something else.",
    Act.CHAT: "I know music and little else. Say what you would like to hear.",
    Act.HELP: (
        "Describe what you want to hear, name artists or songs that come close, and say what to leave out: "
        "calmer, under four minutes, from the 90s, nothing by somebody. Then correct me: more like the second one, "
        "less electronic, surprise me. Ask why, or about a track."
    ),
}
# What the part that speaks most for the tracks says about them together.
_WHY = {
    "neighbours": "Playlists put them beside what you played.",
    "shelves": "Playlists that hold what you played have them too.",
    "artists": "They are by artists whom you played.",
    "scene": "Their artists share playlists with those whom you played.",
    "popularity": "Many listeners have them in their playlists.",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a reply tells of: the standing wishes, words that were matched, what was not met, by artists known by name.

    `listens` is whether tracks were compared with what was said, beside being looked through for its words.
    `tracks` are the list's own, with reasons. `untold` are wishes about what no track tells; `lifting` says how many
    tracks there would be without each of the limits, where together they leave too few. `facts` are the tracks asked
    about, place by place.
    """

    tracks: Sequence[RecommendedTrack] = ()
    stands: Standing = NOTHING
    matched: Sequence[str] = ()
    knows_session: bool = False
    listens: bool = False
    wanted: int = 0
    artists: frozenset[str] = frozenset()
    untold: Sequence[Wish] = ()
    lifting: Mapping[Wish, int] = field(default_factory=dict)
    facts: Sequence[Track] = ()


def reply(tells: Told) -> tuple[Piece, ...]:
    """Return the pieces of one to four short sentences."""
    reading = tells.stands.reading
    if reading.act in _SMALL_TALK:
        return (_SMALL_TALK[reading.act],)
    if reading.act is Act.ABOUT:
        return _facts(tells)
    if reading.act is Act.WHY:
        return _reasons(tells)
    sentences = [*_not_met(tells)]
    if tells.tracks:
        sentences += [_answer(tells), *_short(tells), *_why(tells)]
    elif not sentences or tells.lifting:
        sentences += [_nothing(tells)]
    pieces: list[Piece] = []
    for sentence in sentences:
        pieces += [" ", *sentence] if pieces else sentence
    return tuple(pieces)


def _answer(tells: Told) -> list[Piece]:
    return [f"{_opening(tells)}: ", *listed_places(range(min(NAMED_TRACKS, len(tells.tracks)))), "."]


def _opening(tells: Told) -> str:
    """Say what was understood of this turn: its words that tracks carry, and its wishes."""
    understood = told_all(_granted(tells), tells.artists)
    quoted = [_quoted(word) for word in tells.matched]
    if quoted:
        return ", ".join((f"For {listed(quoted)}", listed(understood))) if understood else f"For {listed(quoted)}"
    if understood:
        said = listed(understood)
        return f"{said[:1].upper()}{said[1:]}"
    if tells.stands.reading.unknown:
        return "Here is what comes closest to the rest"
    if _kept_asking(tells.stands):
        return "Here you are"
    if tells.listens:
        return "These come closest to what you described"
    return f"No track carries your words, so {_fallback(tells)}"


def _fallback(tells: Told) -> str:
    return "these are close to what you played" if tells.knows_session else "here is a start"


def _granted(tells: Told) -> list[Wish]:
    """Return the turn's wishes, but for a track that is not in the list."""
    named = {track.track_id for track in tells.tracks}
    wishes = tells.stands.reading.wishes
    return [wish for wish in wishes if wish.kind is not Kind.TRACK or not named.isdisjoint(wish.track_ids)]


def _kept_asking(stands: Standing) -> bool:
    """Whether a number alone was given, or what stands from before answers."""
    return bool(stands.reading.wishes) or not stands.reading.text


def _short(tells: Told) -> list[list[Piece]]:
    """Say that fewer hold to everything than were asked for."""
    found = len(tells.tracks)
    if found >= tells.wanted or not tells.stands.is_judged:
        return []
    what = "Only one track holds" if found == 1 else f"Only {found} tracks hold"
    return [[f"{what} to all that you asked for."]]


def _why(tells: Told) -> list[list[Piece]]:
    """Say what speaks most for the tracks that are named, where it is something that was not said by the listener."""
    parts = Counter(track.reasons[0].part for track in tells.tracks[:NAMED_TRACKS] if track.reasons)
    part = max(parts, key=lambda name: (parts[name], name), default="")
    if part in _WHY:
        return [[_WHY[part]]]
    codes = Counter(
        (reason.part, reason.code_name)
        for track in tells.tracks[:NAMED_TRACKS]
        for reason in track.reasons
        if reason.code_name and reason.part in _CODES
    )
    if not codes or tells.matched:
        return []
    (name, code), many = codes.most_common(1)[0]
    return [[f"They {_TOGETHER[name]} {code}."]] if many > 1 else []


def _not_met(tells: Told) -> list[list[Piece]]:
    reading = tells.stands.reading
    said: list[list[Piece]] = []
    if reading.unknown:
        names = listed([_quoted(name) for name in reading.unknown])
        said.append([f"Nobody called {names} is in the catalogue."])
    if reading.missed:
        said.append([f"The last list has no number {reading.missed[0]}."])
    if untold := told_all(tells.untold):
        said.append([f"The catalogue does not tell which tracks are {listed(untold)}."])
    return said


def _nothing(tells: Told) -> list[Piece]:
    if not tells.lifting:
        return ["Nothing is left that your filters allow."]
    limits = listed(told_all(tells.lifting, tells.artists))
    pieces: list[Piece] = [f"No track holds to all of this: {limits}."]
    best = max(tells.lifting, key=lambda wish: tells.lifting[wish])
    if tells.lifting[best]:
        many = tells.lifting[best]
        pieces.append(f" Without \u201c{told(best, tells.artists)}\u201d there would be {many}.")
    return pieces


def _facts(tells: Told) -> tuple[Piece, ...]:
    if not tells.tracks:
        return ("Which track do you mean? Give its number in the last list, or its title.",)
    pieces: list[Piece] = []
    for place, track in enumerate(tells.facts[: len(tells.tracks)]):
        facts = [f"released {track.release_date}" if track.release_date else "", _length(track), _tags(track)]
        known = listed([fact for fact in facts if fact]) or "nothing more is known"
        pieces += [" "] * bool(place) + [place, f": {known}."]
    return tuple(pieces)


def _reasons(tells: Told) -> tuple[Piece, ...]:
    """Say why, by the kind of evidence; the reasons of the track itself name the tracks that it rests on."""
    if not tells.tracks:
        return ("Nothing was recommended yet that I could give reasons for.",)
    pieces: list[Piece] = []
    for place, track in enumerate(tells.tracks[:NAMED_TRACKS]):
        kinds = [_evidence(reason.part, reason.code_name) for reason in track.reasons]
        because = listed(list(dict.fromkeys(kind for kind in kinds if kind))) or "it is the closest that is left"
        pieces += [" "] * bool(place) + [place, f": {because}."]
    return tuple(pieces)


def _evidence(part: str, code_name: str) -> str:
    if code_name and part in _CODES:
        return f"{_CODES[part]} {code_name}"
    return _EVIDENCE.get(part, "")


_TOGETHER = {"tags": "are tagged", "metadata": "are from around", "lyrics": "sing of", "audio": "sound of"}
_CODES = {
    "tags": "it is tagged", "metadata": "it is from around",
    "lyrics": "it sings of", "audio": "it sounds of",
}  # fmt: skip
_EVIDENCE = {
    "playlist": "it is in the same kind of playlists",
    "neighbours": "playlists put it beside what you played",
    "shelves": "it shares playlists with what you played",
    "words": "it carries your words",
    "closeness": "it is close to what you described",
    "artists": "you played its artist",
    "scene": "its artist shares playlists with those whom you played",
    "popularity": "many listeners have it in their playlists",
    "asked": "you asked for it by name or tag",
    "sound": "it sounds the way you asked for",
    "novelty": "it is as little or well known as you asked for",
}


def _length(track: Track) -> str:
    minutes, seconds = divmod(round(track.duration_seconds), 60)
    return f"{minutes}:{seconds:02d} long" if track.duration_seconds else ""


def _tags(track: Track) -> str:
    return f"tagged {', '.join(track.tags[:4])}" if track.tags else ""


def _quoted(word: str) -> str:
    return f"\u201c{word}\u201d"
