"""What an evaluation has found so far, on disk: one that is cut off goes on from there when it is started again.

A folder belongs to one task, one set of options and one state of this program (`digest`), so that nothing is taken over
from another. Files are written whole or not at all. Knows names, JSON values and arrays, not what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import orjson

from segue.errors import DatasetError

# What decides about results; the command line, the client and the simulator do not.
_SOURCES = ("*.py", "cooccurrence/*.py", "evaluation/**/*.py", "model/*.py", "tokens/*.py", "training/**/*.py")

Arrays = Mapping[str, npt.NDArray[Any]]


class Notes:
    """Values by topic and key, and arrays by name. Without a `folder` they last as long as the process."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._topics: dict[str, dict[str, Any]] = {}
        self._arrays: dict[str, Arrays] = {}

    def read(self, topic: str, key: str) -> Any | None:
        """Return a noted value, None where there is none."""
        return self._topic(topic).get(key)

    def write(self, topic: str, key: str, value: Any) -> None:
        """Note a value that JSON can hold."""
        values = self._topic(topic)
        values[key] = value
        if self._folder is not None:
            self._replace(f"{_file_name(topic)}.json", orjson.dumps(values, option=orjson.OPT_INDENT_2))

    def once(self, topic: str, key: str, make: Callable[[], Any]) -> Any:
        """Return what is noted; what is not is made, and noted."""
        if (value := self.read(topic, key)) is None:
            value = make()
            self.write(topic, key, value)
        return value

    def read_arrays(self, name: str) -> Arrays | None:
        """Return noted arrays, None where there are none or what lies there is damaged."""
        if self._folder is None:
            return self._arrays.get(name)
        try:
            with np.load(self._folder / f"{_file_name(name)}.npz") as stored:
                return {key: stored[key] for key in stored.files}
        except (OSError, EOFError, ValueError, BadZipFile):
            return None

    def write_arrays(self, name: str, arrays: Arrays) -> None:
        """Note arrays."""
        self._arrays[name] = arrays
        if self._folder is not None:
            self._replace(f"{_file_name(name)}.npz", arrays)

    def _topic(self, topic: str) -> dict[str, Any]:
        if topic not in self._topics:
            self._topics[topic] = {} if self._folder is None else _values(self._folder / f"{_file_name(topic)}.json")
        return self._topics[topic]

    def _replace(self, name: str, contents: bytes | Arrays) -> None:
        assert self._folder is not None, "only what has a folder writes"
        partial = self._folder / f".{name}.partial"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                if isinstance(contents, bytes):
                    file.write(contents)
                else:
                    np.savez_compressed(file, allow_pickle=False, **dict(contents))
            partial.replace(self._folder / name)
        except OSError as error:
            raise DatasetError(f"cannot keep results in {self._folder}: {error}") from error


def digest(parts: Sequence[object]) -> str:
    """Return a name for what results depend on: these parts, by their repr, and the program that makes them."""
    sought = sha256(repr(tuple(parts)).encode())
    package = Path(__file__).parents[1]
    for path in sorted({path for pattern in _SOURCES for path in package.glob(pattern)}):
        sought.update(path.read_bytes())
    return sought.hexdigest()[:12]


def _values(path: Path) -> dict[str, Any]:
    try:
        values = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return values if isinstance(values, dict) else {}


def _file_name(name: str) -> str:
    return name.replace(" ", "-")
