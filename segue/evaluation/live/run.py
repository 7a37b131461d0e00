"""The evaluation from end to end: edits in, a report out. Knows every part of it, prints nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from threadpoolctl import threadpool_limits

from segue.errors import DatasetError
from segue.evaluation.live.choosing import DEVELOPMENT_DAYS, choose_served, choose_simple
from segue.evaluation.live.edits import EditLog, midnight, read_log, write_training
from segue.evaluation.live.prequential import Setting, predict
from segue.evaluation.live.report import report
from segue.evaluation.live.walk import core_playlists
from segue.model.checkpoint import Checkpoint
from segue.tokens.fitting import CodebookRules
from segue.training.corpus import TrainingRules
from segue.training.loop import LoopRules
from segue.training.train import train
from segue.training.watch import Watch

DEFAULT_CUT = date(2021, 1, 1)


@dataclass(frozen=True, slots=True)
class Files:
    """Which edits are read and where they are cut: `test` goes on where `train` ends, and is cut at its first day.

    Without `cut` and `test` the cut is DEFAULT_CUT. `names` is beside the edits where nothing else is said.
    """

    train: Path
    test: Path | None = None
    names: Path | None = None
    cut: date | None = None


@dataclass(frozen=True, slots=True)
class ModelRules:
    """How the model is trained: `minutes` bound the decoder's training; `checkpoint` is a folder to read instead."""

    minutes: float = 1.5
    width: int = 128
    layers: int = 2
    most_codes: int = 512
    seed: int = 1
    checkpoint: Path | None = None


def evaluate(files: Files, rules: ModelRules, work: Path, watch: Watch) -> dict[str, Any]:
    """Train on what lies before the cut, predict what comes after it, and return the report; `work` is a folder.

    Raises DatasetError where the files cannot be read, or hold too little before or nothing after the cut.
    """
    with threadpool_limits(limits=1):
        watch.phase("Reading edits")
        log, cut = read_log(files.train, files.test, files.names, files.cut or (None if files.test else DEFAULT_CUT))
        _check(log, cut)
        checkpoint = _checkpoint(log, cut, rules, work, watch)
        watch.phase("Choosing days and powers")
        simple = choose_simple(log, cut)
        checkpoint = served_with(checkpoint, simple.live.days)
        watch.phase("Choosing weights")
        served = choose_served(log, cut, checkpoint, simple.live, rules.seed, watch)
        watch.phase("Predicting")
        setting = Setting(log, cut, checkpoint, simple, served, CodebookRules(seed=rules.seed))
        outcome = predict(setting, log.batches[-1].day + 1, watch)
    measured = report(outcome, log, cut)
    measured["task"] |= {
        "train": str(files.train),
        "test": None if files.test is None else str(files.test),
        "cut": midnight(cut).date().isoformat(),
        "names_known": len(log.names),
    }
    measured["chosen"] = {
        "simple": asdict(simple),
        "served": asdict(served),
        "live": msgspec.to_builtins(checkpoint.codebooks.live),
    }
    return measured


def served_with(checkpoint: Checkpoint, days: float) -> Checkpoint:
    """Return the checkpoint with neighbours that fade by 1/e in some days when they are served live."""
    live = msgspec.structs.replace(checkpoint.codebooks.live, neighbour_days=days, list_days=days)
    return replace(checkpoint, codebooks=replace(checkpoint.codebooks, live=live))


def _check(log: EditLog, cut: int) -> None:
    first = cut - DEVELOPMENT_DAYS
    day = midnight(cut).date()
    if not any(batch.added for batch in log.batches if batch.day < first):
        raise DatasetError(f"nothing was added before {midnight(first).date()}: learning needs more before {day}")
    core = core_playlists(log, cut)
    if not any(batch.added and batch.playlist_id in core for batch in log.batches if batch.day >= cut):
        raise DatasetError(f"no playlist that existed before {day} and is no chart gained a track from then on")


def _checkpoint(log: EditLog, cut: int, rules: ModelRules, work: Path, watch: Watch) -> Checkpoint:
    if rules.checkpoint is not None:
        return Checkpoint.load(rules.checkpoint)
    before = log.before(cut)
    dataset = write_training(before, work / "dataset")
    added = [batch.day for batch in before.batches for _ in batch.added]
    share = sum(day >= cut - DEVELOPMENT_DAYS for day in added) / len(added)
    training = TrainingRules(
        until=midnight(cut),
        width=rules.width,
        layers=rules.layers,
        # The decoder learns from nothing that weights are chosen on.
        validation_share=min(0.5, max(0.01, share)),
        codebooks=CodebookRules(most_codes=rules.most_codes, seed=rules.seed),
        loop=LoopRules(minutes=rules.minutes, seed=rules.seed),
    )
    train(dataset, work / "checkpoint", training, watch)
    # As it is read from the folder: what half precision keeps.
    return Checkpoint.load(work / "checkpoint")
