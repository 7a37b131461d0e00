"""`segue evaluate conversation`: constraints, grounding, faithful reasons and steering in the invented world.

Knows options; `segue/evaluation/conversation_figures.py` measures. The group of commands is in `evaluation.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segue.cli.progress import print_figures


def evaluate_conversation(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="Dataset folder; its dialogues are talked on.")],
    checkpoint: Annotated[Path, typer.Option(metavar="FOLDER", help="The checkpoint that answers.")],
    replies: Annotated[int, typer.Option(min=1, help="Replies that are searched for tracks of other lists.")] = 10_000,
    cases: Annotated[int, typer.Option(min=8, help="Turns with constraints; a quarter as many for the rest.")] = 400,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same turns.")] = 1,
) -> None:
    """Go on with dialogues, and count whether constraints hold, replies name only their list, and reasons matter."""
    from segue.dataset import Dataset
    from segue.errors import DatasetError
    from segue.evaluation.conversation_figures import conversation_figures
    from segue.model.recommender import Recommender

    dialogues = list(Dataset.open(dataset).dialogues())
    if not any(len(dialogue.turns) > 1 for dialogue in dialogues):
        raise DatasetError(f"{dataset} holds no dialogue of two turns to go on with")
    print_figures(**conversation_figures(Recommender.load(checkpoint), dialogues, seed, replies, cases))
