"""Loads a Hugging Face Llama checkpoint folder into the decoder, its vocabulary extended for sessions and tracks.

Plain tokens are the control tokens, then the tokenizer's; the codes of tracks have a table of their own. What is new
begins near the mean of what the Llama knows, so that it starts as an average word and learns from there.
Opens no connection; needs safetensors and tokenizers, not transformers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from segue.errors import CheckpointError
from segue.model.decoder import Decoder
from segue.model.decoder_config import DecoderConfig
from segue.model.llama_config import read_config
from segue.tokens.vocabulary import Control

WEIGHTS, WEIGHTS_INDEX, TOKENIZER = "model.safetensors", "model.safetensors.index.json", "tokenizer.json"

# How far new rows lie from the mean, in standard deviations of the rows that are there.
_SPREAD = 0.1
_EMBEDDINGS, _HEAD = "model.embed_tokens.weight", "lm_head.weight"


@dataclass(frozen=True, slots=True)
class Llama:
    """A decoder with a Llama's weights, and the tokenizer that cuts text for it."""

    decoder: Decoder
    tokenizer: Tokenizer

    def said(self, text: str) -> tuple[int, ...]:
        """Return the plain tokens of a text, none added at its ends."""
        return tuple(len(Control) + token for token in self.tokenizer.encode(text, add_special_tokens=False).ids)

    def text(self, plain_tokens: tuple[int, ...]) -> str:
        """Return the text that plain tokens spell; control tokens are left out."""
        spoken: str = self.tokenizer.decode([token - len(Control) for token in plain_tokens if token >= len(Control)])
        return spoken


def load_llama(folder: Path, code_sizes: tuple[int, ...], seed: int = 1) -> Llama:
    """Load a folder with config.json, safetensors (one file or several) and tokenizer.json. Raises CheckpointError.

    `code_sizes` counts the codes of each modality. The same seed gives the same new rows.
    """
    config = read_config(folder, code_sizes, len(Control))
    tokenizer = _tokenizer(folder / TOKENIZER)
    if tokenizer.get_vocab_size() > config.plain_tokens - len(Control):
        raise CheckpointError(
            f"{folder / TOKENIZER} has {tokenizer.get_vocab_size()} tokens, "
            f"the embeddings {config.plain_tokens - len(Control)}; they are not of one model"
        )
    decoder = Decoder(config)
    parameters = _renamed(_tensors(folder), config, folder)
    _extend(parameters, config, seed)
    try:
        decoder.load_state_dict(parameters)
    except RuntimeError as error:
        raise CheckpointError(f"{folder}: the weights have other shapes than config.json says: {error}") from error
    return Llama(decoder.eval(), tokenizer)


def _tokenizer(path: Path) -> Tokenizer:
    if not path.is_file():
        raise CheckpointError(f"{path} is missing; save the fast tokenizer (tokenizer.json) into the folder")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises nothing narrower
        raise CheckpointError(f"{path} is no tokenizer: {error}") from error


def _tensors(folder: Path) -> dict[str, Tensor]:
    """Return every tensor by its name, in single precision."""
    if (folder / WEIGHTS_INDEX).is_file():
        try:
            names = sorted(set(orjson.loads((folder / WEIGHTS_INDEX).read_bytes())["weight_map"].values()))
        except (orjson.JSONDecodeError, KeyError, AttributeError) as error:
            raise CheckpointError(f"{folder / WEIGHTS_INDEX} names no files: {error!r}") from error
    elif (folder / WEIGHTS).is_file():
        names = [WEIGHTS]
    else:
        raise CheckpointError(f"{folder} holds neither {WEIGHTS} nor {WEIGHTS_INDEX}; save it as safetensors")
    found: dict[str, Tensor] = {}
    for name in names:
        if Path(name).name != name:
            raise CheckpointError(f"{folder / WEIGHTS_INDEX} names {name!r}, which is no file of the folder")
        try:
            found |= load_file(folder / name)
        except (OSError, SafetensorError) as error:
            raise CheckpointError(f"cannot read {folder / name}: {error}") from error
    return {
        name: tensor.to(torch.float32) for name, tensor in found.items() if not name.endswith("rotary_emb.inv_freq")
    }


def _renamed(given: Mapping[str, Tensor], config: DecoderConfig, folder: Path) -> dict[str, Tensor]:
    """Return the decoder's parameters, all but the codes'; keys with values, and gates with what they let through."""
    left = dict(given)

    def take(*names: str) -> Tensor:
        if missing := [name for name in names if name not in left]:
            raise CheckpointError(f"{folder} lacks the tensor {missing[0]}")
        return torch.cat([left.pop(name) for name in names])

    found = {"plain.weight": take(_EMBEDDINGS), "norm.weight": take("model.norm.weight")}
    if not config.tied_head:
        found["head.weight"] = take(_HEAD)
    left.pop(_HEAD, None)
    for layer in range(config.layers):
        theirs, ours = f"model.layers.{layer}", f"blocks.{layer}"
        for name, parts in {
            "query": ("self_attn.q_proj",),
            "key_value": ("self_attn.k_proj", "self_attn.v_proj"),
            "attended": ("self_attn.o_proj",),
            "gate_up": ("mlp.gate_proj", "mlp.up_proj"),
            "down": ("mlp.down_proj",),
            "attention_norm": ("input_layernorm",),
            "feed_norm": ("post_attention_layernorm",),
        }.items():
            found[f"{ours}.{name}.weight"] = take(*(f"{theirs}.{part}.weight" for part in parts))
    if left:
        raise CheckpointError(f"{folder} holds tensors that no Llama of this shape has: {', '.join(sorted(left)[:3])}")
    return found


def _extend(parameters: dict[str, Tensor], config: DecoderConfig, seed: int) -> None:
    """Put the control tokens before the tokenizer's, and add the codes' table."""
    random = torch.Generator().manual_seed(seed)

    def new_rows(known: Tensor, rows: int) -> Tensor:
        noise = torch.randn(rows, known.shape[1], generator=random)
        return known.mean(0) + _SPREAD * known.std(0) * noise

    known = parameters["plain.weight"]
    for name in ("plain.weight", "head.weight"):
        if name in parameters:
            parameters[name] = torch.cat([new_rows(parameters[name], len(Control)), parameters[name]])
    # A track is the sum of its codes: each brings its share of an average word.
    parameters["codes.weight"] = new_rows(known, config.code_rows) / max(1, len(config.code_sizes))
