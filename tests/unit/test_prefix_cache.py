"""The prefix cache: what is read from where the last prompt ended is what reading it whole would give."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from segue.model.decoder import Batch, Decoder
from segue.model.decoder_config import DecoderConfig
from segue.model.precision import fast_type
from segue.model.prefix_cache import Prefix, PrefixCache
from segue.model.reader import Reader
from segue.tokens.codebook import Integers
from segue.tokens.prompt import MAX_POSITIONS

CONFIG = DecoderConfig(
    12, (3, 4, 2, 0, 5), width=32, layers=3, heads=4, key_value_heads=2, feed_forward=48, dropout=0.0
)
CODES = np.array([[0, 1, 0, 0, 2], [2, 3, 1, 0, 4], [1, 1, 1, 0, 0]], np.int64)
OFFSETS = np.array(CONFIG.code_offsets)


def decoder(kind: torch.dtype = torch.float32) -> Decoder:
    torch.manual_seed(0)
    made = Decoder(CONFIG).eval().requires_grad_(requires_grad=False)
    for values in made.parameters():
        torch.nn.init.normal_(values, std=0.3)
    return made.to(kind)


@torch.inference_mode()
def whole(model: Decoder, prompt: tuple[int, ...], codes: Integers = CODES) -> torch.Tensor:
    """Return the logits of codes and plain tokens at a prompt's end, read without any cache."""
    return logits(model, model.last(Batch.of([prompt], codes + OFFSETS))[0])


def logits(model: Decoder, hidden: torch.Tensor) -> torch.Tensor:
    return torch.cat((model.code_logits(hidden), model.plain_logits(hidden)), dim=-1)


def assert_reads(reader: Reader, model: Decoder, prompts: list[tuple[int, ...]], listeners: list[str]) -> None:
    states = reader.last(prompts, CODES, listeners)
    for state, prompt in zip(states, prompts, strict=True):
        torch.testing.assert_close(logits(model, state), whole(model, prompt), rtol=1e-4, atol=1e-5)


def test_a_growing_prompt_gives_the_logits_of_the_whole_one_at_every_length() -> None:
    model, random = decoder(), np.random.default_rng(1)
    reader = Reader(model, PrefixCache())
    prompt = tuple(int(position) for position in random.integers(-12, 3, MAX_POSITIONS))
    for length in range(1, MAX_POSITIONS + 1):
        assert_reads(reader, model, [prompt[:length]], ["l"])


def test_a_prompt_that_changes_in_the_middle_is_read_from_there() -> None:
    model = decoder()
    reader = Reader(model, PrefixCache())
    for prompt in ((-1, 0, -3, 1, -9), (-1, 0, -4, 1, -9), (-1, 0), (-1, 0), (-2, 2, 2), (-1,)):
        assert_reads(reader, model, [prompt], ["l"])


def test_listeners_in_one_batch_are_each_read_from_their_own_place() -> None:
    model, random = decoder(), np.random.default_rng(2)
    reader = Reader(model, PrefixCache())
    listeners = [f"l{number}" for number in range(7)]
    prompts: list[tuple[int, ...]] = [(-1,) for _ in listeners]
    for _ in range(12):
        prompts = [
            (*prompt, *(int(each) for each in random.integers(-12, 3, random.integers(0, 6))))[:MAX_POSITIONS]
            for prompt in prompts
        ]
        assert_reads(reader, model, [*prompts, (-1, 1, 1)], [*listeners, ""])


def test_a_moved_code_is_read_anew() -> None:
    model = decoder()
    reader = Reader(model, PrefixCache())
    prompt = (-1, 0, 1, 2)
    before = logits(model, reader.last([prompt], CODES, ["l"])[0])
    moved = CODES.copy()
    moved[1, 0] = 0
    after = logits(model, reader.last([(*prompt, -2)], moved, ["l"])[0])
    torch.testing.assert_close(after, whole(model, (*prompt, -2), moved), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(before, whole(model, prompt), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(after, whole(model, (*prompt, -2)), rtol=1e-3, atol=1e-3)


def test_one_more_event_costs_one_more_position() -> None:
    model = decoder()
    read: list[int] = []
    query = model.get_submodule("blocks.0.query")
    query.register_forward_hook(lambda _module, given, _made: read.append(given[0].shape[1]))
    reader = Reader(model, PrefixCache())
    for prompt in ((-1, 0, 1, 2, -3), (-1, 0, 1, 2, -3, 0), (-1, 0, 1, 2, -3, 0, 1)):
        reader.last([prompt], CODES, ["l"])
    assert read == [6, 1, 1]  # five, in room for the next half octave


def test_batches_come_in_few_shapes() -> None:
    model = decoder()
    shapes: set[tuple[int, ...]] = set()
    query = model.get_submodule("blocks.0.query")
    query.register_forward_hook(lambda _module, given, _made: shapes.add(tuple(given[0].shape[:2])))
    for count in range(1, 9):
        for length in range(1, 9):
            Reader(model, PrefixCache()).last([(-1,) * length] * count, CODES, [""] * count)
    assert shapes == {(count, length) for count in (1, 2, 3, 4, 6, 8) for length in (1, 2, 3, 4, 6, 8)}


def test_a_listener_without_a_name_leaves_nothing_behind() -> None:
    cache = PrefixCache()
    Reader(decoder(), cache).last([(-1, 0)], CODES, [""])
    assert len(cache) == cache.size == 0


def prefix(positions: int) -> Prefix:
    return Prefix(np.zeros((positions, 5), np.int32), torch.zeros(1, 2, 1, positions, 4))


def test_memory_is_bounded_and_what_was_unused_longest_goes_first() -> None:
    one = prefix(10).size
    cache = PrefixCache(most_bytes=3 * one)
    for name in "abc":
        cache.keep(name, prefix(10))
    assert cache.find("a", np.zeros((11, 5), np.int32)) is not None
    cache.keep("d", prefix(10))
    assert [cache.find(name, np.zeros((11, 5), np.int32)) is not None for name in "abcd"] == [True, False, True, True]
    assert cache.size == 3 * one


def test_what_is_replaced_or_too_large_is_not_counted() -> None:
    cache = PrefixCache(most_bytes=prefix(20).size)
    cache.keep("a", prefix(10))
    cache.keep("a", prefix(20))
    assert cache.size == prefix(20).size
    cache.keep("a", prefix(21))
    assert len(cache) == cache.size == 0


@pytest.mark.skipif(fast_type() is not torch.bfloat16, reason="the processor multiplies no bfloat16")
def test_in_bfloat16_the_cache_changes_no_more_than_rounding_does() -> None:
    model, random = decoder(torch.bfloat16), np.random.default_rng(3)
    exact = decoder()
    reader = Reader(model, PrefixCache())
    prompt = tuple(int(position) for position in random.integers(-12, 3, 40))
    for length in range(1, 41):
        cached = logits(model, reader.last([prompt[:length]], CODES, ["l"])[0])
        true = whole(exact, prompt[:length])
        rounding = (whole(model, prompt[:length]) - true).abs().max()
        assert (cached - true).abs().max() < 3 * rounding + 0.01 * true.abs().max()
