"""Reads prompts with the decoder, each from where the listener's last one ended. Knows no scores and no catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from segue.model.decoder import Batch, Decoder
from segue.model.prefix_cache import Prefix, PrefixCache, content_of
from segue.tokens.codebook import Integers
from segue.tokens.prompt import plain
from segue.tokens.vocabulary import Control

# Prompts with at most so many positions to read go into one pass, so that a newcomer's long one does not pad them.
FEW = 8
_NOTHING = (plain(Control.START),)


def of_few_sizes(number: int) -> int:
    """Return the smallest power of two, or half as much again, that is no less: 1, 2, 3, 4, 6, 8, 12, 16 and so on.

    Prompts are read in batches of few shapes: what is compiled for a shape is kept, and memory would grow with each.
    """
    power = 1 << (number - 1).bit_length()
    return power * 3 // 4 if power >= 4 and number <= power * 3 // 4 else power


@dataclass(frozen=True, slots=True)
class _Prompt:
    place: int
    listener_id: str
    positions: tuple[int, ...]
    content: Integers
    known: Tensor | None

    @property
    def read(self) -> int:
        return 0 if self.known is None else self.known.shape[3]

    @property
    def unread(self) -> int:
        return len(self.positions) - self.read


class Reader:
    """Gives the decoder's state at the end of each prompt, and keeps what was read for the listeners' next prompts."""

    def __init__(self, decoder: Decoder, cache: PrefixCache) -> None:
        self._decoder = decoder
        self._cache = cache
        self._device = decoder.plain.weight.device
        self._offsets = np.array(decoder.config.code_offsets, np.int64)

    @torch.inference_mode()
    def last(self, prompts: Sequence[tuple[int, ...]], codes: Integers, listener_ids: Sequence[str]) -> Tensor:
        """Return the hidden state at the end of each prompt, [prompts, width].

        `codes` [tracks, modalities] are the tracks' codes now. A listener without an id leaves nothing behind.
        """
        asked = [
            self._prompt(place, *each, codes) for place, each in enumerate(zip(prompts, listener_ids, strict=True))
        ]
        states = torch.empty(
            len(asked), self._decoder.config.width, dtype=self._decoder.plain.weight.dtype, device=self._device
        )
        for group in ([each for each in asked if each.unread <= FEW], [each for each in asked if each.unread > FEW]):
            if group:
                states[[each.place for each in group]] = self._read(group, codes)
        return states

    def _prompt(self, place: int, positions: tuple[int, ...], listener_id: str, codes: Integers) -> _Prompt:
        written = np.array(positions, np.int64)
        content = content_of(written, codes[np.maximum(written, 0)] + self._offsets)
        return _Prompt(
            place, listener_id, positions, content, self._cache.find(listener_id, content) if listener_id else None
        )

    def _read(self, group: Sequence[_Prompt], codes: Integers) -> Tensor:
        longest = of_few_sizes(max(each.unread for each in group))
        ballast = of_few_sizes(len(group)) - len(group)
        past = self._decoder.past(len(group) + ballast, max(each.read for each in group) + longest)
        for place, each in enumerate(group):
            if each.known is not None:
                past.put(place, each.known)
        unread = [*(each.positions[each.read :] for each in group), *([_NOTHING] * ballast)]
        batch = Batch.of(unread, codes, self._device, self._offsets, at_least=longest)
        hidden = self._decoder.last(batch, past)[: len(group)]
        for place, each in enumerate(group):
            if each.listener_id:
                self._cache.keep(each.listener_id, Prefix(each.content, past.kept(place, len(each.positions))))
        return hidden
