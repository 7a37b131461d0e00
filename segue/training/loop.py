"""The decoder's training: epochs of steps, measured on validation, stopped early, resumed where it was interrupted.

bfloat16 where the processor has it, one thread a process, several processes under torchrun. The same histories, rules
and seed give the same parameters, also when the run was interrupted, unless the time limit cuts in. Knows batches, the
objective and how parameters move, no files but the run's own.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from segue.model.decoder import Decoder
from segue.tokens.codebook import Integers
from segue.tokens.histories import History
from segue.tokens.prompt import NO_TARGET, TokenSequence
from segue.training.batches import batches, epoch
from segue.training.distributed import Peers
from segue.training.objective import Objective, ObjectiveRules
from segue.training.optimiser import RunningMean, adamw, schedule
from segue.training.run_state import RunFile, RunState
from segue.training.watch import Watch

# Measured in docs/lab-log.md unless a study of the design names them.
LEARNING_RATE = 1.5e-3
FEW_TRACKS = 250


@dataclass(frozen=True, slots=True)
class LoopRules:
    """How long and in which steps to train.

    A step sees `tracks_a_batch` predictions in each of `accumulate` batches; fewer, though no fewer than FEW_TRACKS,
    where an epoch would else have less than `least_batches`. `mixture` weighs kinds of histories.
    """

    epochs: int = 30
    patience: int = 4
    window: int = 40
    tracks_a_batch: int = 1_500
    least_batches: int = 150
    accumulate: int = 1
    minutes: float = 15.0
    learning_rate: float = LEARNING_RATE
    weight_decay: float = 0.05
    mean_decay: float = 0.99
    seed: int = 1
    mixture: Mapping[str, float] = field(default_factory=dict)
    objective: ObjectiveRules = field(default_factory=ObjectiveRules)


class Trainer:
    """Trains one decoder on histories; `code_rows` [tracks, modalities] are the tracks' rows in the table of codes."""

    def __init__(
        self,
        decoder: Decoder,
        histories: Sequence[History],
        code_rows: Integers,
        rules: LoopRules,
        peers: Peers | None = None,
        run: RunFile | None = None,
    ) -> None:
        self._decoder = decoder
        self._histories = histories
        self._rules = rules
        self._peers = peers or Peers()
        self._run = run
        config = decoder.config
        absent = np.array(config.code_offsets, np.int64) + np.array(config.code_sizes, np.int64)
        self._objective = Objective(histories, code_rows, absent, rules.objective)
        self._optimiser = adamw(decoder, rules.learning_rate, rules.weight_decay)
        self._mean = RunningMean(decoder, rules.mean_decay)

    def run(self, validate: Callable[[Decoder], dict[str, float]], watch: Watch) -> list[dict[str, float]]:
        """Train until `validate`'s `hit10` and `mrr` stop growing or time is up; leave the best parameters in place.

        Validation sees the running mean of the parameters. Returns its metrics of each epoch.
        """
        started = time.monotonic()
        state = self._begun() or self._beginning()
        steps = self._rules.epochs * max(1, len(self._epoch(0)))
        while state.epoch < self._rules.epochs and state.since_best < self._rules.patience:
            self._train_epoch(state.epoch, steps, watch)
            metrics = self._peers.told(validate(self._mean.model) if self._peers.leads else None)
            watch.validated(state.epoch, metrics)
            state = self._after(state, metrics)
            if self._run is not None and self._peers.leads:
                self._run.write(state)
            if self._peers.told(time.monotonic() - started > 60 * self._rules.minutes):
                break
        self._decoder.load_state_dict(state.best)
        self._decoder.eval()
        return state.measured

    def _beginning(self) -> RunState:
        parameters = copy.deepcopy(self._decoder.state_dict())
        return RunState(
            epoch=0,
            decoder=parameters,
            mean=self._mean.model.state_dict(),
            steps=self._mean.steps,
            optimiser=self._optimiser.state_dict(),
            best=parameters,
            reached=-1.0,
            since_best=0,
            measured=[],
        )

    def _begun(self) -> RunState | None:
        """Return where an interrupted run stopped, with everything put back in place."""
        state = self._run.read() if self._run is not None else None
        if state is not None:
            self._decoder.load_state_dict(state.decoder)
            self._mean.model.load_state_dict(state.mean)
            self._mean.steps = state.steps
            self._optimiser.load_state_dict(state.optimiser)
        return state

    def _after(self, before: RunState, metrics: dict[str, float]) -> RunState:
        reached = metrics["hit10"] + metrics["mrr"]
        better = reached > before.reached
        return RunState(
            epoch=before.epoch + 1,
            decoder=self._decoder.state_dict(),
            mean=self._mean.model.state_dict(),
            steps=self._mean.steps,
            optimiser=self._optimiser.state_dict(),
            best=copy.deepcopy(self._mean.model.state_dict()) if better else before.best,
            reached=max(reached, before.reached),
            since_best=0 if better else before.since_best + 1,
            measured=[*before.measured, metrics],
        )

    def _epoch(self, number: int) -> list[list[TokenSequence]]:
        random = self._random(number, 0)
        sequences = epoch(self._histories, self._rules.window, self._rules.mixture, random)
        return list(batches(sequences, batch_size(sequences, self._rules), random))

    def _random(self, number: int, stream: int) -> np.random.Generator:
        """Return an epoch's own randomness, so that it does not depend on how the run came there."""
        return np.random.default_rng((self._rules.seed, number, stream))

    def _train_epoch(self, number: int, steps: int, watch: Watch) -> None:
        made = self._epoch(number)
        accumulate = self._rules.accumulate
        own = self._peers.share([made[place : place + accumulate] for place in range(0, len(made), accumulate)])
        random = self._random(number, 1 + self._peers.rank)
        torch.manual_seed(int(random.integers(2**31)))
        self._decoder.train()
        for place, group in enumerate(own):
            started = time.monotonic()
            done = number * len(made) + place * self._peers.count * accumulate
            loss, predictions = self._step(group, schedule(done, steps), random)
            watch.step(done + 1, steps, loss, predictions / max(1e-9, time.monotonic() - started))

    def _step(
        self, group: Sequence[list[TokenSequence]], factor: float, random: np.random.Generator
    ) -> tuple[float, int]:
        for parameters in self._optimiser.param_groups:
            parameters["lr"] = self._rules.learning_rate * factor
        self._optimiser.zero_grad(set_to_none=True)
        total, predictions = 0.0, 0
        for sequences in group:
            loss, predicted = self._objective.loss(self._decoder, sequences, random)
            (loss / len(group)).backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach()) / len(group)
            predictions += predicted
        self._peers.average_gradients(list(self._decoder.parameters()))
        torch.nn.utils.clip_grad_norm_(self._decoder.parameters(), 1.0)
        self._optimiser.step()
        self._mean.follow(self._decoder)
        return total, predictions


def batch_size(sequences: Sequence[TokenSequence], rules: LoopRules) -> int:
    """Return how many predictions a batch holds.

    A small dataset in large batches is few steps: four epochs of the sample's world reached a hit@10 of .184 in batches
    of 1,500, and of .196 in batches of 400, in the same time.
    """
    predictions = sum(target != NO_TARGET for sequence in sequences for target in sequence.targets)
    return min(rules.tracks_a_batch, max(FEW_TRACKS, predictions // rules.least_batches))
