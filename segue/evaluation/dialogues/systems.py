"""The systems of the dialogue protocol, fitted on training dialogues and asked the test ones: BM25 to all of Segue.

Choices are made on training dialogues alone: BM25 and MiniLM as they come are asked with the history or without it,
whichever is better at their last turns; Segue's terms are weighed on training dialogues that its encoder and decoder
have not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from segue.catalog import Track
from segue.evaluation.dialogues.blending import Choice, Weights, fit_weights
from segue.evaluation.dialogues.evidence import TERMS, Evidence, affinity
from segue.evaluation.dialogues.questions import Conversations, Question, rank_of_first, split
from segue.model.spoken import SpokenDecoder
from segue.model.text_encoder import PackagedEncoder
from segue.session import SessionTurn
from segue.tokens.asking import asking, described
from segue.tokens.codebook import Floats, Integers
from segue.tokens.prompt import Moment, prompt, turn_moment
from segue.tokens.vocabulary import Control, Vocabulary
from segue.tokens.words import WordVocabulary
from segue.training.spoken import ResidualCodes, SpokenExample, SpokenRules, residual_codes, spoken_scores, train_spoken
from segue.training.text_tuning import TextExample, TextTuningRules, tune_text_encoder
from segue.training.watch import Watch

BM25, BM25_TWO, MINILM, HYBRID, TUNED, DECODER, SEGUE = (
    "bm25",
    "bm25, two turns",
    "minilm",
    "hybrid",
    "encoder fine-tuned",
    "decoder alone",
    "segue",
)
SYSTEMS = (BM25, BM25_TWO, MINILM, HYBRID, TUNED, DECODER, SEGUE)
ALL_TURNS = 10**6
_CONFUSABLE = 40
_MOST_TOLD = 12  # rated tracks in a prompt
# Training questions, evenly spread, on which what nothing is trained for is chosen.
_MOST_CHOICES = 600


@dataclass(frozen=True, slots=True)
class ConversationRules:
    """How the systems are fitted; `held_share` of the training dialogues weigh Segue's terms."""

    held_share: float = 0.15
    tuning: TextTuningRules = field(default_factory=TextTuningRules)
    decoder: SpokenRules = field(default_factory=SpokenRules)
    seed: int = 1


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
    plain = _Plain(given, Evidence(given.tracks), PackagedEncoder(), vectors)
    watch.phase("BM25, MiniLM, both")
    scores, chosen = plain.scores()
    spoken = _Spoken.fitted(given, plain.evidence, rules, watch)
    watch.phase("Weighing Segue's terms")
    weights = spoken.weights()
    chosen[SEGUE] = ", ".join(f"{name} {weight:.2f}" for name, weight in zip(TERMS, weights, strict=True))
    terms = spoken.terms(given.test)
    scores[TUNED] = terms[:, TERMS.index("closeness")]
    scores[DECODER] = terms[:, TERMS.index("decoder")]
    scores[SEGUE] = np.einsum("t,qtn->qn", weights.astype(np.float32), terms)
    return Reached(
        given.test,
        {name: _ranks(each, given.test, now=False) for name, each in scores.items()},
        {name: _ranks(each, given.test, now=True) for name, each in scores.items()},
        chosen,
    )


def plain_vectors(tracks: Sequence[Track]) -> Floats:
    """Return the tracks' vectors from the encoder as it comes, [tracks, width]."""
    return PackagedEncoder().encode([described(track) for track in tracks])


def _ranks(scores: Floats, questions: Sequence[Question], *, now: bool) -> Integers:
    wanted = [question.now if now else question.goal for question in questions]
    ranks = [
        rank_of_first(each, question, rows) if rows else 0
        for each, question, rows in zip(scores, questions, wanted, strict=True)
    ]
    return np.array(ranks, np.int64)


@dataclass(frozen=True)
class _Plain:
    """The systems that nothing is trained for."""

    given: Conversations
    evidence: Evidence
    encoder: PackagedEncoder
    vectors: Floats

    def scores(self) -> tuple[dict[str, Floats], dict[str, str]]:
        """Return the scores at the test questions by system, [questions, tracks], and what was chosen."""
        some = _spread(self.given.training, _MOST_CHOICES)
        ends = [question for question in self.given.training if question.is_last]
        turns = max((1, ALL_TURNS), key=lambda turns: _quality(self._lexical(ends, turns), ends))
        whole = {told: _quality(self._dense(ends, told=told), ends) for told in (False, True)}
        told = max(whole, key=whole.__getitem__)
        lexical, dense = np.log1p(self._lexical(some, turns)), self._dense(some, told=told)
        choices = [
            Choice(np.stack([lexical[place], dense[place]]), question.goal, question.ruled_out)
            for place, question in enumerate(some)
        ]
        weights = fit_weights(choices).astype(np.float32)
        test = self.given.test
        lexical, dense = self._lexical(test, turns), self._dense(test, told=told)
        scores = {
            BM25: lexical,
            BM25_TWO: self._lexical(test, 2),
            MINILM: dense,
            HYBRID: weights[0] * np.log1p(lexical) + weights[1] * dense,
        }
        return scores, {
            BM25: "the newest utterance" if turns == 1 else "all utterances",
            MINILM: "the conversation" if told else "the newest utterance",
        }

    def _lexical(self, questions: Sequence[Question], turns: int) -> Floats:
        return np.stack([self.evidence.lexicon.scores(question.texts[-turns:]) for question in questions])

    def _dense(self, questions: Sequence[Question], *, told: bool) -> Floats:
        texts = [_asked(question, self.given) if told else question.texts[-1] for question in questions]
        return np.asarray(self.encoder.encode(texts) @ self.vectors.T, np.float32)


