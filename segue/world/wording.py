"""How listeners ask for music and how they are answered: many ways to say the same few things.

Knows words only; `dialogues.py` decides what is said.
"""

from __future__ import annotations

from dataclasses import dataclass

from segue.world.dice import Dice

HELLOS = ("hi, ", "hey, ", "hello! ", "good evening, ", "so, ", "ok, ", "", "", "", "", "")
WISHES = (
    "I want {what}",
    "I'm looking for {what}",
    "can you play {what}?",
    "put together {what} for me",
    "I'm in the mood for {what}",
    "do you have {what}?",
    "I need {what}",
    "give me {what}",
    "{what} please",
    "I'd love to hear {what}",
    "what about {what}?",
    "let's start with {what}",
)
WHATS = (
    "some {facets}",
    "{facets}",
    "a playlist of {facets}",
    "something {facets}",
    "a few {facets} songs",
    "{facets} tracks",
    "{facets} for {occasion}",
    "music for {occasion}, {facets}",
)
ARTIST_WISHES = (
    "something like {artist}",
    "more of {artist}",
    "anything close to {artist}",
    "songs in the style of {artist}",
    "I've been listening to {artist} a lot, what else is there?",
    "people who like {artist} must like something else too, what is it?",
)
THEME_WISHES = (
    "songs about the {noun}",
    "lyrics about {theme}",
    "can it be about {theme}?",
    "I like it when they sing of {noun}s",
    "more {theme} in the words",
)
ERA_WISHES = ("from the {decade}s", "make it {decade}s", "old ones, {decade}s or so", "like in the {decade}s")
INSTRUMENT_WISHES = ("with {instrument}", "more {instrument}", "I love {instrument}", "is there any with {instrument}?")
PRAISES = (
    "{title} is great",
    "love {title}",
    "{title} by {artist} is exactly it",
    "yes, {title}!",
    "{artist} is a keeper",
    "that one by {artist} hits the spot",
    "good call on {title}",
    "perfect, keep {title}",
)
COMPLAINTS = (
    "{title} is too {flaw}",
    "not {title}, too {flaw}",
    "I can't stand {artist}",
    "skip {title}",
    "{title} doesn't fit at all",
    "no more {artist} please",
    "less {flaw} than {title}",
    "{title} is not my thing",
)
MORES = ("more of that", "keep them coming", "a few more please", "what else?", "more in that vein", "and some others")
NOTHING_RIGHT = ("none of these", "hmm, not quite", "not what I meant", "nope", "that's not it")
THANKS = ("thanks, that's all", "great, I'm happy with this", "that's a good list now", "perfect, done", "cheers!")

REPLIES = (
    "Here are {count} {facets} tracks, among them {artist}.",
    "Try {title} by {artist} first; the rest goes in the same direction.",
    "I found some {facets}: {artist}, {other} and more.",
    "How about {artist}? I added {other} too.",
    "{facets}, coming up. Tell me which ones you like.",
    "You might enjoy {title}. Should it be calmer or livelier?",
    "Added {artist} and {other}. Any other artist you are fond of?",
    "These lean towards {facets}. More like {title}?",
    "Let me know what to change; I started with {artist}.",
    "{count} tracks, with {title} at the top.",
)
FAREWELLS = ("Enjoy!", "You're welcome.", "Have fun with it.", "Glad you like it.", "Happy listening!")


@dataclass(frozen=True, slots=True)
class Voice:
    """How one listener writes."""

    lower_case: bool
    bare: bool
    terse: bool

    @classmethod
    def of(cls, dice: Dice) -> Voice:
        """Draw a voice."""
        return cls(lower_case=dice.chance(0.4), bare=dice.chance(0.3), terse=dice.chance(0.25))

    def write(self, *sentences: str) -> str:
        """Join what is said, as this listener would type it."""
        said = [sentence for sentence in sentences if sentence]
        if self.terse:
            said = said[-1:]
        text = " ".join(_sentence(sentence, bare=self.bare) for sentence in said)
        return text.lower() if self.lower_case else text


@dataclass(frozen=True, slots=True)
class Named:
    """A track as it is talked about."""

    title: str
    artist: str


def wish(dice: Dice, facets: str, occasion: str) -> str:
    """Ask for music described by some words."""
    what = dice.pick(WHATS).format(facets=facets, occasion=occasion)
    return dice.pick(HELLOS) + dice.pick(WISHES).format(what=what)


def artist_wish(dice: Dice, artist: str) -> str:
    """Ask for music like an artist's."""
    return dice.pick(ARTIST_WISHES).format(artist=artist)


def theme_wish(dice: Dice, theme: str, noun: str) -> str:
    """Ask for lyrics about something."""
    return dice.pick(THEME_WISHES).format(theme=theme, noun=noun)


def instrument_wish(dice: Dice, instrument: str) -> str:
    """Ask for an instrument."""
    return dice.pick(INSTRUMENT_WISHES).format(instrument=instrument)


def era_wish(dice: Dice, year: float) -> str:
    """Ask for a decade."""
    return dice.pick(ERA_WISHES).format(decade=f"{int(year) // 10 % 10}0")


def feedback(dice: Dice, liked: list[Named], disliked: list[tuple[Named, str]]) -> str:
    """Say what was good or bad about the last tracks; a disliked one comes with its flaw."""
    parts: list[str] = []
    if liked:
        track = dice.pick(liked)
        parts.append(dice.pick(PRAISES).format(title=track.title, artist=track.artist))
    if disliked and (not liked or dice.chance(0.4)):
        track, flaw = dice.pick(disliked)
        parts.append(dice.pick(COMPLAINTS).format(title=track.title, artist=track.artist, flaw=flaw))
    return dice.pick((", but ", ". ", ", ")).join(parts) if parts else dice.pick(NOTHING_RIGHT)


def more(dice: Dice) -> str:
    """Ask to go on."""
    return dice.pick(MORES)


def farewell(dice: Dice) -> tuple[str, str]:
    """End the conversation: what the listener says, and the answer."""
    return dice.pick(THANKS), dice.pick(FAREWELLS)


def reply(dice: Dice, facets: str, tracks: list[Named]) -> str:
    """Answer with tracks; at least one is needed."""
    first = tracks[0]
    other = dice.pick([track for track in tracks if track.artist != first.artist] or tracks)
    text = dice.pick(REPLIES)
    filled = text.format(count=len(tracks), facets=facets, artist=first.artist, title=first.title, other=other.artist)
    return filled[:1].upper() + filled[1:]


def _sentence(text: str, *, bare: bool) -> str:
    if bare:
        return text.rstrip(".!")
    ended = text if text[-1] in ".!?" else f"{text}."
    return ended[:1].upper() + ended[1:]
