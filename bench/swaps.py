"""What an index swap takes, and what it costs the requests beside it, at a hundred thousand tracks.

The swap itself is timed in this process. Its price is measured where it is paid: in the model server, which follows
`track-tokens`, while questions go straight to it. Blocks with news and without take turns; without, the same bytes are
written to a topic that nobody reads, so that broker and producer are as busy.
"""

from __future__ import annotations

import asyncio
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
from rich.console import Console

from bench import program
from bench.latencies import percentile_ms
from bench.live_catalogue import news
from bench.news_source import Batches, Block
from bench.program import Figures
from deploy.local.stack import LocalStack
from segue import wire
from segue.errors import StackError
from segue.model.checkpoint import Checkpoint
from segue.model.recommender import Recommender
from segue.ranking import Query
from segue.session import Session, SessionEvent
from services.runtime import garbage
from services.runtime.recommender import TritonRecommender
from services.runtime.topology import RECOMMENDATIONS, TRACK_TOKENS

SHARE = 0.01
SWAPS = 30
# A block in seconds, and so many news in it; questions a second, and the listeners that ask in turn.
BLOCK, NEWS_A_BLOCK = 4.0, 4
RATE = 40.0
LISTENERS = 50
PLAYED = 20
TIMEOUT = 5.0
PAUSE = 0.5
_FINISHED = 2


def swap_seconds(checkpoint: Checkpoint, watch: Callable[[], object]) -> Iterator[float]:
    """Yield how long it takes from tokens in memory to an index in use, in seconds."""
    recommender = Recommender(checkpoint)
    garbage.settle()  # as the model server does
    count = int(len(checkpoint.index) * SHARE)
    for version in range(1, SWAPS + 1):
        tokens = news(checkpoint, count, version)
        began = time.perf_counter()
        recommender.swap(recommender.index.updated(tokens, checkpoint.codebooks))
        yield time.perf_counter() - began
        recommender.index.settle(token.track_id for token in tokens)  # as `update` does, after the swap
        watch()


@dataclass(slots=True)
class Asked:
    """How long questions took, in seconds."""

    calm: list[float] = field(default_factory=list)
    swapping: list[float] = field(default_factory=list)


async def measure_ratio(stack: LocalStack, checkpoint: Checkpoint, pairs: int, console: Console) -> Figures:
    """Ask the model server in blocks with and without news; return the percentiles of both and their ratio."""
    asked, queries = Asked(), _queries(checkpoint)
    model = TritonRecommender(stack.config.triton)
    await _block(model, queries, [])  # what is made on first use
    with TemporaryDirectory(prefix="segue-news-") as folder, program.progress(console) as progress:
        source = await _source(stack.config.kafka, _batches(checkpoint), Path(folder))
        task = progress.add_task("blocks with and without swaps", total=2 * pairs)
        for number in range(2 * pairs):
            # Which of the two comes first changes too: what drifts, drifts for both.
            swapping = (number + number // 2) % 2 == 0
            writing = asyncio.create_task(_write(source, TRACK_TOKENS.name if swapping else RECOMMENDATIONS.name))
            await _block(model, queries, asked.swapping if swapping else asked.calm)
            await writing
            await asyncio.sleep(PAUSE)  # what the block wrote is not the next one's burden
            progress.advance(task)
        source.terminate()
        await source.wait()
    await model.close()
    return figures(asked)


def figures(asked: Asked) -> Figures:
    """Return the ratio of the 99th percentiles, and what it rests on."""
    measured = {
        f"{name}_p{percent}_ms": percentile_ms(getattr(asked, name), percent)
        for name in ("calm", "swapping")
        for percent in (50, 99)
    }
    ratio = round(measured["swapping_p99_ms"] / measured["calm_p99_ms"], 3)
    return {"swap_p99_ratio": ratio, **measured, "questions": len(asked.calm) + len(asked.swapping)}


async def _block(model: TritonRecommender, queries: Sequence[Query], into: list[float]) -> None:
    """Ask at a rate that waits for no answer, for the length of a block."""
    began = time.monotonic()
    calls: list[asyncio.Task[None]] = []
    while (due := began + len(calls) / RATE) < began + BLOCK:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        calls.append(asyncio.create_task(_ask(model, queries[len(calls) % len(queries)], into)))
    await asyncio.gather(*calls)


async def _ask(model: TritonRecommender, query: Query, into: list[float]) -> None:
    began = time.perf_counter()
    await model.rank([query], TIMEOUT)
    into.append(time.perf_counter() - began)


def _batches(checkpoint: Checkpoint) -> Batches:
    count = int(len(checkpoint.index) * SHARE)
    return [
        [(token.track_id.encode(), wire.encode(token)) for token in news(checkpoint, count, 1_000 + number)]
        for number in range(NEWS_A_BLOCK)
    ]


async def _source(kafka: str, batches: Batches, folder: Path) -> Process:
    file = folder / "batches"
    file.write_bytes(msgspec.msgpack.encode(batches))
    source = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.news_source", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert source.stdin is not None
    source.stdin.write(msgspec.json.encode(Block(kafka, str(file), BLOCK)) + b"\n")
    return source


async def _write(source: Process, topic: str) -> None:
    """Have a block of news written to the topic. Raises StackError when it was not."""
    assert source.stdin is not None
    assert source.stdout is not None
    source.stdin.write(f"{topic}\n".encode())
    if not await source.stdout.readline():
        raise StackError("the news could not be written; see its error above")


def _queries(checkpoint: Checkpoint) -> list[Query]:
    random = np.random.default_rng(3)
    index = checkpoint.index
    return [
        Query(
            Session(
                f"listener {number}",
                tuple(
                    SessionEvent(place * 180_000, f"e{place}", index.track(int(row)).track_id, _FINISHED)
                    for place, row in enumerate(random.choice(len(index), PLAYED, replace=False))
                ),
            ),
            now_ms=PLAYED * 180_000,
        )
        for number in range(LISTENERS)
    ]
