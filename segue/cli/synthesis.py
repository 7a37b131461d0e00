"""`segue synthesise`: dialogues made from a dataset's playlists, with progress.

Knows options and printing, no words.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from segue.errors import EndpointError

if TYPE_CHECKING:
    from segue.dataset import Dialogue
    from segue.training.synthesis.endpoint import EndpointWriter
    from segue.training.synthesis.variety import Variety

app = typer.Typer()


@app.command("synthesise")
def synthesise_command(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="Dataset folder.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Dialogues to write, .jsonl or .jsonl.gz.")],
    count: Annotated[int, typer.Option(min=1, help="Number of dialogues.")] = 1_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same dialogues.")] = 1,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only what was in playlists before this day, UTC."),
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option(metavar="URL", help="Base of an OpenAI-compatible endpoint that writes the words.")
    ] = None,
    model: Annotated[str | None, typer.Option(metavar="NAME", help="The endpoint's model.")] = None,
    key_file: Annotated[Path | None, typer.Option(metavar="FILE", help="File that holds the endpoint's key.")] = None,
    at_once: Annotated[int, typer.Option(min=1, max=256, help="Requests to the endpoint at a time.")] = 4,
    timeout: Annotated[float, typer.Option(min=0.1, help="Most seconds for one request.")] = 60.0,
) -> None:
    """Make dialogues from playlists and catalogue, from templates or through a language model's endpoint."""
    from segue.dataset import Dataset
    from segue.session import to_ms
    from segue.training.synthesis.dialogues import synthesise, write_dialogues
    from segue.training.synthesis.variety import Variety

    if not out.name.endswith((".jsonl", ".jsonl.gz")):
        raise typer.BadParameter(f"{out} ends neither in .jsonl nor in .jsonl.gz", param_hint="--out")
    if (endpoint is None) != (model is None):
        raise typer.BadParameter("--endpoint and --model go together")
    until_ms = None if until is None else to_ms(until.replace(tzinfo=UTC))
    variety, started = Variety(), time.monotonic()
    with ExitStack() as stack:
        writer = None
        if endpoint is not None and model is not None:
            writer = stack.enter_context(_endpoint_writer(endpoint, model, key_file, at_once, timeout))
        dialogues = synthesise(Dataset.open(dataset), count, seed, until_ms, writer=writer)
        written = write_dialogues(out, _counted(dialogues, count, variety))
    typer.echo(f"{out} is written.")
    figures = {
        "dialogues": written,
        "turns": variety.utterances,
        "distinct_2": round(variety.distinct_2, 4),
        "repeated_share": round(variety.repeated_share, 4),
        "from_endpoint": 0 if writer is None else writer.from_endpoint,
        "fell_back": 0 if writer is None else writer.fell_back,
        "seconds": round(time.monotonic() - started, 2),
    }
    typer.echo(orjson.dumps(figures).decode())


def _endpoint_writer(url: str, model: str, key_file: Path | None, at_once: int, timeout: float) -> EndpointWriter:
    from segue.training.synthesis.endpoint import Endpoint, EndpointWriter

    key = None if key_file is None else _key(key_file)
    return EndpointWriter(Endpoint(url, model, key, timeout_seconds=timeout, at_once=at_once))


def _key(path: Path) -> str:
    """Read the key; it is shown nowhere."""
    try:
        key = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise EndpointError(f"{path} cannot be read as the endpoint's key: {error}") from error
    if not key.isascii() or not key.isprintable() or not key:
        raise EndpointError(f"{path} holds no key: one line of printable ASCII is expected")
    return key


def _counted(dialogues: Iterable[Dialogue], count: int, variety: Variety) -> Iterator[Dialogue]:
    """Pass dialogues on, count their words, and show how many are done; without a terminal nothing is shown."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console, disable=not console.is_terminal
    ) as progress:
        for dialogue in progress.track(dialogues, total=count, description="Writing dialogues"):
            for turn in dialogue.turns:
                variety.hear(turn.text)
            yield dialogue
