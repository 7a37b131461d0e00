"""The literal form through Hugging Face `generate`, on the same weights: what everybody would use, to compare with.

Knows transformers; imported only where the comparison is made.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from transformers import GenerationConfig, LlamaForCausalLM, LogitsProcessor, LogitsProcessorList

from segue.model.decoder import Decoder
from segue.model.literal import Found, literal_table
from segue.model.llama_export import llama_config, llama_parameters
from segue.model.trie import Mask, Trie
from segue.tokens.codebook import Integers

# Beams that hold nothing begin at -1e9.
_IMPOSSIBLE = -1e8


class Generate:
    """A `segue.model.literal.Search` that lets `generate` do it; the trie is its logits processor."""

    def __init__(self, decoder: Decoder) -> None:
        self._offsets = np.array(decoder.config.code_offsets) + decoder.config.plain_tokens
        self._model = literal_llama(decoder)

    @torch.inference_mode()
    def __call__(self, asked: Tensor, trie: Trie, sayable: tuple[Mask, ...], beams: int) -> Found:
        """Return the best leaves that may be said, best first."""
        depths = len(trie.codes)
        said = self._model.generate(
            asked[None],
            attention_mask=torch.ones_like(asked)[None],
            generation_config=GenerationConfig(
                num_beams=beams,
                num_return_sequences=beams,
                max_new_tokens=depths,
                do_sample=False,
                length_penalty=0.0,
                pad_token_id=0,
                return_dict_in_generate=True,
                output_scores=True,
            ),
            logits_processor=LogitsProcessorList([_Existing(trie, sayable, self._offsets, len(asked))]),
        )
        # Beams for which nothing was left to say carry impossible scores.
        possible = torch.nonzero(said.sequences_scores > _IMPOSSIBLE)[:, 0]
        if not len(possible):
            return Found(np.zeros(0, np.int64), np.zeros((0, depths), np.float32))
        sequences = said.sequences[possible]
        steps = self._model.compute_transition_scores(sequences, said.scores, said.beam_indices[possible])
        leaves = [_walk(trie, row) for row in sequences[:, len(asked) :].numpy() - self._offsets]
        return Found(np.array(leaves, np.int64), steps.numpy())


class _Existing(LogitsProcessor):  # type: ignore[misc]
    """Rules out every token that leads to no track that may be said."""

    def __init__(self, trie: Trie, sayable: tuple[Mask, ...], offsets: Integers, asked: int) -> None:
        self._trie, self._sayable, self._offsets, self._asked = trie, sayable, offsets, asked

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Return the scores [beams, vocabulary] with minus infinity for what may not follow."""
        depth = input_ids.shape[1] - self._asked
        allowed = torch.full_like(scores, -torch.inf)
        for beam, row in enumerate(input_ids[:, self._asked :].numpy() - self._offsets[:depth]):
            node = _walk(self._trie, row)
            if node is not None:
                children = self._trie.children(depth, node)
                codes = self._trie.codes[depth][children][self._sayable[depth][children]]
                allowed[beam, torch.from_numpy(codes + self._offsets[depth])] = 0.0
        return scores + allowed


def literal_llama(decoder: Decoder) -> LlamaForCausalLM:
    """Return the decoder as a Llama of transformers that reads the literal form: the codes are words of it."""
    table = literal_table(decoder).detach()
    model = LlamaForCausalLM(llama_config(decoder.config, len(table))).eval()
    model.load_state_dict(llama_parameters(decoder, table, table), strict=True)
    return model.to(table.dtype)


def _walk(trie: Trie, codes: Integers) -> int | None:
    """Return the node that these codes lead to from the root; None when there is none."""
    node = 0
    for depth, code in enumerate(codes.tolist()):
        children = trie.children(depth, node)
        place = children.start + int(np.searchsorted(trie.codes[depth][children], code))
        if place == children.stop or trie.codes[depth][place] != code:
            return None
        node = place
    return node
