"""The pretrained text encoder: alike texts are close, in whatever company; tuned weights travel as a difference."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from segue.errors import CheckpointError
from segue.model import minilm, text_difference
from segue.model.text_encoder import DIMENSIONS, PackagedEncoder

TEXTS = ("a slow sad song by the sea", "melancholic ballad, ocean", "industrial techno, 140 bpm", "", "a slow sad song")


@cache
def encoder() -> PackagedEncoder:
    return PackagedEncoder()


def test_vectors_have_length_one_and_an_empty_text_has_none() -> None:
    vectors = encoder().encode(TEXTS)
    assert vectors.shape == (len(TEXTS), DIMENSIONS)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1, 0, 1], abs=1e-3)


def test_what_means_the_same_is_closer_than_what_sounds_else() -> None:
    sea, ocean, techno = encoder().encode(TEXTS[:3])
    assert sea @ ocean > sea @ techno + 0.1


def test_a_text_has_the_same_vector_alone_and_in_company() -> None:
    together = PackagedEncoder().encode([f"{text} {number}" for number in range(20) for text in TEXTS])
    alone = np.concatenate([PackagedEncoder().encode([f"{text} {7}"]) for text in TEXTS])
    assert np.array_equal(together[35:40], alone)


def test_the_network_is_the_one_of_transformers() -> None:
    from transformers.models.bert.modeling_bert import BertModel  # noqa: PLC0415 - seconds that the others do without

    rows = [encoder().tokenizer.encode(text).ids[:6] for text in TEXTS[:3]]
    reference: torch.nn.Module = BertModel.from_pretrained(minilm.packaged_weights().parent, local_files_only=True)
    reference.train(mode=False)
    with torch.inference_mode():
        expected = reference(input_ids=torch.tensor(rows)).last_hidden_state.mean(1)
    ours = minilm.sentence_vectors(minilm.packaged_network({}, torch.float32), rows)
    assert np.abs(ours - torch.nn.functional.normalize(expected, dim=-1).numpy()).max() < 1e-5


def test_fine_tuned_weights_survive_as_a_difference() -> None:
    network = minilm.packaged_network({}, torch.float32)
    with torch.no_grad():
        changed = network.get_parameter("encoder.layer.5.output.dense.weight")
        changed.add_(0.01 * torch.randn(384, 1536, generator=torch.manual_seed(1)))
    difference = text_difference.difference_from(
        text_difference.difference_bytes(text_difference.difference_of(network))
    )
    assert list(difference) == ["encoder.layer.5.output.dense.weight"]
    tuned = PackagedEncoder(difference)
    ids = tuned.tokenizer.encode(TEXTS[0]).ids
    assert tuned.encode(TEXTS[:1]) == pytest.approx(minilm.sentence_vectors(network, [ids]), abs=0.01)
    assert encoder().encode(TEXTS[:1]) != pytest.approx(tuned.encode(TEXTS[:1]), abs=0.01)
    assert tuned.name.startswith(f"{encoder().name} + ")


def test_a_difference_to_other_weights_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = text_difference.difference_bytes({"a": np.zeros(2)})
    monkeypatch.setattr(text_difference, "base_digest", lambda: "another")
    with pytest.raises(CheckpointError, match="to other weights"):
        text_difference.difference_from(content)


def test_a_damaged_or_unfitting_difference_is_refused() -> None:
    with pytest.raises(CheckpointError, match="holds no arrays"):
        text_difference.difference_from(b"nothing")
    with pytest.raises(CheckpointError, match="does not fit"):
        PackagedEncoder({"no.such.parameter": np.zeros(2)}).encode(["a"])
