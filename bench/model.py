"""The answer to one listener, from the session to tracks with reasons: `python -m bench.model`.

One session at a time, one thread: something more is played, and the recommender answers; the prompt before it has been
read. Every answer is whole: the decoder's step, the scores of all tracks in named parts, filters, the highest, reasons.
The literal form is asked about the same sessions with the same weights, by the project's own beam and by Hugging Face
`generate`. Catalogues are made up (`segue/model/simulated.py`); knows no server.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from bench import program
from bench.latencies import percentile_ms
from bench.program import Figures, Target
from segue.events import Filters
from segue.model.checkpoint import Checkpoint
from segue.model.literal import BeamSearch, LiteralRanker, literal_decoder
from segue.model.literal_generate import Generate
from segue.model.precision import fast_type, use_one_thread
from segue.model.recommender import Recommender
from segue.model.simulated import TAGS, simulated_checkpoint
from segue.ranking import Query, Ranker
from segue.session import Session, SessionEvent, SessionTurn
from services.runtime import garbage

SIZES = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000}
TARGETS = (
    Target("answer_10k_ms", 5.0),
    Target("answer_100k_ms", 6.0),
    Target("answer_1m_ms", 15.0),
    Target("generate_over_answer", 30.0, at_least=True),
)
COUNT = 10
FILTERS = Filters(exclude_heard=True, exclude_explicit=True, max_per_artist=2)
# A session has been going on for so many plays when the first answer is timed, and goes on for so many.
PLAYED, MORE = 20, 20
# As few beams as give ten tracks room; more would make the literal form slower still.
BEAMS = 20
LITERAL_ANSWERS = 20
_FINISHED = 2
_SECOND_MS = 1_000


def measure(answers: int, width: int, layers: int, console: Console) -> Figures:
    """Return median and 95th percentile of the answer for each size of catalogue, and of the literal form."""
    use_one_thread()
    figures: dict[str, float | int] = {}
    with program.progress(console) as progress:
        for name, tracks in SIZES.items():
            task = progress.add_task(f"{name} tracks", total=answers)
            checkpoint = simulated_checkpoint(tracks, width, layers)
            recommender = Recommender(checkpoint)
            garbage.settle()  # as the model server does
            seconds = list(timed(recommender, tracks, answers, partial(progress.advance, task)))
            figures |= _figures(f"answer_{name}", seconds)
            if name == "10k":
                for kind, ranker in _literal(checkpoint).items():
                    task = progress.add_task(f"literal form, {kind}", total=LITERAL_ANSWERS)
                    seconds = list(timed(ranker, tracks, LITERAL_ANSWERS, partial(progress.advance, task)))
                    figures |= _figures(kind, seconds)
    gc.unfreeze()  # or libraries that count their own objects complain at the end
    figures["generate_over_answer"] = round(figures["generate_ms"] / figures["answer_10k_ms"], 1)
    figures["parameters"] = sum(values.size for values in checkpoint.parameters.values())
    return figures


def timed(ranker: Ranker, tracks: int, answers: int, watch: Callable[[], object]) -> Iterator[float]:
    """Yield how long each answer took, in seconds; a session's first one is not counted: its prompt is new."""
    random = np.random.default_rng(7)
    counted = 0
    while counted < answers:
        for number, session in enumerate(_sessions(random, tracks, f"listener {counted}")):
            query = Query(session, now_ms=session.events[-1].time_ms, count=COUNT, filters=FILTERS)
            began = time.perf_counter()
            (ranking,) = ranker.rank([query])
            seconds = time.perf_counter() - began
            assert len(ranking.tracks) == COUNT, "every answer is a full one"
            if number and counted < answers:
                counted += 1
                watch()
                yield seconds


def _sessions(random: np.random.Generator, tracks: int, listener_id: str) -> Iterator[Session]:
    """Yield a session that said something and grows by one play at a time."""
    rows = random.choice(tracks, PLAYED + MORE + 1, replace=False)
    plays = tuple(
        SessionEvent(place * 180 * _SECOND_MS, f"e{place}", f"t{row}", _FINISHED) for place, row in enumerate(rows)
    )
    said = (SessionTurn(1, "said", f"something like tag{int(random.integers(TAGS))}"),)
    for played in range(PLAYED, PLAYED + MORE + 1):
        yield Session(listener_id, plays[:played], said)


def _literal(checkpoint: Checkpoint) -> dict[str, Ranker]:
    decoder = literal_decoder(checkpoint, fast_type())
    return {
        "own_beam": LiteralRanker(checkpoint, BeamSearch(decoder), BEAMS),
        "generate": LiteralRanker(checkpoint, Generate(decoder), BEAMS),
    }


def _figures(name: str, seconds: list[float]) -> dict[str, float]:
    return {f"{name}_ms": percentile_ms(seconds, 50), f"{name}_p95_ms": percentile_ms(seconds, 95)}


def main(
    answers: Annotated[int, typer.Option(min=20, help="answers for each size of catalogue")] = 300,
    width: Annotated[int, typer.Option(min=64, help="the decoder's width")] = 256,
    layers: Annotated[int, typer.Option(min=1, help="the decoder's layers")] = 4,
    *,
    check: Annotated[bool, typer.Option(help="exit code 1 when a target is missed")] = False,
) -> None:
    """Answer one listener at a time from catalogues of three sizes, and from the literal form."""

    def measured(console: Console) -> Figures:
        return measure(answers, width, layers, console)

    raise typer.Exit(program.run("One answer of the model", TARGETS, measured, check=check))


if __name__ == "__main__":
    typer.run(main)
