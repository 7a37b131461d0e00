"""The systems that nothing is trained for: BM25 as published and with own words, MiniLM as it comes, and a blend.

How each is asked, and BM25's two parameters, are chosen at the last turns of the training dialogues.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

from segue.catalog import Track
from segue.evaluation.baselines.lexicon import Lexicon, published_words
from segue.evaluation.dialogues.blending import Choice, fit_weights
from segue.evaluation.dialogues.questions import Conversations, Question, as_sentence, ranks, spread
from segue.model.text_encoder import PackagedEncoder
from segue.tokens.asking import described
from segue.tokens.codebook import Floats
from segue.tokens.words import content_words

BM25, OWN_BM25, OWN_BM25_TWO, MINILM, HYBRID = (
    "bm25",
    "bm25, own words",
    "bm25, own words, two turns",
    "minilm",
    "hybrid",
)
# k1 and b: the library's own, the commonest other, and one to each side.
_GRID = ((1.5, 0.75), (1.2, 0.75), (0.9, 0.4), (2.0, 1.0))
_ALL_TURNS = 10**6
# Questions on which the blend is weighed.
_MOST_CHOICES = 600


def plain_vectors(tracks: Sequence[Track]) -> Floats:
    """Return the tracks' vectors from the encoder as it comes, [tracks, width]."""
    return PackagedEncoder().encode([described(track) for track in tracks])


def plain_scores(given: Conversations, vectors: Floats) -> tuple[dict[str, Floats], dict[str, str]]:
    """Return the scores at the test questions by system, [questions, tracks], and what was chosen."""
    ends = [question for question in given.training if question.is_last]
    published, own = (_Lexical.chosen(given.tracks, cut, ends) for cut in (published_words, content_words))
    two = _Lexical(own.lexicon, 2, "")

    def dense(questions: Sequence[Question], *, whole: bool) -> Floats:
        texts = [as_sentence(question, given.tracks) if whole else question.texts[-1] for question in questions]
        return np.asarray(_encoder().encode(texts) @ vectors.T, np.float32)

    whole = max((False, True), key=lambda whole: _quality(dense(ends, whole=whole), ends))
    some = spread(given.training, _MOST_CHOICES)
    terms = zip(some, np.log1p(own.scores(some)), dense(some, whole=whole), strict=True)
    choices = [Choice(np.stack(pair), question.goal, question.ruled_out) for question, *pair in terms]
    words, closeness = fit_weights(choices).astype(np.float32)
    lexical, near = own.scores(given.test), dense(given.test, whole=whole)
    scores = {
        BM25: published.scores(given.test),
        OWN_BM25: lexical,
        OWN_BM25_TWO: two.scores(given.test),
        MINILM: near,
        HYBRID: words * np.log1p(lexical) + closeness * near,
    }
    heard = "the conversation" if whole else "the newest utterance"
    return scores, {BM25: published.told, OWN_BM25: own.told, MINILM: heard}


@cache
def _encoder() -> PackagedEncoder:
    """Return one encoder for all folds: they share their questions, and it keeps what it has read."""
    return PackagedEncoder()


@dataclass(frozen=True)
class _Lexical:
    """BM25, and with how many of the newest utterances it is asked."""

    lexicon: Lexicon
    turns: int
    told: str

    @classmethod
    def chosen(cls, tracks: Sequence[Track], cut: Callable[[str], list[str]], ends: Sequence[Question]) -> _Lexical:
        lexicons: Mapping[tuple[float, float], Lexicon] = {(k1, b): Lexicon(tracks, k1, b, cut) for k1, b in _GRID}
        found = [
            cls(lexicon, turns, f"{'the newest utterance' if turns == 1 else 'all utterances'}, k1 {k1}, b {b}")
            for ((k1, b), lexicon), turns in product(lexicons.items(), (1, _ALL_TURNS))
        ]
        return max(found, key=lambda each: _quality(each.scores(ends), ends))

    def scores(self, questions: Sequence[Question]) -> Floats:
        return np.stack([self.lexicon.scores(question.texts[-self.turns :]) for question in questions])


def _quality(scores: Floats, questions: Sequence[Question]) -> float:
    """Return hit@10 + MRR."""
    found = ranks(scores, questions)
    return float((found <= 10).mean() + (1.0 / found).mean())
