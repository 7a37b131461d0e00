"""All codebooks of a simulated catalogue at the size of the Million Playlist Dataset, streamed from disk.

Writes the dataset folder first, which does not count, into a temporary folder that is removed; then fits, and ends with
one line of JSON: minutes, and the peak of the resident memory of all processes together.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import psutil
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bench.catalogue_at_scale import Catalogue, Scale
from bench.memory import resident
from segue.dataset import Dataset
from segue.model.text_encoder import PackagedEncoder
from segue.tokens.census import census
from segue.tokens.large import LargeRules, fit_large
from segue.tokens.text import TextEncoder

TARGETS = {"codebook_minutes": 45.0, "codebook_peak_gb": 14.0}
_SAMPLE_SECONDS = 0.5


def measure(
    scale: Scale, seed: int, processes: int = 2, encoder: TextEncoder | None = None, temporary: Path | None = None
) -> dict[str, Any]:
    """Simulate, fit, and return the figures; without an encoder, all texts are lexical."""
    with tempfile.TemporaryDirectory(prefix="segue-codebooks-", dir=temporary) as folder, _progress() as progress:
        catalogue = Catalogue(scale, seed)
        dataset_folder, work_folder = Path(folder) / "dataset", Path(folder) / "work"
        work_folder.mkdir()
        entries = catalogue.write(dataset_folder, _Rows(progress))
        phases = _Phases(progress)
        with _peak() as peak:
            books, codes = fit_large(
                Dataset.open(dataset_folder), work_folder, LargeRules(processes=processes), phases, encoder
            )
            phases("")
        counted = census(books, codes)
    return {
        "tracks": len(codes),
        "playlists": scale.of(1_000_000),
        "entries": entries,
        "processes": processes,
        "phase_minutes": phases.minutes,
        "codes": {modality: book.absent for modality, book in books.books.items()},
        "encoders": {modality: getattr(book.transform, "name", modality) for modality, book in books.books.items()},
        "balance": {modality: each.balance for modality, each in counted.modalities.items()},
        "collision_share": counted.collision_share,
        "codebook_minutes": round(sum(phases.minutes.values()), 3),
        "codebook_peak_gb": round(peak[0] / 1e9, 3),
    }


def main() -> None:
    """Run as `python -m bench.codebooks`; with `--check`, a missed target is exit code 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the Million Playlist Dataset's size")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--temporary", type=Path, help="where to make the temporary folder; full scale takes 20 GB")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a target is missed")
    options = parser.parse_args()
    figures = measure(Scale(options.scale), options.seed, options.processes, PackagedEncoder(), options.temporary)
    print(orjson.dumps(figures).decode())
    if options.check and any(figures[name] > most for name, most in TARGETS.items()):
        raise SystemExit(1)


class _Phases:
    """Shows what begins, and keeps how long each phase took, in minutes."""

    def __init__(self, progress: Progress) -> None:
        self.minutes: dict[str, float] = {}
        self._progress = progress
        self._name = ""
        self._began = time.monotonic()

    def __call__(self, name: str) -> None:
        now = time.monotonic()
        if self._name:
            self.minutes[self._name] = round((now - self._began) / 60, 3)
            self._progress.console.print(f"{self._name}: {now - self._began:,.1f} s")
        self._name, self._began = name, now


class _Rows:
    """Shows how many rows are written."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, Any] = {}

    def __call__(self, what: str, done: int, of: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=of)
        self._progress.update(self._tasks[what], completed=done)


@contextmanager
def _peak() -> Iterator[list[int]]:
    """Watch the resident memory of this process and its descendants; the list's one number is the highest sum seen."""
    peak, ended = [0], threading.Event()

    def watch() -> None:
        own = {"own": psutil.Process().pid}
        while not ended.wait(_SAMPLE_SECONDS):
            peak[0] = max(peak[0], sum(resident(own).values()))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()
        peak[0] = max(peak[0], sum(resident({"own": psutil.Process().pid}).values()))


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


if __name__ == "__main__":
    main()
