"""What each term should weigh when the index follows the edits: chosen on days before the cut, predicted live.

`segue train` chooses weights by evidence that stands still while validation goes on; served evidence is seconds old.
Here each question is asked of the index as of the day before, and the same choice is made of the terms' values. Knows
terms, no arm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from segue.evaluation.live.shelves import Question
from segue.evaluation.live.system import SystemArm
from segue.model.scorer import sparse_terms
from segue.model.scoring import Context
from segue.tokens.codebook import Floats, Integers
from segue.training.terms import TERMS, Terms

# Of each question's tracks, those highest by any one term compete, and some drawn at random.
HIGHEST = 120
CANDIDATES = 1_000
KNOWN, COLD = 0, 1
COLD_SHARE = 0.3


def gather(
    arm: SystemArm, questions: Sequence[Question], place_power: float, random: np.random.Generator, known: int
) -> Terms:
    """Return the terms of wanted tracks among the log's first `known`, one position for each, as the index has them.

    Who puts a track in again that is inside already says nothing about weights.
    """
    pool = arm.at[:known]
    asked = _asked(arm, [question for question in questions if question.known_wanted], place_power)
    return _terms(
        [
            (values, _columns(values[:, pool], pool, np.append(inside, row), random), inside, row)
            for question, values, inside in asked
            for row in np.setdiff1d(arm.at[list(question.known_wanted)], inside)
        ],
        KNOWN,
    )


def gather_cold(arm: SystemArm, questions: Sequence[Question], new: Integers, place_power: float) -> Terms:
    """Return the terms of wanted tracks among those that are new on the day, `new` rows of the log's."""
    columns = arm.at[new][: CANDIDATES - 1]
    return _terms(
        [
            (values, np.unique([row, *columns]), inside, row)
            for question, values, inside in _asked(arm, questions, place_power)
            for row in arm.at[list(question.wanted)]
        ],
        COLD,
    )


def joined(parts: Sequence[Terms], cold_share: float = COLD_SHARE) -> Terms:
    """Return the terms of several days as one; positions of new tracks weigh `cold_share` of all together."""
    kinds = np.concatenate([part.kinds for part in parts])
    shares = np.where(kinds == COLD, cold_share, 1.0 - cold_share) / np.bincount(kinds, minlength=2)[kinds]
    return Terms(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.wanted for part in parts]),
        np.concatenate([part.allowed for part in parts]),
        kinds,
        (shares / shares.sum()).astype(np.float32),
    )


def _asked(
    arm: SystemArm, questions: Sequence[Question], place_power: float
) -> Iterator[tuple[Question, Floats, Integers]]:
    """Yield each question with all terms, [terms, rows], and the index's rows that are ruled out."""
    for question, scores in zip(questions, arm.scored(questions), strict=True):
        inside = arm.at[list(question.inside)] if question.inside else arm.at[:0]
        yield question, _values(arm, question, scores.decoder() / arm.decoder_weight, place_power), inside[inside >= 0]


def _terms(positions: Sequence[tuple[Floats, Integers, Integers, int]], kind: int) -> Terms:
    """Return what was gathered: of each position all rows' terms, competing columns, rows ruled out, the wanted row."""
    count = len(positions)
    values = np.zeros((count, len(TERMS), CANDIDATES), np.float32)
    allowed, wanted = np.zeros((count, CANDIDATES), bool), np.zeros(count, np.int64)
    for place, (every, columns, inside, row) in enumerate(positions):
        values[place, :, : len(columns)] = every[:, columns]
        allowed[place, : len(columns)] = ~np.isin(columns, inside)
        wanted[place] = int(np.flatnonzero(columns == row)[0])
    return Terms(values, wanted, allowed, np.full(count, kind, np.int64), np.ones(count, np.float32))


def _values(arm: SystemArm, question: Question, decoder: Floats, place_power: float) -> Floats:
    """Return every row's terms, not weighed, [terms, rows]."""
    index = arm.recommender.index
    context = Context.of(arm.moments(question), (), place_power)
    values = np.zeros((len(TERMS), len(index)), np.float32)
    is_new = index.popularity == 0.0
    values[TERMS.index("decoder")] = decoder
    values[TERMS.index("popularity")] = index.popularity
    values[TERMS.index("new")] = is_new
    for name, term in sparse_terms(index, context).items():
        values[TERMS.index(name), term.rows] = term.values
    return values


def _columns(values: Floats, pool: Integers, others: Integers, random: np.random.Generator) -> Integers:
    """Return at most CANDIDATES distinct rows: `others`' last one, and of the pool those that are none of them.

    `values` [terms, pool] are the pool's.
    """
    highest = [
        pool[np.argpartition(-row, min(HIGHEST, len(row) - 1))[:HIGHEST]]
        for name, row in zip(TERMS, values, strict=True)
        if name not in {"words", "closeness", "new"}
    ]
    near = np.setdiff1d(np.concatenate(highest), others)
    drawn = random.choice(pool, min(len(pool), CANDIDATES), replace=False)
    rest = np.setdiff1d(drawn, np.concatenate([near, others]))
    chosen = np.concatenate([others[-1:], near, random.permutation(rest)])[:CANDIDATES]
    return np.asarray(chosen, np.int64)
