"""Names that nobody has: artists, titles, albums and playlists, from syllables and the world's own words."""

from __future__ import annotations

from segue.world.dice import Dice
from segue.world.vocabulary import PLACES_AND_TIMES, Genre, Theme

ONSETS = ("b", "br", "c", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "kr", "l", "m", "n", "p", "qu", "r", "s")
MORE_ONSETS = ("sh", "sk", "st", "t", "th", "tr", "v", "vl", "w", "y", "z", "zw")
VOWELS = ("a", "e", "i", "o", "u", "ae", "ei", "ou", "io", "y", "aa", "ui")
CODAS = ("", "", "", "n", "r", "l", "s", "th", "m", "x", "nd", "rk", "lm", "v", "sk", "nt")
COLLECTIVES = (
    "Ensemble",
    "Trio",
    "Collective",
    "Machine",
    "Brothers",
    "Society",
    "Orchestra",
    "Club",
    "Sisters",
    "System",
)


def coined(dice: Dice, least: int = 2, most: int = 3) -> str:
    """A capitalised word of some syllables that no dictionary has."""
    syllables = (dice.pick((*ONSETS, *MORE_ONSETS)) + dice.pick(VOWELS) for _ in range(dice.between(least, most)))
    return ("".join(syllables) + dice.pick(CODAS)).capitalize()


def artist_name(dice: Dice) -> str:
    """The name of a person, a band or a project."""
    name = coined(dice)
    match dice.between(0, 5):
        case 0:
            return f"{name} {coined(dice, 1, 2)}"
        case 1:
            return f"The {name}s"
        case 2:
            return f"{name} {dice.pick(COLLECTIVES)}"
        case 3:
            return f"{coined(dice, 1, 1)} & {name}"
        case _:
            return name


def track_title(dice: Dice, theme: Theme) -> str:
    """A title that is about the theme, more often than not."""
    noun, adjective, verb, place = (dice.pick(x) for x in (theme.nouns, theme.adjectives, theme.verbs, theme.places))
    patterns = (
        f"{adjective} {noun}",
        f"{noun} and {dice.pick(theme.nouns)}",
        f"{verb} With Me",
        f"{noun} in {place}",
        f"{adjective}",
        f"{verb}, {verb}",
        f"no more {noun}",
        f"{coined(dice)}",
        f"{coined(dice)}'s {noun}",
        f"back to {place}",
        f"{dice.between(2, 99)} {noun}s",
        f"if you {verb}",
    )
    return _titled(dice.pick(patterns))


def album_title(dice: Dice, theme: Theme) -> str:
    """A title for some tracks that came out together."""
    patterns = (
        f"{dice.pick(theme.adjectives)} {dice.pick(theme.nouns)}s",
        f"{coined(dice, 2, 4)}",
        f"songs from {dice.pick(theme.places)}",
        f"{coined(dice)} EP",
        f"the {dice.pick(theme.nouns)} tapes",
        f"{dice.pick(theme.nouns)} / {dice.pick(theme.nouns)}",
    )
    return _titled(dice.pick(patterns))


def playlist_name(dice: Dice, genre: Genre, mood: str, theme: Theme) -> str:
    """A name as people give them; it hints at most at genre, mood and theme, and often at nothing."""
    occasion, style, noun = dice.pick(PLACES_AND_TIMES), dice.pick(genre.styles), dice.pick(theme.nouns)
    patterns = (
        f"{mood} {genre.name}",
        f"{genre.name} for {occasion}",
        f"{occasion}",
        f"{style} & {dice.pick(genre.styles)}",
        f"{noun}s and {mood} songs",
        f"{coined(dice)} radio",
        f"my {mood} {dice.pick(('mix', 'list', 'corner', 'hour', 'favourites'))}",
        f"best of {style}",
        f"{dice.pick(('vol.', 'part', 'no.'))} {dice.between(1, 40)}",
        f"{dice.pick(theme.adjectives)} {theme.name}",
        f"{coined(dice)}'s picks",
    )
    name = dice.pick(patterns)
    return name.capitalize() if dice.chance(0.6) else name


def playlist_description(dice: Dice, genre: Genre, mood: str, theme: Theme) -> str:
    """A sentence or nothing."""
    patterns = (
        f"{mood.capitalize()} {genre.name} for {dice.pick(PLACES_AND_TIMES)}.",
        f"Think {dice.pick(genre.instruments)} and {dice.pick(theme.nouns)}s.",
        f"What I play at {dice.pick(theme.places)}. Updated when I feel like it.",
        f"{dice.pick(genre.styles).capitalize()} and its neighbours, old and new.",
        "",
        "",
    )
    return dice.pick(patterns)


def _titled(text: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in text.split(" "))
