"""Names that nobody has: artists, titles, albums and playlists, from a region's words and the world's own."""

from __future__ import annotations

from segue.world.dice import Dice
from segue.world.regions import REGIONS, coined, lexicon
from segue.world.vocabulary import PLACES_AND_TIMES, Genre, Theme


def artist_name(dice: Dice, region: int) -> str:
    """The name of a person, a band or a project."""
    name = coined(dice, region)
    match dice.between(0, 5):
        case 0 | 1:
            return f"{name} {coined(dice, region, 1, 1)}"
        case 2:
            return f"{name} {dice.pick(REGIONS[region].collectives)}"
        case 3:
            return f"{coined(dice, region, 1, 1)} & {name}"
        case _:
            return name


def track_title(dice: Dice, region: int, theme: Theme) -> str:
    """A title in the words of the region, seldom about the theme."""
    first, second = dice.sample(lexicon(region), 2)
    noun, adjective, verb = dice.pick(theme.nouns), dice.pick(theme.adjectives), dice.pick(theme.verbs)
    themed = (f"{adjective} {noun}", f"{verb} with me", f"{second}'s {noun}")
    patterns = (
        f"{first} {second}",
        first,
        f"{first} (part {dice.between(1, 3)})",
        f"{first} {coined(dice, region, 1, 1)}",
        f"{first}, {second}",
        f"{first} {dice.between(2, 99)}",
    )
    return _titled(dice.pick(themed if dice.chance(0.15) else patterns))


def album_title(dice: Dice, region: int, theme: Theme) -> str:
    """A title for some tracks that came out together."""
    first, second = dice.sample(lexicon(region), 2)
    patterns = (
        f"{first} {second}",
        f"{coined(dice, region, 2, 3)}",
        f"{first} EP",
        f"songs from {coined(dice, region)}",
        f"the {first} tapes",
        f"{dice.pick(theme.adjectives)} {first}",
    )
    return _titled(dice.pick(patterns))


def playlist_name(dice: Dice, genre: Genre, mood: str, theme: Theme) -> str:
    """A name as people give them; it hints at most at genre, mood and theme, and often at nothing."""
    occasion, style, noun = dice.pick(PLACES_AND_TIMES), dice.pick(genre.styles), dice.pick(theme.nouns)
    nickname = coined(dice, dice.between(0, len(REGIONS) - 1))
    patterns = (
        f"{mood} {genre.name}",
        f"{genre.name} for {occasion}",
        f"{occasion}",
        f"{style} & {dice.pick(genre.styles)}",
        f"{noun}s and {mood} songs",
        f"{nickname} radio",
        f"my {mood} {dice.pick(('mix', 'list', 'corner', 'hour', 'favourites'))}",
        f"best of {style}",
        f"{dice.pick(('vol.', 'part', 'no.'))} {dice.between(1, 40)}",
        f"{dice.pick(theme.adjectives)} {theme.name}",
        f"{nickname}'s picks",
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
