"""Training of transformers over item ids, for SASRec and BERT4Rec alike; they differ in what a batch hides.

AdamW, bfloat16 where the processor has it, a softmax over all items that were seen or, beyond FULL_SOFTMAX of them,
over a shared sample that is corrected for sampling (as eSASRec and gSASRec found necessary: Petrov, Macdonald 2023).
Validation says when to stop; then the model is trained again on everything before the cut, for as long. Knows tensors
and histories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from segue.evaluation.baselines.item_transformer import FIRST_ITEM, MASK, PADDING, ItemTransformer, Shape
from segue.evaluation.positions import Position
from segue.evaluation.systems import NOTHING
from segue.model.precision import fast_type
from segue.tokens.codebook import Floats, Integers
from segue.tokens.histories import History
from segue.training.cooccurrence import Recency

FULL_SOFTMAX = 8_192
# A step of 32 windows takes 0.1 s of the processor with these; twice as many windows or negatives take thrice that.
NEGATIVES = 2_048
WARM_UP_STEPS = 50
_CHUNK = 128

# Windows of item numbers to what the model reads, what it should say where it is not PADDING.
N = TypeVar("N", bound=np.generic)
Hide = Callable[[npt.NDArray[np.int64], np.random.Generator], tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]


@dataclass(frozen=True, slots=True)
class SequenceRules:
    """How to train. `days` is the time in which a prediction's weight fades by 1/e, None: never."""

    length: int = 50
    width: int = 128
    layers: int = 2
    dropout: float = 0.2
    # On real playlists SASRec is best after nine passes at this rate; at 1e-3 it still rose after twelve.
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    batch: int = 32
    days: float | None = None


