"""Where the embeddings of codes begin: as near to each other as their centroids, not anywhere.

Codes whose tracks are alike then mean something alike from the first step on. Knows codebooks and the decoder's table.
"""

from __future__ import annotations

import numpy as np
import torch

from segue.model.decoder import Decoder
from segue.tokens.codebook import Floats
from segue.tokens.codebooks import Codebooks
from segue.tokens.content import MODALITIES

# The root mean square of what an embedding begins with, the same as that of the random ones.
_SCALE = 0.02


@torch.no_grad()
def begin_at_centroids(decoder: Decoder, codebooks: Codebooks, seed: int) -> None:
    """Put each code's centroid, turned at random into the decoder's width, where its embedding is drawn at random."""
    random = np.random.default_rng(seed)
    for modality, offset in zip(MODALITIES, decoder.config.code_offsets, strict=True):
        centroids = codebooks.books[modality].clusters.centroids
        vectors = _turned(centroids - centroids.mean(0), decoder.config.width, random) if len(centroids) > 1 else None
        if vectors is not None and vectors.any():
            vectors *= _SCALE / np.sqrt(np.square(vectors).mean())
            decoder.codes.weight[offset : offset + len(vectors)] = torch.from_numpy(vectors)


def _turned(vectors: Floats, width: int, random: np.random.Generator) -> Floats:
    """Return [vectors, width]: distances stay as they are where there is room, else about so."""
    size = max(vectors.shape[1], width)
    rotation, _ = np.linalg.qr(random.normal(size=(size, size)))
    return np.asarray(vectors @ rotation[: vectors.shape[1], :width], np.float32)
