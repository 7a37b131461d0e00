"""The files of a checkpoint folder, checked against its manifest. Knows names and digests, not what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy.typing as npt
import orjson
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays

from segue.errors import CheckpointError

FORMAT = "segue-checkpoint-2"
MANIFEST = "manifest.json"
_VERSION_DIGITS = 12

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a checkpoint folder, each checked against the manifest when it is opened."""

    folder: Path
    contents: Mapping[str, bytes]
    version: str

    @classmethod
    def open(cls, folder: Path) -> Files:
        """Read every file. Raises CheckpointError that names the one that is missing, damaged or foreign."""
        manifest = _manifest(folder)
        contents = {}
        for name, digest in manifest["files"].items():
            contents[name] = _read(folder / name)
            if sha256(contents[name]).hexdigest() != digest:
                raise CheckpointError(f"{folder / name} is damaged: its SHA-256 is not the manifest's; copy it again")
        return cls(folder, contents, manifest["version"])

    def json(self, name: str) -> Any:
        """Return what a file of JSON holds. Raises CheckpointError."""
        try:
            return orjson.loads(self.content(name))
        except orjson.JSONDecodeError as error:
            raise CheckpointError(f"{self.folder / name} is not JSON: {error}") from error

    def arrays(self, stem: str) -> Arrays:
        """Return the arrays of a file by name. Raises CheckpointError."""
        name = f"{stem}.safetensors"
        try:
            return load_arrays(self.content(name))
        except (SafetensorError, ValueError) as error:
            raise CheckpointError(f"{self.folder / name} holds no arrays: {error}") from error

    def content(self, name: str) -> bytes:
        """Return a file's bytes. Raises CheckpointError where the manifest does not name it."""
        if name not in self.contents:
            raise CheckpointError(f"{self.folder / MANIFEST} does not name {name}; the checkpoint is incomplete")
        return self.contents[name]


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = orjson.loads(_read(path))
    except orjson.JSONDecodeError as error:
        raise CheckpointError(f"{path} is damaged: {error}") from error
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found != FORMAT:
        raise CheckpointError(f"{path} is foreign: its format is {found!r}, this program reads {FORMAT!r}")
    files = manifest.get("files")
    if not isinstance(files, dict) or manifest.get("version") != version_of(files):
        raise CheckpointError(f"{path} is damaged: its version is not that of its files; copy the checkpoint again")
    if foreign := [name for name in files if Path(name).name != name]:
        raise CheckpointError(f"{path} names {foreign[0]!r}, which is no file of the folder")
    return dict(manifest)


def version_of(digests: Mapping[str, str]) -> str:
    """Return the version of a checkpoint whose files have these digests, by name."""
    return sha256(orjson.dumps(digests, option=orjson.OPT_SORT_KEYS)).hexdigest()[:_VERSION_DIGITS]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}; is {path.parent} a checkpoint folder?") from error
