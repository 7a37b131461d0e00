"""Lyrics of a few verses and a chorus, from a theme's vocabulary. Knows words, no tracks."""

from __future__ import annotations

from segue.world.dice import Dice
from segue.world.vocabulary import Theme

LINES = (
    "I left the {noun} at {place}",
    "{adjective} {noun}, {adjective2} {noun2}",
    "we {verb} until the {noun} is gone",
    "oh, how the {noun} can {verb}",
    "nobody knows the {adjective} {noun}",
    "take me back to {place}",
    "you {verb} like a {noun}",
    "and the {noun2} turns {adjective}",
    "there is a {noun} inside of me",
    "every {noun} that we {verb}",
    "{place} never felt so {adjective}",
    "I {verb}, I {verb2}, I start again",
    "tell me where the {adjective} {noun2}s go",
    "don't you {verb} without me",
    "under the {noun} I count the days",
    "my {adjective} {noun} keeps me awake",
    "we were {adjective}, we were {adjective2}",
    "one more {noun} before I {verb}",
    "somebody left a {noun} by {place}",
    "let it {verb}, let it {verb2}",
    "all your {noun}s are {adjective} now",
    "I was looking for a {noun} and found {place}",
)
SWEARING = ("damn this {noun}", "to hell with the {adjective} {noun}", "screw your {noun}, I {verb}")


def lyrics(dice: Dice, theme: Theme, second: Theme, *, explicit: bool) -> str:
    """Return lines: verses mostly of the theme with a line or two of the second one, and a chorus that returns."""
    chorus = [_line(dice, theme, LINES) for _ in range(2)]
    song: list[str] = []
    for _ in range(dice.between(2, 3)):
        verse = [_line(dice, theme, LINES) for _ in range(dice.between(2, 3))]
        verse += [_line(dice, second, LINES) for _ in range(dice.between(1, 2))]
        if explicit:
            verse.append(_line(dice, theme, SWEARING))
        song += [*verse, *chorus]
    return "\n".join(song)


def _line(dice: Dice, theme: Theme, templates: tuple[str, ...]) -> str:
    return dice.pick(templates).format(
        noun=dice.pick(theme.nouns),
        noun2=dice.pick(theme.nouns),
        adjective=dice.pick(theme.adjectives),
        adjective2=dice.pick(theme.adjectives),
        verb=dice.pick(theme.verbs),
        verb2=dice.pick(theme.verbs),
        place=dice.pick(theme.places),
    )
