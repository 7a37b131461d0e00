"""Fine-tuning the text encoder on dialogues: what was said moves towards the tracks that were then taken.

Contrastive (InfoNCE, van den Oord et al., 2018): a wanted track against those of the batch's other questions, one that
shares words with the question and is not wanted (Karpukhin et al., 2020), and one that was disliked. Word embeddings
and the lowest layers stay as they are, and read each text but once. The result is a difference to the package's
weights. Knows texts and rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from segue.model.minilm import packaged_network, packaged_tokenizer
from segue.model.precision import fast_type
from segue.model.text_difference import Arrays, difference_of
from segue.tokens.codebook import Floats, Integers
from segue.training.watch import Watch

MAX_TOKENS = 96
# Texts of a group differ in length by less than this, so that little is padded.
_STRETCH = 1.25
_GROUP = 64
_AT_ONCE = 1_024
_WARM_UP = 0.1
# All others are competitors that were ruled out.
_NEVER = -1e9


@dataclass(frozen=True, slots=True)
class TextExample:
    """A question and what came of it; tracks are rows. `bare` is the question without what was said and done before.

    `wanted` was taken at once, `likely` sooner or later; nothing `right` competes; `unwanted` was disliked,
    `confusable` only sounds right.
    """

    asked: str
    bare: str
    wanted: tuple[int, ...]
    likely: tuple[int, ...]
    right: tuple[int, ...]
    unwanted: tuple[int, ...] = ()
    confusable: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TextTuningRules:
    """How long and in which steps to fine-tune; measured in docs/lab-log.md.

    `later` is the chance that a question's positives are drawn from all that is likely, `bare` that its past is hidden.
    """

    epochs: float = 1.5
    questions: int = 32
    positives: int = 2
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    temperature: float = 0.05
    later: float = 0.3
    bare: float = 0.2
    disliked: float = 0.5
    frozen_layers: int = 2
    seed: int = 1


class FrozenStates:
    """What the package's lowest layers make of texts, half precision: the same whatever is trained above them.

    Each text is read once and kept, some 30 KB for a question and 13 KB for a track.
    """

    def __init__(self, layers: int) -> None:
        self.layers = layers
        self._network = packaged_network({})
        self._kept: dict[str, Tensor] = {}

    def of(self, texts: Sequence[str]) -> list[Tensor]:
        """Return the states of each text, [tokens, width]."""
        new = sorted({*texts} - self._kept.keys())
        tokens = [encoding.ids for encoding in _tokenizer().encode_batch(new)]
        order = sorted(range(len(new)), key=lambda place: len(tokens[place]))
        for _, places in groupby(order, key=lambda place: len(tokens[place])):
            alike = list(places)
            for start in range(0, len(alike), _GROUP):
                part = alike[start : start + _GROUP]
                with torch.no_grad():
                    states = self._network.lower(torch.tensor([tokens[place] for place in part]), self.layers).half()
                self._kept |= {new[place]: each.clone() for place, each in zip(part, states, strict=True)}
        return [self._kept[text] for text in texts]


class TunedEncoder:
    """MiniLM whose layers above the frozen ones learn."""

    def __init__(self, below: FrozenStates) -> None:
        self.network = packaged_network({}, torch.float32)
        self._below = below
        self.network.embeddings.requires_grad_(requires_grad=False)
        self.network.encoder.layer[: below.layers].requires_grad_(requires_grad=False)

    def let_learn(self) -> list[Tensor]:
        """Let the upper layers forget at random (dropout), and return their parameters."""
        upper = self.network.encoder.layer[self._below.layers :].train()
        return list(upper.parameters())

    def read(self, texts: Sequence[str]) -> Tensor:
        """Return unit vectors with gradients, [texts, width]; texts of like length are read together."""
        states = self._below.of(texts)
        order = sorted(range(len(states)), key=lambda place: len(states[place]))
        parts = [self._together([states[place] for place in group]) for group in _groups(order, list(map(len, states)))]
        back = torch.empty(len(order), dtype=torch.long)
        back[torch.tensor(order, dtype=torch.long)] = torch.arange(len(order))
        return torch.cat(parts)[back]

    @torch.no_grad()
    def encode(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors, [texts, width]."""
        self.network.eval()
        parts = [self.read(texts[start : start + _AT_ONCE]).numpy() for start in range(0, len(texts), _AT_ONCE)]
        return np.concatenate(parts)

    def _together(self, states: Sequence[Tensor]) -> Tensor:
        is_token = torch.arange(max(map(len, states))) < torch.tensor([len(each) for each in states])[:, None]
        with torch.autocast("cpu", torch.bfloat16, enabled=fast_type() is torch.bfloat16):
            padded = torch.nn.utils.rnn.pad_sequence(list(states), batch_first=True).float()
            vectors: Tensor = self.network.upper(padded, self._below.layers, is_token)
        return vectors