@dataclass(frozen=True)
class _Spoken:
    """Segue after training: the fine-tuned encoder, the decoder over its codes, and the terms beside them."""

    given: Conversations
    evidence: Evidence
    encoder: PackagedEncoder
    vectors: Floats
    decoder: SpokenDecoder
    coded: ResidualCodes
    vocabulary: Vocabulary
    held: Sequence[Question]

    @classmethod
    def fitted(cls, given: Conversations, evidence: Evidence, rules: ConversationRules, watch: Watch) -> _Spoken:
        learned, held = _hold_back(given.training, rules)
        texts = [described(track) for track in given.tracks]
        watch.phase("Fine-tuning the text encoder")
        difference = tune_text_encoder(texts, _text_examples(learned, given, evidence), rules.tuning, watch)
        encoder = PackagedEncoder(difference)
        vectors = encoder.encode(texts)
        watch.phase("Coding the tracks")
        coded = residual_codes(vectors, rules.seed)
        vocabulary = Vocabulary(
            WordVocabulary.of_texts((question.texts[-1] for question in learned), most=2_000, buckets=64)
        )
        said = encoder.encode([_asked(question, given) for question in learned])
        examples = [
            SpokenExample(_prompt(question, vocabulary), vector, question.now or question.goal, question.goal)
            for question, vector in zip(learned, said, strict=True)
        ]
        watch.phase("Training the decoder")
        decoder = train_spoken(coded, len(vocabulary), examples, vectors, rules.decoder, watch)
        return cls(given, evidence, encoder, vectors, decoder, coded, vocabulary, held)

    def terms(self, questions: Sequence[Question]) -> Floats:
        """Return all terms, [questions, TERMS, tracks]."""
        said = self.encoder.encode([_asked(question, self.given) for question in questions])
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

    def weights(self) -> Weights:
        """Return the terms' weights, chosen on the held-back training questions."""
        choices = [
            Choice(terms, question.goal, question.ruled_out)
            for terms, question in zip(self.terms(self.held), self.held, strict=True)
        ]
        return fit_weights(choices)


def _hold_back(asked: Sequence[Question], rules: ConversationRules) -> tuple[list[Question], list[Question]]:
    names = np.array(sorted({question.dialogue for question in asked}))
    np.random.default_rng(rules.seed).shuffle(names)
    return split(asked, set(names[: max(1, round(rules.held_share * len(names)))].tolist()))


def _text_examples(asked: Sequence[Question], given: Conversations, evidence: Evidence) -> list[TextExample]:
    """Return the questions as texts; what competes is drawn from tracks of these dialogues alone."""
    known = np.unique([row for each in asked for row in (*each.goal, *each.liked, *each.disliked, *each.refused)])
    examples = []
    for question in asked:
        scores = evidence.lexicon.scores(question.texts[-1:])[known]
        right = {*question.goal, *question.liked}
        nearest = known[np.argsort(-scores, kind="stable")[:_CONFUSABLE]][np.sort(-scores)[:_CONFUSABLE] < 0]
        examples.append(
            TextExample(
                asked=_asked(question, given),
                bare=question.texts[-1],
                wanted=question.now,
                likely=question.goal,
                right=tuple(right),
                unwanted=question.refused or question.disliked,
                confusable=tuple(row for row in nearest.tolist() if row not in right),
            )
        )
    return examples


def _asked(question: Question, given: Conversations) -> str:
    reply = question.replies[-1] if question.replies else ""
    return asking(question.texts, [given.tracks[row] for row in question.liked], reply)


def _prompt(question: Question, vocabulary: Vocabulary) -> tuple[int, ...]:
    """Return the prompt: what was liked and disliked, then what is asked; nothing has a time."""
    judged = [Moment(0, row, Control.LIKED) for row in question.liked[-_MOST_TOLD:]]
    judged += [Moment(0, row, Control.DISLIKED) for row in question.disliked[-_MOST_TOLD // 2 :]]
    return prompt([*judged, turn_moment(SessionTurn(0, "", question.texts[-1]), vocabulary)])


def _quality(scores: Floats, questions: Sequence[Question]) -> float:
    """Return hit@10 + MRR."""
    ranks = _ranks(scores, questions, now=False)
    return float((ranks <= 10).mean() + (1.0 / ranks).mean())


def _spread(questions: Sequence[Question], most: int) -> list[Question]:
    step = max(1.0, len(questions) / most)
    return [questions[int(place * step)] for place in range(min(most, len(questions)))]
