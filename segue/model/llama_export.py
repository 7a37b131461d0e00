"""The decoder as a Llama of transformers: its configuration, and its parameters under Llama's names."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import LlamaConfig

from segue.model.decoder import Decoder
from segue.model.decoder_config import DecoderConfig, RotaryScaling


def llama_config(config: DecoderConfig, tokens: int) -> LlamaConfig:
    """Return the configuration of the same decoder over a vocabulary of so many tokens."""
    return LlamaConfig(
        vocab_size=tokens,
        hidden_size=config.width,
        intermediate_size=config.feed_forward,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        num_key_value_heads=config.key_value_heads,
        head_dim=config.width_of_head,
        max_position_embeddings=config.positions,
        rms_norm_eps=config.norm_epsilon,
        rope_parameters={"rope_theta": config.rotary_base, **_rope(config.rotary_scaling)},
        tie_word_embeddings=config.tied_head,
        bos_token_id=None,
        eos_token_id=None,
    )


def llama_parameters(decoder: Decoder, table: Tensor, head: Tensor) -> dict[str, Tensor]:
    """Return the parameters by Llama's names; `table` and `head` [tokens, width] are read from and written with."""
    config = decoder.config
    found = {"model.embed_tokens.weight": table, "model.norm.weight": decoder.norm.weight, "lm_head.weight": head}
    for layer in range(config.layers):
        block = dict(decoder.get_submodule(f"blocks.{layer}").named_parameters())
        keys, values = block["key_value.weight"].chunk(2)
        gate, up = block["gate_up.weight"].chunk(2)
        named = {
            "self_attn.q_proj": block["query.weight"],
            "self_attn.k_proj": keys,
            "self_attn.v_proj": values,
            "self_attn.o_proj": block["attended.weight"],
            "mlp.gate_proj": gate,
            "mlp.up_proj": up,
            "mlp.down_proj": block["down.weight"],
            "input_layernorm": block["attention_norm.weight"],
            "post_attention_layernorm": block["feed_norm.weight"],
        }
        found |= {f"model.layers.{layer}.{name}.weight": parameter for name, parameter in named.items()}
    return {name: parameter.detach().to(torch.float32).clone() for name, parameter in found.items()}


def _rope(scaling: RotaryScaling | None) -> dict[str, str | float | int]:
    if scaling is None:
        return {"rope_type": "default"}
    return {
        "rope_type": "llama3",
        "factor": scaling.factor,
        "low_freq_factor": scaling.low,
        "high_freq_factor": scaling.high,
        "original_max_position_embeddings": scaling.original_positions,
    }