def tune_text_encoder(
    texts: Sequence[str], examples: Sequence[TextExample], rules: TextTuningRules, watch: Watch
) -> Arrays:
    """Return what fine-tuning adds to the package's parameters; `texts` describe the tracks, by row."""
    return difference_of(tuned_encoder(texts, examples, rules, FrozenStates(rules.frozen_layers), watch).network)


def tuned_encoder(
    texts: Sequence[str], examples: Sequence[TextExample], rules: TextTuningRules, below: FrozenStates, watch: Watch
) -> TunedEncoder:
    """Return the encoder after fine-tuning above the layers of `below`, which several encoders may share."""
    encoder = TunedEncoder(below)
    trained = encoder.let_learn()
    optimiser = torch.optim.AdamW(trained, rules.learning_rate, betas=(0.9, 0.98), weight_decay=rules.weight_decay)
    random = np.random.default_rng(rules.seed)
    torch.manual_seed(rules.seed)
    steps = max(1, round(rules.epochs * len(examples) / rules.questions))
    for step, batch in zip(range(steps), _batches(examples, rules.questions, random), strict=False):
        for group in optimiser.param_groups:
            group["lr"] = rules.learning_rate * _pace(step, steps)
        loss = _loss(encoder, texts, batch, rules, random)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        watch.step(step + 1, steps, float(loss.detach()), 0.0)
    return encoder


def _batches(examples: Sequence[TextExample], size: int, random: np.random.Generator) -> Iterator[list[TextExample]]:
    """Yield batches without end, each example once in a pass."""
    size = min(size, len(examples))
    left: list[int] = []
    while True:
        if len(left) < size:
            left = random.permutation(len(examples)).tolist()
        yield [examples[left.pop()] for _ in range(size)]


def _pace(step: int, steps: int) -> float:
    return min(1.0, (step + 1) / (_WARM_UP * steps)) * max(0.02, 1.0 - step / steps)


def _loss(
    encoder: TunedEncoder,
    texts: Sequence[str],
    batch: Sequence[TextExample],
    rules: TextTuningRules,
    random: np.random.Generator,
) -> Tensor:
    asked = [each.bare if random.random() < rules.bare else each.asked for each in batch]
    positives = [_positives(each, rules, random) for each in batch]
    competitors = [row for each in batch for row in _competitors(each, rules, random)]
    rows = sorted({row for drawn in positives for row in drawn.tolist()} | set(competitors))
    columns = {row: column for column, row in enumerate(rows)}
    vectors = encoder.read([*asked, *(texts[row] for row in rows)])
    logits = vectors[: len(batch)] @ vectors[len(batch) :].T / rules.temperature
    right = torch.zeros_like(logits, dtype=torch.bool)
    for place, each in enumerate(batch):
        right[place, [columns[row] for row in {*each.wanted, *each.likely, *each.right} if row in columns]] = True
    others = torch.logsumexp(logits.masked_fill(right, _NEVER), dim=1)
    losses = [
        (torch.logaddexp(mine, rest) - mine).mean()
        for mine, rest in (
            (logits[place, [columns[row] for row in drawn.tolist()]], others[place])
            for place, drawn in enumerate(positives)
        )
    ]
    return torch.stack(losses).mean()


def _positives(example: TextExample, rules: TextTuningRules, random: np.random.Generator) -> Integers:
    at_once = bool(example.wanted) and (not example.likely or random.random() >= rules.later)
    source = example.wanted if at_once else example.likely
    drawn: Integers = random.choice(source, min(rules.positives, len(source)), replace=False)
    return drawn


def _competitors(example: TextExample, rules: TextTuningRules, random: np.random.Generator) -> Iterator[int]:
    if example.confusable:
        yield int(random.choice(example.confusable))
    if example.unwanted and random.random() < rules.disliked:
        yield int(random.choice(example.unwanted))


def _groups(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    group: list[int] = []
    for place in order:
        if group and (len(group) == _GROUP or lengths[place] > _STRETCH * lengths[group[0]] + 2):
            yield group
            group = []
        group.append(place)
    yield group


@cache
def _tokenizer() -> Tokenizer:
    return packaged_tokenizer(MAX_TOKENS)
