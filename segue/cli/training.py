"""`segue train`: checkpoints made, with progress. Knows options and printing, no model."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

DatasetArgument = Annotated[Path, typer.Argument(metavar="DATASET", help="Dataset folder.")]
Until = Annotated[
    datetime | None,
    typer.Option("--until", formats=["%Y-%m-%d"], help="Learn only from what happened before this day, UTC."),
]


@app.command("train")
def train_command(
    dataset: DatasetArgument,
    out: Annotated[Path, typer.Option("--out", metavar="CHECKPOINT", help="Checkpoint folder to write.")],
    until: Until = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="Most minutes for the decoder's training.")] = 15.0,
    epochs: Annotated[int, typer.Option(min=1, help="Most passes over the data.")] = 30,
    seed: Annotated[int, typer.Option(help="The same seed gives the same checkpoint.")] = 1,
    width: Annotated[int, typer.Option(min=64, help="Width of the decoder, a multiple of 64.")] = 256,
    layers: Annotated[int, typer.Option(min=1, max=24, help="Layers of the decoder.")] = 4,
    dialogues: Annotated[
        int, typer.Option(min=0, help="Dialogues to make up from playlists, beside the real ones.")
    ] = 0,
    most_codes: Annotated[int, typer.Option(min=2, max=4096, help="Most codes of a modality.")] = 512,
    text_epochs: Annotated[
        float, typer.Option(min=0.0, help="Passes over the dialogues to fine-tune the text encoder; 0 leaves it out.")
    ] = 1.5,
) -> None:
    """Train a recommender on a dataset folder and write a checkpoint folder."""
    from segue.cli.progress import TrainingProgress, print_figures
    from segue.dataset import Dataset
    from segue.tokens.fitting import CodebookRules
    from segue.training.corpus import TrainingRules
    from segue.training.distributed import Peers
    from segue.training.loop import LoopRules
    from segue.training.text_tuning import TextTuningRules
    from segue.training.train import train

    if width % 64:
        raise typer.BadParameter(f"{width} is no multiple of 64", param_hint="--width")
    rules = TrainingRules(
        until=None if until is None else until.replace(tzinfo=UTC),
        width=width,
        layers=layers,
        synthetic_dialogues=dialogues,
        codebooks=CodebookRules(most_codes=most_codes, seed=seed),
        loop=LoopRules(epochs=epochs, minutes=minutes, seed=seed),
        tuning=TextTuningRules(epochs=text_epochs) if text_epochs else None,
    )
    started = time.monotonic()
    with Peers.joined() as peers, TrainingProgress(shown=peers.leads) as watch:
        checkpoint = train(Dataset.open(dataset), out, rules, watch, peers)
    if not peers.leads:
        return
    reached = checkpoint.metrics["validation"]
    typer.echo(f"{out} is written.")
    print_figures(
        version=checkpoint.version,
        training_minutes=round((time.monotonic() - started) / 60, 2),
        megabytes=round(sum(path.stat().st_size for path in out.iterdir()) / 1e6, 2),
        epochs=len(checkpoint.metrics["epochs"]),
        **{f"validation_hit10_{name}": round(metrics["hit10"], 4) for name, metrics in reached.items()},
    )
