"""Which way the words of a text count: wanted, more, less, or not at all; and the clause that a word stands in.

Knows phrases and places in a text; knows no names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum

from segue.wishes import phrases

# A comparison reaches so many words far, a negation at most so many.
_NEAR, _FAR = 4, 12
_STOPS = re.compile(r"[.;!?\n]|,|\bbut\b|\bthough\b")
_LIST_GOES_ON = re.compile(r"^[^.;!?]*?\b(?:or|nor|and no|oder|ni)\b")


class Sense(IntEnum):
    """How a word is meant; the larger number wins where several reach it."""

    PLAIN = 0
    MORE = 1
    LESS = 2
    NOT = 3


class Senses:
    """The senses of one folded text's places."""

    def __init__(self, text: str) -> None:
        self._text = text
        told = phrases.IDIOMS.sub(lambda found: " " * len(found[0]), text)
        self._reaches = [*_reaches(told, phrases.NEGATORS, Sense.NOT, _FAR)]
        for around in phrases.AROUND.finditer(told):
            self._reaches.append((*around.span("what" if around["what"] else "before"), Sense.NOT))
        starts = [(start, end) for start, end, _ in self._reaches]
        for pattern, sense in ((phrases.LESS, Sense.LESS), (phrases.MORE, Sense.MORE)):
            for reach in _reaches(told, pattern, sense, _NEAR):
                # "no more folk" is no wish for more folk, but "nothing too loud" is one for less loud.
                inside = any(start <= reach[0] < end for start, end in starts)
                if sense is Sense.LESS:
                    self._reaches = [each for each in self._reaches if not _covers(each, reach)] + [reach]
                elif not inside:
                    self._reaches.append(reach)

    def at(self, place: int) -> Sense:
        """Return how the word that begins at this place is meant."""
        return max((sense for start, end, sense in self._reaches if start <= place < end), default=Sense.PLAIN)

    def clause(self, start: int, end: int) -> str:
        """Return the clause around a place."""
        before = [found.end() for found in _STOPS.finditer(self._text, 0, start)]
        after = _STOPS.search(self._text, end)
        return self._text[before[-1] if before else 0 : after.start() if after else len(self._text)]


def _covers(other: tuple[int, int, Sense], reach: tuple[int, int, Sense]) -> bool:
    """Whether a negation holds nothing but this comparison: "not too loud"."""
    return other[2] is Sense.NOT and reach[0] - 12 <= other[0] <= reach[0] and other[1] <= reach[1]


def _reaches(text: str, pattern: re.Pattern[str], sense: Sense, words: int) -> Iterator[tuple[int, int, Sense]]:
    for match in pattern.finditer(text):
        yield match.end(), _end(text, match.end(), words, lists=sense is Sense.NOT), sense


def _end(text: str, start: int, words: int, *, lists: bool) -> int:
    """Return where what begins at `start` ends: at a turn of the sentence, at a comma that no list goes on after."""
    turn = phrases.TURNS.search(text, start + 1)
    end = turn.start() if turn else len(text)
    for comma in phrases.COMMA.finditer(text, start, end):
        if not (lists and _LIST_GOES_ON.search(text[comma.end() : end])):
            end = comma.start()
            break
    if not lists and (joined := re.search(r"\band\b", text[start:end])):
        end = start + joined.start()
    spaces = [found.end() for found in re.finditer(r"\s+", text[start:end])]
    return start + spaces[words] if len(spaces) > words else end
