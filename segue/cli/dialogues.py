"""`segue evaluate cpcd`: recorded dialogues, BM25 to the whole of Segue, with progress.

Knows options and printing; `segue/evaluation/dialogues/` does the measuring. The group of commands is in
`segue/cli/evaluation.py`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from segue.cli.progress import TrainingProgress, print_figures


def evaluate_cpcd(
    train: Annotated[Path, typer.Option("--train", metavar="FILE", help="Dialogues to learn from, in CPCD's schema.")],
    test: Annotated[
        Path | None,
        typer.Option("--test", metavar="FILE", help="Dialogues to test on; without it, five folds of --train."),
    ] = None,
    catalog: Annotated[
        Path | None,
        typer.Option(
            "--catalog", metavar="FILE", help="More tracks that compete, one a line, beside the dialogues' own."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the whole report here, JSON.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, max=5, help="Folds at once, each on a core of its own.")] = 1,
    epochs: Annotated[
        float, typer.Option(min=0.01, help="Passes over the dialogues in fine-tuning the text encoder.")
    ] = 1.5,
    seed: Annotated[int, typer.Option(help="The same seed gives the same figures.")] = 1,
) -> None:
    """Rank at every turn of recorded dialogues, and look whether what the listener still wanted is on top.

    Systems learn from --train alone; of --test nothing but its tracks is known to them.
    """
    from segue.evaluation.dialogues.learned import ConversationRules
    from segue.evaluation.dialogues.questions import read_conversations
    from segue.evaluation.dialogues.report import by_turn, figures, table
    from segue.evaluation.dialogues.run import measure_all
    from segue.training.spoken import SpokenRules

    rules = ConversationRules(seed=seed)
    rules = replace(rules, tuning=replace(rules.tuning, epochs=epochs, seed=seed), decoder=SpokenRules(seed=seed))
    with TrainingProgress() as watch:
        watch.phase("Reading the dialogues")
        pairs = read_conversations(train, test, catalog)
        reached = measure_all(pairs, rules, watch, processes)
    systems, turns, found = table(reached), by_turn(reached), figures(reached)
    if out is not None:
        _write(out, {"systems": systems, "hit10_by_turn": turns, "chosen": dict(reached.chosen), "figures": found})
    _print_table(systems)
    _print_turns(turns)
    for name, chosen in reached.chosen.items():
        typer.echo(f"{name}: {chosen}")
    print_figures(**found)


def _print_table(systems: dict[str, dict[str, dict[str, float]]]) -> None:
    from rich.console import Console
    from rich.table import Table

    columns = [(part, metric) for part in ("first", "last", "all", "now") for metric in ("hit10", "mrr", "hit100")]
    shown = Table("system", *(f"{part} {metric}" for part, metric in columns))
    for name, parts in systems.items():
        shown.add_row(name, *(_cell(parts[part].get(metric)) for part, metric in columns))
    Console().print(shown)


def _print_turns(turns: dict[str, dict[str, float]]) -> None:
    from rich.console import Console
    from rich.table import Table

    numbers = list(dict.fromkeys(turn for each in turns.values() for turn in each))
    shown = Table("hit10 by turn", *numbers)
    for name, each in turns.items():
        shown.add_row(name, *(_cell(each.get(turn)) for turn in numbers))
    Console().print(shown)


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _write(out: Path, report: dict[str, Any]) -> None:
    from segue.errors import DatasetError

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
    except OSError as error:
        raise DatasetError(f"cannot write the report to {out}: {error}") from error
