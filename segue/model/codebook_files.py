"""Codebooks as arrays and facts for a checkpoint, and back. Knows neither the folder nor the other files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from segue.cooccurrence.rules import LiveRules
from segue.tokens.codebook import Clusters, Codebook, CodeFacts
from segue.tokens.codebooks import Codebooks
from segue.tokens.content import MODALITIES
from segue.tokens.text import TextEncoder
from segue.tokens.transforms import transform_arrays, transform_from, transform_told

Arrays = dict[str, npt.NDArray[Any]]


def codebook_arrays(codebooks: Codebooks) -> Arrays:
    """Return every array, named by modality; half precision where `segue.tokens.fitting` rounded to it."""
    arrays: Arrays = {}
    for modality, book in codebooks.books.items():
        arrays[f"{modality}.centroids"] = book.centroids.astype(np.float16)
        arrays[f"{modality}.offsets"] = book.clusters.offsets.astype(np.float16)
        arrays |= {f"{modality}.{name}": values for name, values in transform_arrays(book.transform).items()}
    return dict(sorted(arrays.items()))


def codebook_facts(codebooks: Codebooks) -> dict[str, Any]:
    """Return what is told of every code, how each modality's content becomes vectors, and how playlist codes move."""
    return {
        "live": msgspec.to_builtins(codebooks.live),
        "codes": {modality: [asdict(fact) for fact in book.facts] for modality, book in codebooks.books.items()},
        "transforms": {modality: transform_told(book.transform) for modality, book in codebooks.books.items()},
    }


def codebooks_from(arrays: Arrays, facts: Mapping[str, Any], pretrained: TextEncoder) -> Codebooks:
    """Return the codebooks; `pretrained` is the encoder that they may rest on.

    Raises KeyError where an array or a fact is missing, ValueError where they rest on another encoder, and
    msgspec.ValidationError where a rule is none.
    """
    books = {modality: _book(modality, arrays, facts, pretrained) for modality in MODALITIES}
    # Checkpoints from before codes moved have no rules of their own.
    return Codebooks(books, msgspec.convert(facts.get("live", {}), LiveRules))


def _book(modality: str, arrays: Arrays, facts: Mapping[str, Any], pretrained: TextEncoder) -> Codebook:
    prefix = f"{modality}."
    own = {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}
    return Codebook(
        modality,
        Clusters(own["centroids"].astype(np.float32), own["offsets"].astype(np.float32)),
        tuple(CodeFacts(**fact) for fact in facts["codes"][modality]),
        transform_from(facts["transforms"][modality], own, pretrained),
    )
