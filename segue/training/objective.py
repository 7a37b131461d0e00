"""What training makes small: the surprise at the next token, be it a track or a word.

A track is predicted among the tracks that training has seen: those it has not seen would only be pushed away (hit@100
of new tracks fell from 24 to 8 with them among the candidates). Words are predicted among the plain tokens. Knows the
decoder and sequences, not how parameters move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from segue.model.decoder import Batch, Decoder
from segue.model.precision import fast_type
from segue.tokens.codebook import Floats, Integers
from segue.tokens.histories import History
from segue.tokens.prompt import NO_TARGET, TokenSequence


@dataclass(frozen=True, slots=True)
class ObjectiveRules:
    """What counts how much.

    `full_softmax`: up to so many trained tracks all compete; beyond, a sample of half as many and the targets.
    `hide_codes`: the chance of each code of a track to be hidden, so that the model can read tracks that lack some.
    """

    words: float = 0.1
    full_softmax: int = 8_192
    hide_playlist_code: float = 0.1
    hide_codes: float = 0.05


class Objective:
    """The loss over one dataset; `code_rows` [tracks, modalities] are the tracks' rows in the table of codes."""

    def __init__(
        self, histories: Sequence[History], code_rows: Integers, absent_rows: Integers, rules: ObjectiveRules
    ) -> None:
        self._code_rows = code_rows
        self._absent_rows = torch.from_numpy(absent_rows)
        self._rules = rules
        wanted = [moment.row for history in histories for moment in history.moments if moment.wanted]
        counts = np.bincount(np.array(wanted, np.int64), minlength=len(code_rows))
        self.trained: Integers = np.flatnonzero(counts)
        self._chance: Floats = (counts / max(1, counts.sum())).astype(np.float32)
        self._hiding = np.full(code_rows.shape[1], rules.hide_codes)
        self._hiding[0] = max(rules.hide_playlist_code, rules.hide_codes)

    def loss(
        self, decoder: Decoder, sequences: Sequence[TokenSequence], random: np.random.Generator
    ) -> tuple[Tensor, int]:
        """Return the mean loss over the sequences' targets, and how many tracks were predicted."""
        device = next(decoder.parameters()).device
        batch = Batch.of([sequence.positions for sequence in sequences], self._code_rows, device)
        self._hide(batch.codes, random)
        targets = _padded(sequences, batch.plain.shape[1])
        with torch.autocast(device.type, torch.bfloat16, enabled=fast_type(device) is torch.bfloat16):
            hidden = decoder(batch)
            tracks = self._track_loss(decoder, hidden[(targets >= 0).to(device)], targets[targets >= 0].numpy(), random)
            words = _word_loss(decoder, hidden[(targets < NO_TARGET).to(device)], targets[targets < NO_TARGET])
        return tracks + self._rules.words * words, int((targets >= 0).sum())

    def _track_loss(self, decoder: Decoder, hidden: Tensor, wanted: Integers, random: np.random.Generator) -> Tensor:
        if not len(wanted):
            return hidden.sum() * 0.0
        candidates, corrections = self._candidates(wanted, random)
        rows = torch.from_numpy(self._code_rows[candidates]).to(hidden.device)
        self._hide(rows, random)
        logits = hidden @ decoder.track_vectors(rows).T.to(hidden.dtype)
        labels = torch.from_numpy(np.searchsorted(candidates, wanted)).to(hidden.device)
        return functional.cross_entropy(logits.float() - corrections.to(hidden.device), labels)

    def _candidates(self, wanted: Integers, random: np.random.Generator) -> tuple[Integers, Tensor]:
        """Return the rows that compete, sorted, and the logarithm of each one's chance to be among them.

        Without that correction a sampled softmax learns the sample's distribution (Bengio and Senecal, 2008).
        """
        if len(self.trained) <= self._rules.full_softmax:
            return self.trained, torch.zeros(1)
        half = self._rules.full_softmax // 2
        candidates = np.union1d(random.choice(self.trained, half, replace=False), wanted)
        chance = self._chance[candidates] * len(wanted) + half / len(self.trained)
        return candidates, torch.from_numpy(np.log(np.minimum(1.0, chance)).astype(np.float32))

    def _hide(self, rows: Tensor, random: np.random.Generator) -> None:
        """Replace codes by the absent ones at random, in place; `rows` has shape [..., modalities]."""
        if self._hiding.any():
            hidden = torch.from_numpy(random.random(tuple(rows.shape)) < self._hiding).to(rows.device)
            rows[:] = torch.where(hidden, self._absent_rows.to(rows.device), rows)


def _word_loss(decoder: Decoder, hidden: Tensor, targets: Tensor) -> Tensor:
    if not len(targets):
        return hidden.sum() * 0.0
    logits = hidden @ decoder.plain.weight.T.to(hidden.dtype)
    return functional.cross_entropy(logits.float(), (-targets - 1).to(hidden.device))


def _padded(sequences: Sequence[TokenSequence], length: int) -> Tensor:
    padded = np.full((len(sequences), length), NO_TARGET, np.int64)
    for place, sequence in enumerate(sequences):
        padded[place, : len(sequence.targets)] = sequence.targets
    return torch.from_numpy(padded)
