"""Which systems there are, by name and in the order of tables. Knows how each is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from segue.errors import DatasetError
from segue.evaluation.baselines.als import Als
from segue.evaluation.baselines.bm25 import Bm25
from segue.evaluation.baselines.content_knn import MiniLmDense, TextVectors
from segue.evaluation.baselines.item_knn import ItemKnn
from segue.evaluation.baselines.popularity import Popularity
from segue.evaluation.baselines.session_knn import SessionKnn
from segue.evaluation.baselines.trained import bert4rec, sasrec
from segue.evaluation.kept import Notes
from segue.evaluation.segue_system import Segue
from segue.evaluation.systems import System
from segue.evaluation.task import Task

NAMES = (
    "segue",
    "popularity",
    "popularity fading",
    "item-knn",
    "session-knn",
    "als",
    "bm25",
    "minilm",
    "content-knn",
    "sasrec",
    "bert4rec",
)


def check_names(names: Sequence[str]) -> None:
    """Raise DatasetError for a name that no system has."""
    if unknown := [name for name in names if name not in NAMES]:
        raise DatasetError(f"there is no system {unknown[0]!r} to evaluate; there are {', '.join(NAMES)}")


def choose_systems(
    task: Task,
    work: Path,
    minutes: float,
    checkpoint: Path | None = None,
    only: Sequence[str] = (),
    notes: Notes | None = None,
) -> list[System]:
    """Return the systems of these names, all where none is named; `minutes` is for each trained one and seed.

    Systems whose tuning or training takes long write into `notes` what they have reached, and go on from there.
    """
    kept = notes or Notes()
    vectors: list[TextVectors] = []

    def shared() -> TextVectors:
        if not vectors:
            vectors.append(TextVectors(work))
        return vectors[0]

    makers: Mapping[str, Callable[[], System]] = {
        "segue": lambda: Segue(task, work / "checkpoints", minutes, checkpoint, notes=kept),
        "popularity": lambda: Popularity(fading=False),
        "popularity fading": lambda: Popularity(fading=True),
        "item-knn": ItemKnn,
        "session-knn": SessionKnn,
        "als": lambda: Als(notes=kept),
        "bm25": Bm25,
        "minilm": lambda: MiniLmDense(shared()),
        "content-knn": lambda: MiniLmDense(shared(), cold=True),
        "sasrec": lambda: sasrec(minutes, notes=kept),
        "bert4rec": lambda: bert4rec(minutes, notes=kept),
    }
    return [makers[name]() for name in NAMES if not only or name in only]
