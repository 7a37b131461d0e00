"""How one listener types: case, punctuation, slips, how many words. Knows skeletons of sentences, not what they say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from segue.world.dice import Dice

_SLOT = re.compile(r"(\{\w+\})")
_GAP = re.compile(r"\s+([?!,.])")
_WORD = re.compile(r"[a-z]{5,}")
_SHORT = {"you": "u", "please": "pls", "because": "cuz", "thanks": "thx", "going to": "gonna", "want to": "wanna"}


@dataclass(frozen=True, slots=True)
class Voice:
    """Habits of one listener; `slips` is the chance that a longer word has a typo, at most one a sentence."""

    lower_case: bool
    bare: bool
    terse: bool
    short: bool
    lively: bool
    trailing: bool
    slips: float

    @classmethod
    def of(cls, dice: Dice) -> Voice:
        """Draw a voice. A quarter of CPCD's utterances have no capitals."""
        return cls(
            lower_case=dice.chance(0.3),
            bare=dice.chance(0.4),
            terse=dice.chance(0.25),
            short=dice.chance(0.12),
            lively=dice.chance(0.25),
            trailing=dice.chance(0.12),
            slips=dice.pick((0.0, 0.0, 0.0, 0.02, 0.06)),
        )

    def write(self, dice: Dice, skeletons: Sequence[str], slots: Mapping[str, str]) -> str:
        """Return sentences as this listener types them; slips and short forms spare what fills the slots."""
        parts = [" ".join(self._typed(dice, skeleton).split()) for skeleton in skeletons]
        said = [_filled(part, slots).strip(" ,") for part in parts if part.strip(" ,.!?")]
        sentences = [self._ended(each, dice, last=each is said[-1]) for each in said]
        text = _GAP.sub(r"\1", " ".join(" ".join(sentence.split()) for sentence in sentences))
        return text.lower() if self.lower_case else text

    def _typed(self, dice: Dice, skeleton: str) -> str:
        pieces = _SLOT.split(skeleton)
        return "".join(piece if piece.startswith("{") else self._slipped(dice, piece) for piece in pieces)

    def _slipped(self, dice: Dice, piece: str) -> str:
        if self.short:
            for word, less in _SHORT.items():
                piece = re.sub(rf"\b{word}\b", less, piece)
        words = list(_WORD.finditer(piece))
        if self.slips and words and dice.chance(self.slips * len(words)):
            found = dice.pick(words)
            piece = piece[: found.start()] + _typo(dice, found[0]) + piece[found.end() :]
        return piece

    def _ended(self, sentence: str, dice: Dice, *, last: bool) -> str:
        if self.trailing and dice.chance(0.6):
            sentence = sentence.rstrip(".!") + "..."
        elif self.bare and last:
            sentence = sentence.rstrip(".!?")
        elif sentence[-1:] not in ".!?":
            sentence += "!" if self.lively and dice.chance(0.6) else "."
        return sentence[:1].upper() + sentence[1:]


def _filled(skeleton: str, slots: Mapping[str, str]) -> str:
    """Fill the slots, and theirs; what fills them may hold braces of its own."""
    return _SLOT.sub(lambda found: _filled(slots[found[0][1:-1]], {}) if slots else found[0], skeleton)


def _typo(dice: Dice, word: str) -> str:
    """Return a word with two letters swapped, one lost or one doubled; the first letter stays."""
    at = dice.between(1, len(word) - 2)
    return dice.pick(
        (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
        )
    )
