"""SASRec and BERT4Rec as systems: what each hides, what is tried on validation, and for how long.

Tuning tries every setting of the grid for a short time, then trains the best one until validation has stopped gaining,
and remembers after how many passes it was best. Then, for each seed, the model is trained anew on everything before the
cut for as many passes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from segue.evaluation.baselines.item_transformer import FIRST_ITEM, MASK, PADDING
from segue.evaluation.baselines.sequences import Hide, SequenceRanker, SequenceRules, Sequences, SequenceTrainer
from segue.evaluation.kept import Notes
from segue.evaluation.systems import Material, Ranker
from segue.evaluation.tuning import quality, reached, search
from segue.training.cooccurrence import Recency
from segue.training.watch import Silence, Watch

GRID: dict[str, tuple[float | int | None, ...]] = {
    "dropout": (0.2, 0.5),
    "width": (128, 256),
    "days": (None, 60.0),
}
# What costs most time a step is not tried for the model that needs most steps.
BERT4REC_GRID = {name: values for name, values in GRID.items() if name != "width"}
# Steps between two looks at validation; a trial ends after `patience` looks without a gain.
LOOK_EVERY = 50
# On real playlists, most of whose tracks occur once, 0.6 needs half the time of 0.3; so did the paper's sparsest data.
MASKED_SHARE = 0.6
# Of the windows, those in which the last item alone is hidden: what is asked for when it ranks (Sun et al. 2019).
LAST_ALONE = 0.3

Windows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Choice:
    """What tuning chose: settings, after how many passes over the data, and what that reached.

    `settled` says that validation had stopped gaining; otherwise time was up.
    """

    rules: SequenceRules
    passes: float
    quality: float
    settled: bool = False


@dataclass(slots=True)
class SequenceSystem:
    """A sequence model that is tuned once and then trained for each seed.

    `minutes` are of the processor's time: the trials share them, the best setting's longer trial and each training
    have them.
    """

    name: str
    hide: Hide
    causal: bool
    base: SequenceRules
    grid: Mapping[str, Sequence[Any]]
    minutes: float = 10.0
    patience: int = 6
    seeded: bool = True
    notes: Notes = field(default_factory=Notes, repr=False)
    choice: Choice | None = field(default=None, repr=False)

    def fit(self, material: Material, seed: int, watch: Watch) -> Ranker:
        """See System."""
        torch.set_num_threads(1)
        if self.choice is None:
            self.choice = self._tuned(material, seed, watch)
        corpus, rules = material.corpus, self.choice.rules
        watch.phase(f"{self.name}: training on all before the cut")
        sequences = Sequences(corpus.histories, Recency(corpus.now_ms, rules.days), rules.length)
        trainer = SequenceTrainer(sequences, rules, self.hide, causal=self.causal, seed=seed)
        steps = max(1, round(self.choice.passes * sequences.batches(rules.batch)))
        started = time.process_time()
        for done, loss in enumerate(trainer.steps(), start=1):
            spent = time.process_time() - started
            watch.step(done, steps, loss, done * rules.batch * rules.length / max(1e-9, spent))
            if done >= steps or spent > 60 * self.minutes:
                break
        return SequenceRanker(self.name, trainer.model, sequences.rows, len(material.tracks), self.choice)

    def _tuned(self, material: Material, seed: int, watch: Watch) -> Choice:
        choices: dict[SequenceRules, Choice] = {}
        trials = 1 + sum(len(values) - 1 for values in self.grid.values())

        def measure(rules: SequenceRules) -> float:
            watch.phase(f"{self.name}: trial {len(choices) + 1} of {trials}")
            choices[rules] = self._tried(material, rules, self.minutes / trials, seed, watch)
            return choices[rules].quality

        best, _ = search(self.base, self.grid, measure, Silence(), sweeps=1)
        if choices[best].settled:
            return choices[best]
        watch.phase(f"{self.name}: training until validation stops gaining")
        return self._tried(material, best, self.minutes, seed, watch)

    def _tried(self, material: Material, rules: SequenceRules, minutes: float, seed: int, watch: Watch) -> Choice:
        """Return what is noted of this trial, or try."""

        def tried() -> tuple[float, float, bool]:
            choice = self._trial(material, rules, 60 * minutes, seed, watch)
            return choice.passes, choice.quality, choice.settled

        return Choice(rules, *self.notes.once(f"{self.name} tuning", f"{rules} {minutes:.3f} minutes", tried))

    def _trial(self, material: Material, rules: SequenceRules, seconds: float, seed: int, watch: Watch) -> Choice:
        corpus, candidates = material.corpus, material.validation_candidates()
        sequences = Sequences(corpus.training, Recency(corpus.validation_ms, rules.days), rules.length)
        trainer = SequenceTrainer(sequences, rules, self.hide, causal=self.causal, seed=seed)
        ranker = SequenceRanker(self.name, trainer.model, sequences.rows, len(candidates), rules)
        best, since_best, started = Choice(rules, 0.0, -1.0), 0, time.process_time()
        for done, loss in enumerate(trainer.steps(), start=1):
            spent = time.process_time() - started
            watch.step(round(spent), round(seconds), loss, done * rules.batch * rules.length / max(1e-9, spent))
            if done % LOOK_EVERY and spent < seconds:
                continue
            metrics = reached(ranker.scores(corpus.validation), corpus.validation, candidates)
            watch.validated(done // LOOK_EVERY, {"hit10": metrics.hit10, "mrr": metrics.mrr})
            if quality(metrics) > best.quality:
                best, since_best = Choice(rules, done / sequences.batches(rules.batch), quality(metrics)), 0
            else:
                since_best += 1
            if since_best >= self.patience:
                return replace(best, settled=True)
            if spent >= seconds:
                break
        return best


def next_items(windows: Windows, random: np.random.Generator) -> tuple[Windows, Windows]:  # noqa: ARG001 - hides nothing
    """SASRec: read every window but its last item, say the next item everywhere."""
    read, wanted = windows[:, :-1], windows[:, 1:]
    return read, np.where(read == PADDING, PADDING, wanted)


def masked_items(windows: Windows, random: np.random.Generator) -> tuple[Windows, Windows]:
    """BERT4Rec: hide MASKED_SHARE of a window's items, or its last alone, and say what was hidden."""
    is_item = windows >= FIRST_ITEM
    hidden = is_item & (random.random(windows.shape) < MASKED_SHARE)
    last_alone = random.random(len(windows)) < LAST_ALONE
    hidden[last_alone] = False
    hidden[:, -1] |= last_alone | ~hidden.any(axis=1)
    return np.where(hidden, MASK, windows), np.where(hidden, windows, PADDING)


def sasrec(minutes: float = 10.0, base: SequenceRules | None = None, notes: Notes | None = None) -> SequenceSystem:
    """Return SASRec (Kang, McAuley 2018) with a softmax over items (Klenitskiy, Vasilev 2023)."""
    return SequenceSystem(
        "sasrec",
        next_items,
        causal=True,
        base=base or SequenceRules(),
        grid=GRID,
        minutes=minutes,
        notes=notes or Notes(),
    )


def bert4rec(minutes: float = 10.0, base: SequenceRules | None = None, notes: Notes | None = None) -> SequenceSystem:
    """Return BERT4Rec (Sun et al. 2019), trained as long as validation gains (Petrov, Macdonald 2022)."""
    base = base or SequenceRules()
    return SequenceSystem(
        "bert4rec",
        masked_items,
        causal=False,
        base=base,
        grid=BERT4REC_GRID,
        minutes=minutes,
        patience=16,
        notes=notes or Notes(),
    )
