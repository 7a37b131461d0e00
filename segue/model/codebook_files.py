"""Codebooks as arrays and names for a checkpoint, and back. Knows neither the folder nor the other files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from segue.tokens.codebook import AudioTransform, Codebook, TextTransform
from segue.tokens.codebooks import Codebooks
from segue.tokens.content import MODALITIES

Arrays = dict[str, npt.NDArray[Any]]


def codebook_arrays(codebooks: Codebooks) -> Arrays:
    """Return every array, named by modality; half precision where `segue.tokens.fitting` rounded to it."""
    arrays: Arrays = {}
    for modality, book in codebooks.books.items():
        arrays[f"{modality}.centroids"] = book.centroids.astype(np.float16)
        if isinstance(book.transform, TextTransform):
            arrays[f"{modality}.idf"] = book.transform.idf.astype(np.float16)
            arrays[f"{modality}.components"] = np.ascontiguousarray(book.transform.components.astype(np.float16))
        elif isinstance(book.transform, AudioTransform):
            arrays[f"{modality}.mean"] = book.transform.mean
            arrays[f"{modality}.deviation"] = book.transform.deviation
    return dict(sorted(arrays.items()))


def codebook_names(codebooks: Codebooks) -> dict[str, Any]:
    """Return the names of the codes, and of the audio features."""
    transform = codebooks.books["audio"].transform
    return {
        "codes": {modality: book.names for modality, book in codebooks.books.items()},
        "audio_features": transform.names if isinstance(transform, AudioTransform) else (),
    }


def codebooks_from(arrays: Arrays, names: Mapping[str, Any]) -> Codebooks:
    """Return the codebooks. Raises KeyError where an array or a name is missing."""
    return Codebooks({modality: _book(modality, arrays, names) for modality in MODALITIES})


def _book(modality: str, arrays: Arrays, names: Mapping[str, Any]) -> Codebook:
    transform: TextTransform | AudioTransform | None = None
    if f"{modality}.idf" in arrays:
        transform = TextTransform(
            arrays[f"{modality}.idf"].astype(np.float32), arrays[f"{modality}.components"].astype(np.float32)
        )
    elif f"{modality}.mean" in arrays:
        transform = AudioTransform(
            tuple(names["audio_features"]), arrays[f"{modality}.mean"], arrays[f"{modality}.deviation"]
        )
    centroids = arrays[f"{modality}.centroids"].astype(np.float32)
    return Codebook(modality, centroids, tuple(names["codes"][modality]), transform)
