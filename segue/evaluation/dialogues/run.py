"""Measures all pairs of training and test, one after the other or several at once. Knows processes, no system."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from threadpoolctl import threadpool_limits

from segue.evaluation.dialogues.learned import ConversationRules
from segue.evaluation.dialogues.plain import plain_vectors
from segue.evaluation.dialogues.questions import Conversations
from segue.evaluation.dialogues.report import joined
from segue.evaluation.dialogues.systems import Reached, measure
from segue.tokens.codebook import Floats
from segue.training.watch import Silence, Watch


def measure_all(pairs: Sequence[Conversations], rules: ConversationRules, watch: Watch, processes: int = 1) -> Reached:
    """Return what was reached on all test questions, in the pairs' order."""
    watch.phase("MiniLM reads the tracks")
    vectors = plain_vectors(pairs[0].tracks)
    if processes == 1 or len(pairs) == 1:
        return joined([_alone(pair, vectors, rules, watch) for pair in pairs])
    watch.phase(f"{len(pairs)} folds in {processes} processes")
    done: list[Reached] = []
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for reached in pool.map(partial(_silently, vectors=vectors, rules=rules), pairs):
            done.append(reached)
            watch.step(len(done), len(pairs), 0.0, 0.0)
    return joined(done)


def _alone(given: Conversations, vectors: Floats, rules: ConversationRules, watch: Watch) -> Reached:
    # One thread a process: more spin against each other (docs/lab-log.md).
    with threadpool_limits(limits=1):
        return measure(given, vectors, rules, watch)


def _silently(given: Conversations, vectors: Floats, rules: ConversationRules) -> Reached:
    return _alone(given, vectors, rules, Silence())
