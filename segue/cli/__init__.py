"""The program `segue`: the commands of each module beside this one, at one level.

A module has its own `app = typer.Typer()` and is added in one line. It must be cheap to import: what needs numpy,
torch, gRPC or the topics is imported in the command that uses it, so that `segue --help` stays instant.
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from segue.cli import backtest, client, codebooks, data, evaluation, replay, status, synthesis, training
from segue.errors import SegueError
from segue.printable import in_lines


class _OneSentence(TyperGroup):
    """Turns an error that Segue raises on purpose into one sentence on stderr and exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except SegueError as error:
            typer.echo(in_lines(f"segue: {error}"), err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=_OneSentence,
    help="Segue, a streaming, conversational music recommender.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(data.app)
app.add_typer(client.app)
app.add_typer(replay.app)
app.add_typer(backtest.app)
app.add_typer(status.app)
app.add_typer(training.app)
app.add_typer(evaluation.app)
app.add_typer(synthesis.app)
app.add_typer(codebooks.app)
