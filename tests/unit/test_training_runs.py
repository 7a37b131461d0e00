"""A training run as a whole: interrupted, resumed, spread over processes, and the same in the end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
import pytest
import torch

from segue.dataset import write_dataset
from segue.model.checkpoint import Checkpoint
from segue.model.decoder import Decoder
from segue.tokens.histories import playlist_history
from segue.training.loop import LoopRules, Trainer
from segue.training.run_state import RunFile
from segue.training.watch import Silence
from tests.unit import tiny_model

PROGRAM = str(Path(sys.executable).with_name("segue"))
ROWS = {track.track_id: row for row, track in enumerate(tiny_model.tracks())}
HISTORIES = [playlist_history(playlist, ROWS) for playlist in tiny_model.playlists(30)]


class Interrupted(Exception):
    """The power went."""


class Interruption(Silence):
    """A watch in whose hearing the run ends after so many steps."""

    def __init__(self, after: int) -> None:
        self._left = after

    def step(self, done: int, of: int, loss: float, tracks_per_second: float) -> None:  # noqa: ARG002
        self._left -= 1
        if self._left < 0:
            raise Interrupted


def trained(run: RunFile | None = None, watch: Silence | None = None) -> dict[str, torch.Tensor]:
    checkpoint = tiny_model.checkpoint()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    decoder = Decoder(checkpoint.config)
    code_rows = checkpoint.index.codes + np.array(checkpoint.config.code_offsets)
    rules = LoopRules(epochs=4, patience=99, tracks_a_batch=80, accumulate=2)
    trainer = Trainer(decoder, HISTORIES, code_rows, rules, run=run)
    trainer.run(lambda measured: {"hit10": float(measured.norm.weight.sum()), "mrr": 0.0}, watch or Silence())
    return decoder.state_dict()


def test_an_interrupted_run_goes_on_and_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    run = RunFile.beside(tmp_path / "checkpoint", "this run")
    with pytest.raises(Interrupted):
        trained(run, Interruption(after=5))
    interrupted = run.read()
    assert interrupted is not None
    assert 0 < interrupted.epoch < 4
    whole, resumed = trained(), trained(run)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_what_another_run_left_or_what_is_damaged_counts_for_nothing(tmp_path: Path) -> None:
    run = RunFile.beside(tmp_path / "checkpoint", "this run")
    assert run.read() is None
    trained(run)
    assert RunFile(run.path, "another run").read() is None
    run.path.write_bytes(run.path.read_bytes()[:1000])
    assert run.read() is None
    run.remove()
    assert list(tmp_path.iterdir()) == []


def test_two_processes_train_one_checkpoint(tmp_path: Path) -> None:
    write_dataset(tmp_path / "data", tiny_model.tracks(), tiny_model.playlists(40))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", PROGRAM, "train"]
    options = ["--out", "checkpoint", "--epochs", "2", "--width", "64", "--layers", "1"]
    done = subprocess.run([*command, "data", *options], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = [orjson.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(figures) == 1
    assert Checkpoint.load(tmp_path / "checkpoint").version == figures[0]["version"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
