"""The generator of the dialogue protocol: residual codes of the tracks' text vectors, and a decoder that says them.

Codes are k-means on what the codes before leave unsaid (residual quantisation, Zeghidour et al., 2021). The decoder
learns which tracks were taken, among tracks that exist, and the fine-tuned encoder's own odds over them (distillation,
Hinton et al., 2015). Knows prompts and vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.cluster import MiniBatchKMeans
from torch import Tensor
from torch.nn import functional

from segue.model.decoder import Batch
from segue.model.decoder_config import DecoderConfig
from segue.model.spoken import SpokenDecoder
from segue.tokens.codebook import Floats, Integers
from segue.training.watch import Watch

LEVELS = 5
MOST_CODES = 1_024
_TRACKS_A_CODE = 5
_NEVER = -1e9


@dataclass(frozen=True, slots=True)
class ResidualCodes:
    """Codes of the tracks, [tracks, levels], and the anchors of all codes, [code rows, dimensions]."""

    codes: Integers
    anchors: Floats
    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SpokenExample:
    """A prompt, the vector of what was said at its end, and the rows that were wanted, at once and in the end."""

    prompt: tuple[int, ...]
    said: Floats
    wanted: tuple[int, ...]
    right: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SpokenRules:
    """The decoder's shape and steps; `distilled` is the share of the loss that is the encoder's odds."""

    width: int = 128
    layers: int = 2
    epochs: int = 6
    questions: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    distilled: float = 0.5
    teacher_sharpness: float = 20.0
    seed: int = 1


def residual_codes(vectors: Floats, seed: int) -> ResidualCodes:
    """Code vectors, [tracks, dimensions], level by level."""
    size = max(1, min(MOST_CODES, len(vectors) // _TRACKS_A_CODE))
    left, codes, anchors = vectors.copy(), [], []
    for level in range(LEVELS):
        fitted = MiniBatchKMeans(
            size, init="random", batch_size=2_048, n_init=1, max_iter=10, random_state=seed + level
        ).fit(left)
        code = fitted.labels_.astype(np.int64)
        sums = np.zeros((size + 1, vectors.shape[1]), np.float32)
        np.add.at(sums, code, left)
        anchor = sums / np.maximum(1, np.bincount(code, minlength=size + 1))[:, None].astype(np.float32)
        left = left - anchor[code]
        codes.append(code)
        anchors.append(anchor)
    return ResidualCodes(np.stack(codes, axis=1), np.concatenate(anchors), (size,) * LEVELS)


def train_spoken(
    coded: ResidualCodes,
    plain_tokens: int,
    examples: Sequence[SpokenExample],
    vectors: Floats,
    rules: SpokenRules,
    watch: Watch,
) -> SpokenDecoder:
    """Train on examples; `vectors` [tracks, dimensions] are what the teacher compares what was said with."""
    torch.manual_seed(rules.seed)
    random = np.random.default_rng(rules.seed)
    decoder = SpokenDecoder(_config(coded, plain_tokens, rules), torch.from_numpy(coded.anchors)).train()
    optimiser = torch.optim.AdamW(decoder.parameters(), rules.learning_rate, weight_decay=rules.weight_decay)
    # What training has not seen would only be pushed away.
    known = np.unique([row for each in examples for row in each.right])
    code_rows = coded.codes + np.array(decoder.decoder.config.code_offsets, np.int64)
    columns = torch.from_numpy(code_rows[known])
    size = min(rules.questions, len(examples))
    steps = rules.epochs * (len(examples) // size)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, rules.learning_rate, steps)
    drawn = np.concatenate([random.permutation(len(examples)) for _ in range(rules.epochs)])
    for step in range(steps):
        batch = [examples[place] for place in drawn[step * size : (step + 1) * size]]
        said = torch.from_numpy(np.stack([each.said for each in batch]))
        logits = _of_tracks(decoder(Batch.of([each.prompt for each in batch], code_rows), said), columns)
        teacher = functional.softmax(rules.teacher_sharpness * said @ torch.from_numpy(vectors[known]).T, dim=1)
        taught = functional.cross_entropy(logits, teacher)
        loss = rules.distilled * taught + (1.0 - rules.distilled) * _surprise(logits, batch, known)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimiser.step()
        pace.step()
        watch.step(step + 1, steps, float(loss.detach()), 0.0)
    return decoder.eval()


@torch.inference_mode()
def spoken_scores(
    decoder: SpokenDecoder, coded: ResidualCodes, prompts: Sequence[tuple[int, ...]], said: Floats
) -> Floats:
    """Return every track's score after each prompt, [prompts, tracks]: the sums of its codes' logits."""
    code_rows = coded.codes + np.array(decoder.decoder.config.code_offsets, np.int64)
    columns = torch.from_numpy(code_rows)
    scores = [
        _of_tracks(
            decoder(Batch.of(prompts[start : start + 32], code_rows), torch.from_numpy(said[start : start + 32])),
            columns,
        ).numpy()
        for start in range(0, len(prompts), 32)
    ]
    return np.concatenate(scores)


def _config(coded: ResidualCodes, plain_tokens: int, rules: SpokenRules) -> DecoderConfig:
    return DecoderConfig(
        plain_tokens=plain_tokens,
        code_sizes=coded.sizes,
        width=rules.width,
        layers=rules.layers,
        heads=2,
        key_value_heads=1,
        feed_forward=rules.width * 11 // 4,
        dropout=0.3,
    )


def _of_tracks(logits: Tensor, code_rows: Tensor) -> Tensor:
    """Return the sums over a track's codes: [batch, code rows] and [tracks, levels] to [batch, tracks]."""
    total = logits[:, code_rows[:, 0]]
    for level in range(1, code_rows.shape[1]):
        total = total + logits[:, code_rows[:, level]]
    return total


def _surprise(logits: Tensor, batch: Sequence[SpokenExample], known: Integers) -> Tensor:
    """Return the mean surprise at what was wanted; what is right as well does not compete."""
    losses = []
    for place, each in enumerate(batch):
        wanted = torch.from_numpy(np.searchsorted(known, each.wanted))
        right = torch.from_numpy(np.searchsorted(known, each.right))
        others = torch.logsumexp(logits[place].index_fill(0, right, _NEVER), dim=0)
        mine = logits[place, wanted]
        losses.append((torch.logaddexp(mine, others) - mine).mean())
    return torch.stack(losses).mean()
