"""What a Llama's config.json says, as the decoder's shape; what the decoder cannot do is refused by name.

Reads both spellings of the rotary settings: `rope_theta` with `rope_scaling`, and `rope_parameters` (transformers 5).
Knows no weights and needs no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from segue.errors import CheckpointError
from segue.model.decoder_config import DecoderConfig, RotaryScaling

CONFIG = "config.json"
# Positions for which rotary angles are kept: longer than any prompt, however long the model's own context is.
MOST_POSITIONS = 2_048

# Settings that change what the weights mean, and the values with which the decoder reads them as they are meant.
_REQUIRED: dict[str, tuple[Any, ...]] = {
    "model_type": ("llama",),
    "hidden_act": ("silu", "swish"),
    "attention_bias": (False, None),
    "mlp_bias": (False, None),
    "quantization_config": (None,),
}


def read_config(folder: Path, code_sizes: tuple[int, ...], more_tokens: int) -> DecoderConfig:
    """Return the shape of a Llama with `more_tokens` plain tokens and tracks' codes added. Raises CheckpointError."""
    given = _read(folder / CONFIG)
    defaults = {"hidden_act": "silu", "attention_bias": False, "mlp_bias": False}
    for name, allowed in _REQUIRED.items():
        value = given.get(name, defaults.get(name))
        if value not in allowed:
            raise CheckpointError(f"{folder / CONFIG}: {name} is {value!r}; this program reads {allowed[0]!r} only")
    try:
        base, scaling = _rotary(given, folder)
        config = DecoderConfig(
            plain_tokens=int(given["vocab_size"]) + more_tokens,
            code_sizes=code_sizes,
            width=int(given["hidden_size"]),
            layers=int(given["num_hidden_layers"]),
            heads=int(given["num_attention_heads"]),
            key_value_heads=int(given.get("num_key_value_heads") or given["num_attention_heads"]),
            feed_forward=int(given["intermediate_size"]),
            dropout=0.0,
            positions=min(MOST_POSITIONS, int(given.get("max_position_embeddings", MOST_POSITIONS))),
            head_width=int(given.get("head_dim") or 0),
            norm_epsilon=float(given.get("rms_norm_eps", 1e-6)),
            rotary_base=base,
            rotary_scaling=scaling,
            tied_head=bool(given.get("tie_word_embeddings", False)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{folder / CONFIG} is not the configuration of a Llama: {error!r}") from error
    if config.heads % config.key_value_heads:
        raise CheckpointError(
            f"{folder / CONFIG}: {config.heads} attention heads cannot share {config.key_value_heads} key-value heads"
        )
    return config


def _read(path: Path) -> dict[str, Any]:
    try:
        given = orjson.loads(path.read_bytes())
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}; name a Hugging Face checkpoint folder") from error
    except orjson.JSONDecodeError as error:
        raise CheckpointError(f"{path} is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise CheckpointError(f"{path} holds no JSON object")
    return given


def _rotary(given: Mapping[str, Any], folder: Path) -> tuple[float, RotaryScaling | None]:
    rope = {**(given.get("rope_scaling") or {}), **(given.get("rope_parameters") or {})}
    base = float(rope.get("rope_theta", given.get("rope_theta", 10_000.0)))
    kind = rope.get("rope_type", rope.get("type", "default"))
    if float(rope.get("partial_rotary_factor", given.get("partial_rotary_factor", 1.0))) != 1.0:
        raise CheckpointError(f"{folder / CONFIG}: partial_rotary_factor is not supported; it must be 1")
    if kind == "default":
        return base, None
    if kind != "llama3":
        raise CheckpointError(
            f"{folder / CONFIG}: rotary scaling of type {kind!r} is not supported; only default and llama3 are"
        )
    return base, RotaryScaling(
        factor=float(rope["factor"]),
        low=float(rope["low_freq_factor"]),
        high=float(rope["high_freq_factor"]),
        original_positions=int(rope.get("original_max_position_embeddings") or given["max_position_embeddings"]),
    )
