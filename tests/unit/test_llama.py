"""Llama checkpoints: the decoder says what transformers says on the same weights, and refuses what it cannot read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM

from segue.errors import CheckpointError
from segue.model.decoder import Batch, Decoder
from segue.model.llama import load_llama
from segue.tokens.prompt import plain
from segue.tokens.vocabulary import Control

CODES = (7, 5, 3, 0, 4)
WORDS = {word: number for number, word in enumerate(("play", "something", "calm", "[UNK]"))}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}


def save(folder: Path, shard: str = "5GB", **settings: Any) -> LlamaForCausalLM:
    """Save a small random Llama with its tokenizer, and return it."""
    torch.manual_seed(3)
    given: dict[str, Any] = {
        "vocab_size": 53,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 128,
        "initializer_range": 0.3,
    }
    model = LlamaForCausalLM(LlamaConfig(**(given | settings))).eval()
    for name, values in model.named_parameters():
        if "norm" in name:
            torch.nn.init.uniform_(values, 0.5, 1.5)
    model.save_pretrained(folder, max_shard_size=shard)
    tokenizer = Tokenizer(models.WordLevel(WORDS, unk_token="[UNK]"))  # noqa: S106 - a word
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    return model


@torch.inference_mode()
def assert_alike(model: LlamaForCausalLM, decoder: Decoder, length: int = 60) -> None:
    asked = torch.randint(0, 53, (2, length), generator=torch.Generator().manual_seed(5))
    positions = [[plain(len(Control) + token) for token in row] for row in asked.tolist()]
    no_tracks = torch.zeros((1, len(CODES)), dtype=torch.long).numpy()
    ours = decoder.plain_logits(decoder(Batch.of(positions, no_tracks)))[..., len(Control) :]
    torch.testing.assert_close(ours, model(asked).logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"num_key_value_heads": 4},
        {"num_key_value_heads": 1},
        {"tie_word_embeddings": True},
        {"head_dim": 16},
        {"rms_norm_eps": 1e-3},
        {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}},
        {"rope_parameters": LLAMA3},
    ],
    ids=str,
)
def test_logits_are_those_of_transformers(tmp_path: Path, settings: dict[str, Any]) -> None:
    model = save(tmp_path, **settings)
    assert_alike(model, load_llama(tmp_path, CODES).decoder)


def test_several_files_and_half_precision_are_read(tmp_path: Path) -> None:
    model = save(tmp_path, shard="20KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 2
    assert_alike(model, load_llama(tmp_path, CODES).decoder)
    halved = LlamaForCausalLM.from_pretrained(tmp_path, dtype=torch.bfloat16)
    halved.save_pretrained(tmp_path / "halved")
    (tmp_path / "halved" / "tokenizer.json").write_bytes((tmp_path / "tokenizer.json").read_bytes())
    assert_alike(halved.float(), load_llama(tmp_path / "halved", CODES).decoder)


def test_the_older_spelling_of_rotary_settings_is_read(tmp_path: Path) -> None:
    model = save(tmp_path, rope_parameters=LLAMA3)
    given = orjson.loads((tmp_path / "config.json").read_bytes())
    rope = given.pop("rope_parameters")
    given |= {"rope_theta": rope.pop("rope_theta"), "rope_scaling": rope}
    (tmp_path / "config.json").write_bytes(orjson.dumps(given))
    assert_alike(model, load_llama(tmp_path, CODES).decoder)


def test_cached_positions_are_those_of_transformers_too(tmp_path: Path) -> None:
    model = save(tmp_path, rope_parameters=LLAMA3)
    decoder = load_llama(tmp_path, CODES).decoder
    asked = torch.randint(0, 53, (1, 40), generator=torch.Generator().manual_seed(6))
    past, given = decoder.past(1, 40), len(Control) + asked
    with torch.inference_mode():
        decoder.read(decoder.plain(given[:, :25]), past)
        for place in range(25, 40):
            ours = decoder.plain_logits(decoder.read(decoder.plain(given[:, place : place + 1]), past))
            theirs = model(asked[:, : place + 1]).logits[:, -1:]
            torch.testing.assert_close(ours[..., len(Control) :], theirs, rtol=1e-4, atol=1e-4)


def test_the_vocabulary_grows_by_controls_and_codes_and_text_is_cut_by_the_tokenizer(tmp_path: Path) -> None:
    save(tmp_path)
    llama, again = load_llama(tmp_path, CODES), load_llama(tmp_path, CODES)
    assert llama.decoder.config.plain_tokens == 53 + len(Control)
    assert llama.decoder.config.code_rows == sum(CODES) + len(CODES)
    assert llama.said("play something calm") == tuple(len(Control) + number for number in (0, 1, 2))
    assert llama.text((Control.SAID, *llama.said("something calm"))) == "something calm"
    known, new = llama.decoder.plain.weight[len(Control) :], llama.decoder.plain.weight[: len(Control)]
    assert (new.mean(0) - known.mean(0)).abs().max() < known.std(0).max()
    tracks = llama.decoder.track_vectors(torch.zeros((1, len(CODES)), dtype=torch.long))
    assert (tracks[0] - known.mean(0)).abs().max() < known.std(0).max()
    torch.testing.assert_close(llama.decoder.codes.weight, again.decoder.codes.weight, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"model_type": "mistral"}, "model_type is 'mistral'"),
        ({"hidden_act": "gelu"}, "hidden_act is 'gelu'"),
        ({"attention_bias": True}, "attention_bias is True"),
        ({"mlp_bias": True}, "mlp_bias is True"),
        ({"quantization_config": {"bits": 4}}, "quantization_config"),
        ({"rope_parameters": {"rope_type": "yarn", "factor": 2.0}}, "'yarn' is not supported"),
        ({"rope_parameters": {"rope_type": "llama3"}}, "factor"),
        ({"hidden_size": None}, "not the configuration of a Llama"),
        ({"num_key_value_heads": 3}, "cannot share 3"),
        ({"num_hidden_layers": 2}, "tensors that no Llama of this shape has"),
        ({"num_hidden_layers": 4}, "lacks the tensor model.layers.3"),
        ({"intermediate_size": 50}, "other shapes than config.json says"),
        ({"vocab_size": 2}, "not of one model"),
    ],
    ids=str,
)
def test_what_the_decoder_cannot_do_is_refused_by_name(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    save(tmp_path)
    path = tmp_path / "config.json"
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | changed))
    with pytest.raises(CheckpointError, match=message):
        load_llama(tmp_path, CODES)


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"cannot read .*config\.json"):
        load_llama(tmp_path, CODES)
    save(tmp_path)
    weights = tmp_path / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:200])
    with pytest.raises(CheckpointError, match=r"cannot read .*model\.safetensors"):
        load_llama(tmp_path, CODES)
    weights.unlink()
    with pytest.raises(CheckpointError, match="save it as safetensors"):
        load_llama(tmp_path, CODES)
    weights.write_bytes(whole)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(CheckpointError, match=r"tokenizer\.json is missing"):
        load_llama(tmp_path, CODES)


def test_a_bias_hidden_in_the_weights_is_refused(tmp_path: Path) -> None:
    save(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    weights["model.layers.0.self_attn.q_proj.bias"] = torch.ones(32)
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"q_proj\.bias"):
        load_llama(tmp_path, CODES)
