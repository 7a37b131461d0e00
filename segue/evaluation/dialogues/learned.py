"""Segue, learned from training dialogues: a fine-tuned encoder, a decoder over codes of its vectors, weighed terms.

The terms are weighed on training dialogues that neither the encoder nor the decoder has learned from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np

from segue.evaluation.dialogues.blending import Choice, Weights, fit_weights
from segue.evaluation.dialogues.evidence import TERMS, Evidence, affinity
from segue.evaluation.dialogues.questions import Question, as_sentence, split
from segue.model.spoken import SpokenDecoder
from segue.session import SessionTurn
from segue.tokens.asking import described
from segue.tokens.codebook import Floats
from segue.tokens.prompt import Moment, prompt, turn_moment
from segue.tokens.vocabulary import Control, Vocabulary
from segue.tokens.words import WordVocabulary
from segue.training.spoken import ResidualCodes, SpokenExample, SpokenRules, residual_codes, spoken_scores, train_spoken
from segue.training.text_tuning import FrozenStates, TextExample, TextTuningRules, TunedEncoder, tuned_encoder
from segue.training.watch import Watch

_CONFUSABLE = 40
_MOST_TOLD = 12  # rated tracks in a prompt


@dataclass(frozen=True, slots=True)
class ConversationRules:
    """How Segue is fitted; `held_share` of the training dialogues weigh its terms."""

    held_share: float = 0.15
    tuning: TextTuningRules = field(default_factory=partial(TextTuningRules, learning_rate=2e-4, frozen_layers=4))
    decoder: SpokenRules = field(default_factory=SpokenRules)
    seed: int = 1


@dataclass(frozen=True)
class Segue:
    """The fine-tuned encoder with its vectors of the tracks, the decoder, and the terms beside them."""

    evidence: Evidence
    encoder: TunedEncoder
    vectors: Floats
    decoder: SpokenDecoder
    coded: ResidualCodes
    vocabulary: Vocabulary

    @classmethod
    def fitted(
        cls, asked: Sequence[Question], evidence: Evidence, rules: ConversationRules, watch: Watch
    ) -> tuple[Segue, Weights]:
        """Return Segue after learning from the questions, and what its terms weigh."""
        learned, held = _hold_back(asked, rules)
        watch.phase("Fine-tuning the text encoder")
        texts = [described(track) for track in evidence.tracks]
        below = _frozen_states(rules.tuning.frozen_layers)
        encoder = tuned_encoder(texts, _text_examples(learned, evidence), rules.tuning, below, watch)
        watch.phase("Coding the tracks")
        vectors = encoder.encode(texts)
        coded = residual_codes(vectors, rules.seed)
        vocabulary = Vocabulary(
            WordVocabulary.of_texts((question.texts[-1] for question in learned), most=2_000, buckets=64)
        )
        said = encoder.encode([as_sentence(question, evidence.tracks) for question in learned])
        examples = [
            SpokenExample(_prompt(question, vocabulary), vector, question.now or question.goal, question.goal)
            for question, vector in zip(learned, said, strict=True)
        ]
        watch.phase("Training the decoder")
        decoder = train_spoken(coded, len(vocabulary), examples, vectors, rules.decoder, watch)
        segue = cls(evidence, encoder, vectors, decoder, coded, vocabulary)
        watch.phase("Weighing the terms")
        return segue, fit_weights(segue.choices(held))

    def terms(self, questions: Sequence[Question]) -> Floats:
        """Return all terms, [questions, TERMS, tracks]."""
        said = self.encoder.encode([as_sentence(question, self.evidence.tracks) for question in questions])
        prompts = [_prompt(question, self.vocabulary) for question in questions]
        generated = spoken_scores(self.decoder, self.coded, prompts, said)
        found = np.zeros((len(questions), len(TERMS), len(self.vectors)), np.float32)
        for place, question in enumerate(questions):
            named = {
                "decoder": generated[place],
                "closeness": self.vectors @ said[place],
                "affinity": affinity(self.vectors, question),
                **self.evidence.lexical(question),
            }
            found[place] = [named[name] for name in TERMS]
        return found

    def choices(self, questions: Sequence[Question]) -> list[Choice]:
        """Return what the terms say at the questions, and what was wanted."""
        return [
            Choice(terms, question.goal, question.ruled_out)
            for terms, question in zip(self.terms(questions), questions, strict=True)
        ]


@cache
def _frozen_states(layers: int) -> FrozenStates:
    """Return what all folds share: they read the same tracks and questions."""
    return FrozenStates(layers)


def _hold_back(asked: Sequence[Question], rules: ConversationRules) -> tuple[list[Question], list[Question]]:
    names = np.array(sorted({question.dialogue for question in asked}))
    np.random.default_rng(rules.seed).shuffle(names)
    return split(asked, set(names[: max(1, round(rules.held_share * len(names)))].tolist()))


def _text_examples(asked: Sequence[Question], evidence: Evidence) -> list[TextExample]:
    """Return the questions as texts; what competes is drawn from tracks of these dialogues alone."""
    known = np.unique([row for each in asked for row in (*each.goal, *each.liked, *each.disliked, *each.refused)])
    examples = []
    for question in asked:
        scores = evidence.lexicon.scores(question.texts[-1:])[known]
        right = {*question.goal, *question.liked}
        nearest = known[np.argsort(-scores, kind="stable")[:_CONFUSABLE]][np.sort(-scores)[:_CONFUSABLE] < 0]
        examples.append(
            TextExample(
                asked=as_sentence(question, evidence.tracks),
                bare=question.texts[-1],
                wanted=question.now,
                likely=question.goal,
                right=tuple(right),
                unwanted=question.refused or question.disliked,
                confusable=tuple(row for row in nearest.tolist() if row not in right),
            )
        )
    return examples


def _prompt(question: Question, vocabulary: Vocabulary) -> tuple[int, ...]:
    """Return the prompt: what was liked and disliked, then what is asked; nothing has a time."""
    judged = [Moment(0, row, Control.LIKED) for row in question.liked[-_MOST_TOLD:]]
    judged += [Moment(0, row, Control.DISLIKED) for row in question.disliked[-_MOST_TOLD // 2 :]]
    return prompt([*judged, turn_moment(SessionTurn(0, "", question.texts[-1]), vocabulary)])
