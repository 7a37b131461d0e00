"""The real dataset and its checkpoint in the work folder: imported and trained once, and again when anything changed.

Knows `segue import` and `segue train` as commands, so that their memory is free again before the stack starts.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from rich.console import Console

from deploy.local.config import ROOT
from segue.dataset import Dataset
from segue.errors import StackError

# What a dataset and a checkpoint depend on beside the source: the code that makes them.
CODE = (
    "segue/*.py",
    "segue/importers/*.py",
    "segue/tokens/*.py",
    "segue/model/*.py",
    "segue/training/*.py",
    "segue/evaluation/*.py",
)
RECORD = "made-of.json"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the stack is started with; `reused` tells that a run before made it of the same."""

    dataset: Dataset
    checkpoint: Path
    reused: bool


def prepare(source: Path, work: Path, cut: datetime, minutes: float, console: Console) -> Prepared:
    """Import and train, unless both were done before with the same source, code and options.

    Raises StackError when the source cannot be read or one of the steps fails.
    """
    dataset, checkpoint = work / "dataset", work / "checkpoint"
    made_of = {"source": _digest(_source_files(source)), "code": _digest(_code_files()), "minutes": minutes}
    reused = _known(work / RECORD) == made_of and checkpoint.is_dir()
    if reused:
        console.print(f"nothing changed since the last run: {dataset} and {checkpoint} are used again", soft_wrap=True)
    else:
        (work / RECORD).unlink(missing_ok=True)
        work.mkdir(parents=True, exist_ok=True)
        _segue("import", "playlist-archive", str(source), str(dataset))
        console.print(f"training on what happened before {cut:%Y-%m-%d}, for at most {minutes:g} minutes")
        options = ("--until", f"{cut:%Y-%m-%d}", "--minutes", f"{minutes:g}")
        _segue("train", str(dataset), "--out", str(checkpoint), *options)
        (work / RECORD).write_text(json.dumps(made_of, indent=1))
    return Prepared(Dataset.open(dataset), checkpoint, reused)


def _segue(*arguments: str) -> None:
    """Run a command of the program `segue` with this process's output."""
    command = (str(Path(sys.prefix) / "bin" / "segue"), *arguments)
    try:
        ended = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
    except OSError as error:
        raise StackError(f"segue {arguments[0]} cannot be started: {error}; run make setup") from error
    if ended.returncode:
        raise StackError(f"segue {' '.join(arguments)} ended with exit code {ended.returncode}; it says why above")


def _source_files(source: Path) -> Iterator[Path]:
    if not source.is_dir():
        raise StackError(f"{source} is no folder; name the one that holds playlists.jsonl and playlist_edits.jsonl")
    yield from sorted(source.glob("playlist*.jsonl*"))


def _code_files() -> Iterator[Path]:
    for pattern in CODE:
        yield from sorted(ROOT.glob(pattern))


def _digest(files: Iterator[Path]) -> str:
    digest = sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _known(record: Path) -> Mapping[str, object] | None:
    try:
        known: Mapping[str, object] = json.loads(record.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return known
