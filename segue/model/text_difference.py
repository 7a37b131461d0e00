"""Fine-tuned weights of the text encoder as a difference to the package's: what a checkpoint carries of them.

One safetensors file in half precision, with the parameters that changed alone. Its metadata names the weights it is a
difference to, and it is refused on others. Knows bytes and parameters, not where a checkpoint keeps them.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import orjson
from safetensors import SafetensorError
from safetensors.numpy import load, save

from segue.errors import CheckpointError
from segue.model.text_encoder import PACKAGE

if TYPE_CHECKING:
    from segue.model.minilm import SentenceNetwork

Arrays = dict[str, npt.NDArray[Any]]

_FORMAT = "segue-text-difference-1"


def difference_of(network: SentenceNetwork) -> Arrays:
    """Return what a fine-tuned network has that the package's has not, by parameter, half precision."""
    from segue.model.minilm import packaged_parameters  # noqa: PLC0415 - torch only where there is a network

    before = packaged_parameters()
    after = {name: values.detach().float().cpu() for name, values in network.state_dict().items()}
    changed = {name: (values - before[name]).numpy().astype(np.float16) for name, values in sorted(after.items())}
    return {name: values for name, values in changed.items() if np.any(values)}


def difference_bytes(difference: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Return the file's content; the same difference gives the same bytes."""
    arrays = {name: np.ascontiguousarray(values, np.float16) for name, values in sorted(difference.items())}
    return save(arrays, metadata={"base": base_digest(), "format": _FORMAT})


def difference_from(content: bytes) -> Arrays:
    """Return the difference that a file holds. Raises CheckpointError where it is damaged or to other weights."""
    try:
        arrays, metadata = load(content), _metadata(content)
    except (SafetensorError, ValueError, struct.error) as error:
        raise CheckpointError(f"the text encoder's difference holds no arrays: {error}") from error
    if metadata.get("format") != _FORMAT:
        raise CheckpointError(f"the text encoder's difference is foreign: its format is {metadata.get('format')!r}")
    if metadata.get("base") != base_digest():
        raise CheckpointError(
            f"the text encoder's difference is to other weights than the installed {PACKAGE}'s; "
            "install the version that the checkpoint was made with"
        )
    return dict(arrays)


@cache
def base_digest() -> str:
    """Return the SHA-256 of the package's parameters."""
    from segue.model.minilm import packaged_weights  # noqa: PLC0415 - the same

    return sha256(packaged_weights().read_bytes()).hexdigest()


def _metadata(content: bytes) -> dict[str, str]:
    """Return the metadata of a safetensors file: its header is JSON after eight bytes of length."""
    (length,) = struct.unpack_from("<Q", content)
    header: dict[str, Any] = orjson.loads(content[8 : 8 + length])
    return dict(header.get("__metadata__") or {})