class Sequences:
    """Histories as windows of item numbers; `rows` are the items' rows, by item number less FIRST_ITEM."""

    def __init__(self, histories: Sequence[History], recency: Recency, length: int) -> None:
        wanted = [[moment for moment in history.moments if moment.wanted] for history in histories]
        rows = [np.array([moment.row for moment in each], np.int64) for each in wanted]
        self.length = length
        self.rows = np.unique(np.concatenate(rows))
        self.numbers = [np.searchsorted(self.rows, each) + FIRST_ITEM for each in rows]
        self.weights = [recency.weights(np.array([moment.time_ms for moment in each], np.int64)) for each in wanted]
        counts = np.bincount(np.concatenate(self.numbers), minlength=len(self.rows) + FIRST_ITEM)
        self.share = counts / counts.sum()

    def batches(self, size: int) -> float:
        """Return how many batches an epoch has, about."""
        windows = sum(-(-(len(numbers) - 1) // self.length) for numbers in self.numbers)
        return max(1.0, windows / size)

    def windows(self, random: np.random.Generator) -> tuple[Integers, Floats]:
        """Return one epoch: item numbers and weights, [windows, length + 1], padded in front, shuffled.

        Histories are cut at a random phase; windows overlap by one: every track but the first is predicted once.
        """
        found: list[Integers] = []
        weights: list[Floats] = []
        for numbers, fading in zip(self.numbers, self.weights, strict=True):
            last = len(numbers)
            room = int(random.integers(1, self.length + 1)) if last > self.length + 1 else self.length
            while last > 1:
                first = max(0, last - room - 1)
                found.append(_padded(numbers[first:last], self.length + 1))
                weights.append(_padded(fading[first:last], self.length + 1))
                last, room = first + 1, self.length
        order = random.permutation(len(found))
        return np.stack(found)[order], np.stack(weights)[order]


class SequenceTrainer:
    """Trains one model; `hide` makes what it reads and should say from windows."""

    def __init__(self, sequences: Sequences, rules: SequenceRules, hide: Hide, *, causal: bool, seed: int) -> None:
        torch.manual_seed(seed)
        self._sequences, self._rules, self._hide = sequences, rules, hide
        self._random = np.random.default_rng(seed)
        shape = Shape(
            items=len(sequences.rows),
            length=rules.length + (0 if causal else 1),
            width=rules.width,
            layers=rules.layers,
            heads=max(1, rules.width // 64),
            dropout=rules.dropout,
            causal=causal,
        )
        self.model = ItemTransformer(shape)
        self._optimiser = torch.optim.AdamW(
            self.model.parameters(), rules.learning_rate, betas=(0.9, 0.98), weight_decay=rules.weight_decay
        )

    def steps(self) -> Iterator[float]:
        """Train for ever; yields the loss after each step."""
        done = 0
        while True:
            windows, weights = self._sequences.windows(self._random)
            for start in range(0, len(windows), self._rules.batch):
                part = slice(start, start + self._rules.batch)
                for group in self._optimiser.param_groups:
                    group["lr"] = self._rules.learning_rate * min(1.0, (done + 1) / WARM_UP_STEPS)
                yield self._step(windows[part], weights[part])
                done += 1

    def _step(self, windows: Integers, weights: Floats) -> float:
        self.model.train()
        read, wanted = self._hide(windows, self._random)
        weights = weights[:, -wanted.shape[1] :]
        places = torch.from_numpy(wanted != PADDING)
        targets = wanted[wanted != PADDING]
        candidates, chances = self._candidates(targets)
        with torch.autocast("cpu", torch.bfloat16, enabled=fast_type() is torch.bfloat16):
            states = self.model(torch.from_numpy(read))[places]
            logits = self.model.logits(states, torch.from_numpy(candidates))
        labels = torch.from_numpy(np.searchsorted(candidates, targets))
        losses = functional.cross_entropy(logits.float() - chances, labels, reduction="none")
        weight = torch.from_numpy(weights[wanted != PADDING].astype(np.float32))
        loss = (losses * weight).sum() / weight.sum().clamp_min(1e-9)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimiser.step()
        return float(loss.detach())

    def _candidates(self, targets: Integers) -> tuple[Integers, Tensor]:
        """Return the item numbers that compete, sorted, and the logarithm of each one's chance to be among them."""
        items = len(self._sequences.rows)
        if items <= FULL_SOFTMAX:
            return np.arange(FIRST_ITEM, items + FIRST_ITEM), torch.zeros(1)
        drawn = self._random.choice(items, NEGATIVES, replace=False) + FIRST_ITEM
        candidates = np.union1d(drawn, targets)
        chance = self._sequences.share[candidates] * len(targets) + NEGATIVES / items
        return candidates, torch.from_numpy(np.log(np.minimum(1.0, chance)).astype(np.float32))


@dataclass(frozen=True, slots=True)
class SequenceRanker:
    """A trained model and the rows of its items; of tracks that it has not seen it says nothing."""

    name: str
    model: ItemTransformer
    rows: Integers
    tracks: int
    settings: object

    @torch.inference_mode()
    def scores(self, positions: Sequence[Position]) -> Iterator[Floats]:
        """See Ranker."""
        self.model.eval()
        for start in range(0, len(positions), _CHUNK):
            chunk = positions[start : start + _CHUNK]
            numbers = torch.from_numpy(np.stack([self._read(position) for position in chunk]))
            for known in self.model.logits(self.model(numbers)[:, -1]).float().numpy():
                values = np.full(self.tracks, NOTHING, np.float32)
                values[self.rows] = known
                yield values

    def _read(self, position: Position) -> Integers:
        """Return the session's known items, newest last; a bidirectional model reads the mask after them."""
        rows = np.array([moment.row for moment in position.moments if moment.wanted], np.int64)
        places = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        numbers = places[self.rows[places] == rows] + FIRST_ITEM
        if self.model.shape.causal:
            return _padded(numbers[-self.model.shape.length :], self.model.shape.length)
        return _padded(np.append(numbers, MASK)[-self.model.shape.length :], self.model.shape.length)


def _padded(values: npt.NDArray[N], length: int) -> npt.NDArray[N]:
    padded = np.zeros(length, values.dtype)
    padded[length - len(values) :] = values
    return padded
