"""The systems of the dialogue protocol, fitted on training dialogues and asked the test ones: BM25 to all of Segue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segue.evaluation.dialogues.evidence import TERMS, Evidence
from segue.evaluation.dialogues.learned import ConversationRules, Segue
from segue.evaluation.dialogues.plain import BM25, HYBRID, MINILM, OWN_BM25, OWN_BM25_TWO, plain_scores
from segue.evaluation.dialogues.questions import Conversations, Question, ranks
from segue.tokens.codebook import Floats, Integers
from segue.training.watch import Watch

TUNED, DECODER, SEGUE = "encoder fine-tuned", "decoder alone", "segue"
SYSTEMS = (BM25, OWN_BM25, OWN_BM25_TWO, MINILM, HYBRID, TUNED, DECODER, SEGUE)


@dataclass(frozen=True, slots=True)
class Reached:
    """What each system reached on the test questions: the rank of the first wanted track by what is wanted.

    `goal` and `now` are [questions] by system; `now` is 0 where nothing was liked at once. `chosen` tells the settings.
    """

    questions: Sequence[Question]
    goal: Mapping[str, Integers]
    now: Mapping[str, Integers]
    chosen: Mapping[str, str]


def measure(given: Conversations, vectors: Floats, rules: ConversationRules, watch: Watch) -> Reached:
    """Fit all systems on the training questions and rank the catalogue at the test questions.

    `vectors` are the tracks' from the encoder as it comes, `plain_vectors`: the same for all folds.
    """
    watch.phase("BM25, MiniLM, both")
    scores, chosen = plain_scores(given, vectors)
    segue, weights = Segue.fitted(given.training, Evidence(given.tracks), rules, watch)
    watch.phase("Ranking the tracks at the test questions")
    chosen[SEGUE] = ", ".join(f"{name} {weight:.2f}" for name, weight in zip(TERMS, weights, strict=True))
    terms = segue.terms(given.test)
    scores[TUNED] = terms[:, TERMS.index("closeness")]
    scores[DECODER] = terms[:, TERMS.index("decoder")]
    scores[SEGUE] = np.einsum("t,qtn->qn", weights.astype(np.float32), terms)
    return Reached(
        given.test,
        {name: ranks(each, given.test) for name, each in scores.items()},
        {name: ranks(each, given.test, now=True) for name, each in scores.items()},
        chosen,
    )
