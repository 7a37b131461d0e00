"""How varied utterances are: distinct pairs of words, and repeated utterances. Knows texts only."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from segue.tokens.words import words

# distinct-2 falls with the amount of text, so it is taken over the same amount always.
SAMPLE = 1_500


@dataclass(slots=True)
class Variety:
    """Figures over utterances as they pass; memory: one number for each different utterance."""

    utterances: int = 0
    _pairs: int = 0
    _different_pairs: set[tuple[str, str]] = field(default_factory=set)
    _different: set[int] = field(default_factory=set)

    def hear(self, text: str) -> None:
        """Count an utterance; case and punctuation make no difference."""
        said = words(text)
        self._different.add(hash(tuple(said)))
        if self.utterances < SAMPLE:
            pairs = list(pairwise(said))
            self._pairs += len(pairs)
            self._different_pairs.update(pairs)
        self.utterances += 1

    @property
    def distinct_2(self) -> float:
        """The share of different pairs of neighbouring words among all, over the first 1,500 utterances, 0 to 1.

        Li et al. 2016 (arXiv 1510.03055).
        """
        return len(self._different_pairs) / max(1, self._pairs)

    @property
    def repeated_share(self) -> float:
        """The share of utterances that were said before, word for word, 0 to 1."""
        return 1.0 - len(self._different) / max(1, self.utterances)
