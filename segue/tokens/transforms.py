"""What turns content into vectors, as named arrays and a description in JSON's types, and back.

A checkpoint keeps both, and the codebooks' version is made from both. A pretrained encoder is told by its name alone:
whoever reads the arrays brings it. Knows no files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from segue.tokens.codebook import AudioTransform
from segue.tokens.text import JoinedEncoder, LexicalEncoder, PooledEncoder, ProjectedEncoder, TextEncoder

Arrays = dict[str, npt.NDArray[Any]]
Transform = TextEncoder | AudioTransform


def transform_arrays(transform: Transform | None) -> Arrays:
    """Return a transform's arrays by name; in half precision where fitting rounded to it."""
    match transform:
        case AudioTransform(_, mean, deviation):
            return {"mean": mean, "deviation": deviation}
        case LexicalEncoder(idf, components):
            return {"idf": _half(idf), "components": _half(components)}
        case ProjectedEncoder(_, mean, components):
            return {"centre": _half(mean), "axes": _half(components)}
        case JoinedEncoder(first, second):
            return transform_arrays(first) | transform_arrays(second)
    return {}


def transform_told(transform: Transform | None) -> dict[str, Any]:
    """Return what kind of transform it is, and whatever of it is no array."""
    match transform:
        case None:
            return {"kind": "none"}
        case AudioTransform(names):
            return {"kind": "audio", "features": list(names)}
        case LexicalEncoder(line_damping=line_damping):
            return {"kind": "lexical", "line_damping": line_damping}
        case ProjectedEncoder(base) | PooledEncoder(base):
            kind = "projected" if isinstance(transform, ProjectedEncoder) else "pooled"
            return {"kind": kind, "of": transform_told(base)}
        case JoinedEncoder(first, second, share):
            return {"kind": "joined", "first": transform_told(first), "second": transform_told(second), "share": share}
    return {"kind": "pretrained", "name": transform.name}


def transform_from(told: Mapping[str, Any], arrays: Mapping[str, Any], pretrained: TextEncoder) -> Transform | None:
    """Return the transform. Raises KeyError where something is missing, ValueError for an encoder that is another."""
    match told["kind"]:
        case "none":
            return None
        case "audio":
            return AudioTransform(tuple(told["features"]), _single(arrays["mean"]), _single(arrays["deviation"]))
        case _:
            return _encoder(told, arrays, pretrained)


def _encoder(told: Mapping[str, Any], arrays: Mapping[str, Any], pretrained: TextEncoder) -> TextEncoder:
    match told["kind"]:
        case "lexical":
            # Checkpoints that do not tell it were made with 1.
            line_damping = float(told.get("line_damping", 1.0))
            return LexicalEncoder(_single(arrays["idf"]), _single(arrays["components"]), line_damping)
        case "projected":
            base = _encoder(told["of"], arrays, pretrained)
            return ProjectedEncoder(base, _single(arrays["centre"]), _single(arrays["axes"]))
        case "pooled":
            return PooledEncoder(_encoder(told["of"], arrays, pretrained))
        case "joined":
            first, second = (_encoder(told[name], arrays, pretrained) for name in ("first", "second"))
            return JoinedEncoder(first, second, told["share"])
        case "pretrained" if told["name"] == pretrained.name:
            return pretrained
    raise ValueError(f"the text encoder {told.get('name', told['kind'])!r}: here it is {pretrained.name!r}")


def _half(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
    return np.ascontiguousarray(values, np.float16)


def _single(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    return np.asarray(values, np.float32)
