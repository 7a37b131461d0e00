"""`segue evaluate world`: Segue and its baselines in an invented world, against the truth, with progress.

Knows options; `segue/evaluation/world.py` does the measuring. The group of commands is in `segue/cli/evaluation.py`.
"""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from segue.cli.progress import TrainingProgress, print_figures

# Worlds are small, and steps are what they lack.
TRACKS_A_BATCH = 500


class Scale(StrEnum):
    """How large the world is."""

    SMALL = "small"
    SAMPLE = "sample"
    DEFAULT = "default"


def evaluate_world(
    scale: Annotated[
        Scale | None, typer.Option(help="Size of the world: default, or with --checkpoint sample, the bundled one's.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of the world: 8, or with --checkpoint 1, the bundled sample's.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Take Segue from here; it was trained on this very world.")
    ] = None,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Also without each modality, and untold of each kind of event.")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Of the baselines, only this one; repeatable.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Keep the world and the checkpoints here.")] = None,
    minutes: Annotated[float, typer.Option(min=0.05, help="Most minutes to train a system.")] = 15.0,
    baseline_minutes: Annotated[
        float | None, typer.Option(min=0.05, help="The same for a baseline, where that is other.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Most passes over the data.")] = 4,
    width: Annotated[int, typer.Option(min=64, help="Width of the decoder, a multiple of 64.")] = 128,
    layers: Annotated[int, typer.Option(min=1, max=24, help="Layers of the decoder.")] = 3,
    most_codes: Annotated[int, typer.Option(min=2, max=4096, help="Most codes of a modality.")] = 256,
) -> None:
    """Rank in an invented world, where the odds of each next track are known: how much of them is learned."""
    from segue.evaluation import world as evaluation
    from segue.evaluation.choosing import check_names, choose_systems
    from segue.evaluation.comparison import compare
    from segue.evaluation.conversation_figures import conversation_figures
    from segue.evaluation.hushing import EVENTS, Hushed
    from segue.evaluation.segue_system import SEGUE, Segue
    from segue.evaluation.systems import System
    from segue.evaluation.world_report import POPULARITY, world_figures
    from segue.model.recommender import Recommender
    from segue.tokens.fitting import CodebookRules
    from segue.training.corpus import TrainingRules
    from segue.training.loop import LoopRules
    from segue.world.simulate import World

    if width % 64:
        raise typer.BadParameter(f"{width} is no multiple of 64", param_hint="--width")
    check_names(only or ())
    base = TrainingRules(
        width=width,
        layers=layers,
        codebooks=CodebookRules(most_codes=most_codes),
        loop=LoopRules(epochs=epochs, tracks_a_batch=TRACKS_A_BATCH),
        tuning=None,  # in this world closeness gains nothing (docs/lab-log.md), and takes minutes to find that out
    )
    size = evaluation.SCALES[scale or (Scale.SAMPLE if checkpoint else Scale.DEFAULT)]
    chosen = seed if seed is not None else evaluation.SAMPLE_SEED if checkpoint else evaluation.EVALUATION_SEED
    with tempfile.TemporaryDirectory() if out is None else nullcontext(out) as folder, TrainingProgress() as watch:
        work = Path(folder)
        watch.phase("Inventing the world")
        world = World(size, chosen)
        task = evaluation.world_task(world, work, checkpoint)
        baselines = choose_systems(task, work, baseline_minutes or minutes, only=[*only, POPULARITY] if only else ())
        segue = Segue(task, work / "checkpoints", minutes, checkpoint, base)
        systems: list[System] = [
            segue,
            evaluation.OracleSystem(world),
            *(system for system in baselines if system.name != SEGUE),
            *((Hushed(segue, event) for event in EVENTS) if ablate else ()),
            *(evaluation.ablated(task, work / "without", minutes, base) if ablate else ()),
        ]
        comparison = compare(task, systems, [1], watch)
        watch.phase("Talking")
        talker = Recommender.load(checkpoint or work / "checkpoints" / "seed-1")
        talks = conversation_figures(talker, list(world.dialogues()), chosen)
    print_figures(**world_figures(comparison), **talks)
