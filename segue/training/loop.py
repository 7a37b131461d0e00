"""The decoder's training: next-token prediction, where the token is one of the tracks that training has seen.

AdamW with a cosine schedule, bfloat16 where the processor has it, one thread, early stop on validation. The same
histories, rules and seed give the same parameters unless the time limit cuts in. Knows batches and the decoder, no
files.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, pi

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from segue.model.decoder import Batch, Decoder
from segue.model.precision import fast_type
from segue.tokens.codebook import Integers
from segue.tokens.histories import History
from segue.tokens.prompt import NO_TARGET, TokenSequence
from segue.training.batches import batches
from segue.training.watch import Watch

# Measured in docs/lab-log.md unless a study of the design names them.
LEARNING_RATE = 1.5e-3
WARM_UP_STEPS = 50
# Up to here the softmax runs over all trained tracks; beyond, over a sample with the targets, corrected for sampling.
FULL_SOFTMAX = 8_192
# Chance that a track's playlist code is hidden, so that the model can read tracks that no playlist holds yet.
HIDE_PLAYLIST_CODE = 0.1


@dataclass(frozen=True, slots=True)
class LoopRules:
    """How long and in which steps to train."""

    epochs: int = 30
    patience: int = 4
    window: int = 40
    tracks_a_batch: int = 1_500
    minutes: float = 15.0
    learning_rate: float = LEARNING_RATE
    weight_decay: float = 0.05
    seed: int = 1


class Trainer:
    """Trains one decoder on histories; `code_rows` [tracks, modalities] are the tracks' rows in the table of codes."""

    def __init__(self, decoder: Decoder, histories: Sequence[History], code_rows: Integers, rules: LoopRules) -> None:
        self._decoder = decoder
        self._histories = histories
        self._code_rows = code_rows
        self._rules = rules
        self._random = np.random.default_rng(rules.seed)
        wanted = [moment.row for history in histories for moment in history.moments if moment.wanted]
        counts = np.bincount(np.array(wanted, np.int64), minlength=len(code_rows))
        self._trained = np.flatnonzero(counts)
        self._chance = counts / max(1, counts.sum())
        self._absent_playlist = decoder.config.code_offsets[0] + decoder.config.code_sizes[0]
        self._optimiser = torch.optim.AdamW(
            decoder.parameters(), rules.learning_rate, betas=(0.9, 0.98), weight_decay=rules.weight_decay
        )

    def run(self, validate: Callable[[], dict[str, float]], watch: Watch) -> list[dict[str, float]]:
        """Train until `validate`'s `hit10` and `mrr` stop growing or time is up; leave the best parameters in place.

        Returns the validation metrics of each epoch.
        """
        started, done = time.monotonic(), 0
        best, best_state, history = -1.0, copy.deepcopy(self._decoder.state_dict()), []
        steps = self._rules.epochs * max(1, len(self._epoch()))
        for epoch in range(self._rules.epochs):
            for batch in self._epoch():
                loss, predictions, seconds = self._timed_step(batch, done, steps)
                done += 1
                watch.step(done, steps, loss, predictions / seconds)
            history.append(validate())
            watch.validated(epoch, history[-1])
            reached = history[-1]["hit10"] + history[-1]["mrr"]
            if reached > best:
                best, best_state, since_best = reached, copy.deepcopy(self._decoder.state_dict()), 0
            else:
                since_best += 1
            if since_best >= self._rules.patience or time.monotonic() - started > 60 * self._rules.minutes:
                break
        self._decoder.load_state_dict(best_state)
        self._decoder.eval()
        return history

    def _epoch(self) -> list[list[TokenSequence]]:
        return list(batches(self._histories, self._rules.window, self._rules.tracks_a_batch, self._random))

    def _timed_step(self, sequences: list[TokenSequence], done: int, steps: int) -> tuple[float, int, float]:
        started = time.monotonic()
        for group in self._optimiser.param_groups:
            group["lr"] = self._rules.learning_rate * schedule(done, steps)
        loss, predictions = self._step(sequences)
        return loss, predictions, max(1e-9, time.monotonic() - started)

    def _step(self, sequences: list[TokenSequence]) -> tuple[float, int]:
        self._decoder.train()
        batch = Batch.of([sequence.positions for sequence in sequences], self._code_rows)
        self._hide(batch.codes)
        targets = _padded_targets(sequences, batch.plain.shape[1])
        places = targets != NO_TARGET
        wanted = targets[places]
        candidates, chances = self._candidates(wanted.numpy())
        vectors = torch.from_numpy(self._code_rows[candidates])
        self._hide(vectors)
        with torch.autocast("cpu", torch.bfloat16, enabled=fast_type() is torch.bfloat16):
            hidden = self._decoder(batch)[places]
            logits = hidden @ self._decoder.track_vectors(vectors).T.to(hidden.dtype)
        labels = torch.from_numpy(np.searchsorted(candidates, wanted.numpy()))
        loss = functional.cross_entropy(logits.float() - chances, labels)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._decoder.parameters(), 1.0)
        self._optimiser.step()
        return float(loss.detach()), len(wanted)

    def _candidates(self, wanted: Integers) -> tuple[Integers, Tensor]:
        """Return the rows that compete, sorted, and the logarithm of each one's chance to be among them."""
        if len(self._trained) <= FULL_SOFTMAX:
            return self._trained, torch.zeros(1)
        drawn = self._random.choice(self._trained, FULL_SOFTMAX // 2, replace=False)
        candidates = np.union1d(drawn, wanted)
        chance = self._chance[candidates] * len(wanted) + FULL_SOFTMAX / 2 / len(self._trained)
        return candidates, torch.from_numpy(np.log(np.minimum(1.0, chance)).astype(np.float32))

    def _hide(self, code_rows: Tensor) -> None:
        hidden = torch.from_numpy(self._random.random(code_rows.shape[:-1]) < HIDE_PLAYLIST_CODE)
        code_rows[..., 0][hidden] = self._absent_playlist


def schedule(done: int, steps: int) -> float:
    """Return the learning rate's factor: a short linear rise, then half a cosine down to a twentieth."""
    if done < WARM_UP_STEPS:
        return (done + 1) / WARM_UP_STEPS
    return 0.05 + 0.95 * 0.5 * (1.0 + cos(pi * min(1.0, done / max(1, steps))))


def _padded_targets(sequences: Sequence[TokenSequence], length: int) -> Tensor:
    padded = np.full((len(sequences), length), NO_TARGET, np.int64)
    for place, sequence in enumerate(sequences):
        padded[place, : len(sequence.targets)] = sequence.targets
    return torch.from_numpy(padded)
