"""`segue codebooks`: what a checkpoint's codes stand for, as a table. Knows printing, no vectors."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from segue.tokens.census import Census
    from segue.tokens.codebook import Codebook
    from segue.tokens.codebooks import Codebooks

app = typer.Typer()

_SHOWN = 8


@app.command("codebooks")
def show_codebooks(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="Checkpoint folder.")],
    modality: Annotated[
        str | None, typer.Option(help="Show every code of one modality: playlist, tags, metadata, lyrics or audio.")
    ] = None,
) -> None:
    """Show the codes of a checkpoint's tracks: names, sizes, cohesion, and how well they are spread."""
    from segue.model.checkpoint import Checkpoint
    from segue.tokens.census import census
    from segue.tokens.content import MODALITIES

    if modality is not None and modality not in MODALITIES:
        raise typer.BadParameter(f"{modality} is none of {', '.join(MODALITIES)}", param_hint="--modality")
    read = Checkpoint.load(checkpoint)
    counted = census(read.codebooks, read.index.codes)
    console = Console()
    console.print(_overview(read.codebooks, counted))
    for name in (modality,) if modality else MODALITIES:
        if read.codebooks.books[name].absent:
            console.print(_codes(read.codebooks.books[name], None if modality else _SHOWN))
    console.print(
        f"{counted.tracks:,} tracks; {counted.collision_share:.2%} share all codes with another, "
        f"at most {counted.largest_collision:,} tracks at a time."
    )
    typer.echo(orjson.dumps(asdict(counted)).decode())


def _overview(books: Codebooks, counted: Census) -> Table:
    table = Table("modality", box=None, pad_edge=False)
    for column in ("codes", "mean size", "largest", "balance", "cohesion", "absent"):
        table.add_column(column, justify="right")
    table.add_column("vectors")
    for name, spread in counted.modalities.items():
        book = books.books[name]
        tracks = sum(fact.size for fact in book.facts) or 1
        cohesion = sum(fact.size * fact.cohesion for fact in book.facts) / tracks
        table.add_row(
            name,
            f"{spread.codes:,}",
            f"{spread.mean:,.1f}",
            f"{spread.largest:,}",
            f"{spread.balance:.3f}",
            f"{cohesion:.3f}",
            f"{spread.absent_share:.1%}",
            _vectors(book),
        )
    return table


def _codes(book: Codebook, most: int | None) -> Table:
    """Return the codes by falling size; the largest `most` of them."""
    order = sorted(range(book.absent), key=lambda code: (-book.facts[code].size, code))
    shown = order if most is None else order[:most]
    title = f"{book.modality}, {len(shown):,} of {book.absent:,} codes"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in ("code", "size", "cohesion"):
        table.add_column(column, justify="right")
    table.add_column("name", overflow="fold")
    for code in shown:
        fact = book.facts[code]
        table.add_row(str(code), f"{fact.size:,}", f"{fact.cohesion:.3f}", Text(fact.name))
    return table


def _vectors(book: Codebook) -> str:
    if book.modality == "playlist":
        return "company in playlists"
    return "acoustic features" if book.modality == "audio" else getattr(book.transform, "name", "")
