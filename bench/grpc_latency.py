"""`Recommend` on the idle stack, above the model's own time: `python -m bench.grpc_latency`.

One client calls, and waits for the answer before it calls again; after each answer the same query goes straight to the
model, so that both see the same machine. Knows the gateway's client and the model's.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from bench import program
from bench.folding import fold
from bench.latencies import percentile_ms
from bench.listening import Load
from bench.program import Figures, Target
from bench.stack import SERVING_PARTS, popular_track_ids, running
from bench.topic_log import end_offsets, read_back, wait_until_committed
from deploy.local.stack import LocalStack
from segue.client import AsyncClient
from segue.errors import StackError
from segue.ranking import Query
from segue.session import FoldRules, Session, to_ms
from services.runtime.recommender import TritonRecommender
from services.runtime.topology import LISTENING_EVENTS

TARGETS = (Target("recommend_over_model_p50_ms", 15.0),)
LISTENERS = 50
EVENTS_EACH = 12
WARM_UP_CALLS = 100
CALL_TIMEOUT = 5.0
CATCH_UP = 60.0


def measure(stack: LocalStack, calls: int, console: Console) -> Figures:
    """Make so many calls and return how long they took."""
    return uvloop.run(_measure(stack, calls, console))


async def _measure(stack: LocalStack, calls: int, console: Console) -> Figures:
    model = TritonRecommender(stack.config.triton)
    recommend: list[float] = []
    own: list[float] = []
    async with AsyncClient(stack.config.gateway, timeout=CALL_TIMEOUT) as client:
        with console.status("listening a little"):
            states = await _listen(client, stack)
        listeners = list(states)
        with program.progress(console) as progress:
            task = progress.add_task("calls", total=WARM_UP_CALLS + calls)
            for number in range(WARM_UP_CALLS + calls):
                listener_id = listeners[number % len(listeners)]
                recommend.append(await _recommend(client, listener_id))
                own.append(await _rank(model, states[listener_id]))
                progress.advance(task)
    await model.close()
    return figures(recommend[WARM_UP_CALLS:], own[WARM_UP_CALLS:])


def figures(recommend: list[float], own: list[float]) -> Figures:
    """Return the difference of the medians, and what it rests on."""
    measured = {
        f"{name}_p{percent}_ms": percentile_ms(values, percent)
        for name, values in (("recommend", recommend), ("model", own))
        for percent in (50, 99)
    }
    above = round(measured["recommend_p50_ms"] - measured["model_p50_ms"], 3)
    return {"recommend_over_model_p50_ms": above, **measured, "calls": len(recommend)}


async def _listen(client: AsyncClient, stack: LocalStack) -> dict[str, Session]:
    """Give listeners a past, wait until all of it was answered, and return their states."""
    config = stack.config
    load = Load(LISTENERS, popular_track_ids(config.checkpoint))
    await client.record_events(
        load.events(datetime.now(UTC), 1_000.0, range(LISTENERS * EVENTS_EACH)), timeout=CATCH_UP
    )
    await wait_until_committed(config.kafka, await end_offsets(config.kafka, [LISTENING_EVENTS.name]), CATCH_UP)
    return fold(await read_back(config.kafka, LISTENING_EVENTS.name), FoldRules())


async def _recommend(client: AsyncClient, listener_id: str) -> float:
    began = time.monotonic()
    answer = await client.recommend(listener_id)
    seconds = time.monotonic() - began
    if answer.degraded:
        raise StackError(f"an answer on the idle stack is degraded: {answer.degraded_reason}")
    return seconds


async def _rank(model: TritonRecommender, session: Session) -> float:
    query = Query(session=session, now_ms=to_ms(datetime.now(UTC)))
    began = time.monotonic()
    await model.rank([query], timeout=CALL_TIMEOUT)
    return time.monotonic() - began


def main(
    calls: Annotated[int, typer.Option(min=10, help="calls of Recommend, after the warm-up")] = 1_000,
    *,
    check: Annotated[bool, typer.Option(help="exit code 1 when a target is missed")] = False,
) -> None:
    """Call Recommend one by one on the idle stack, and the model with the same queries."""

    def measured(console: Console) -> Figures:
        with running(SERVING_PARTS, console) as stack:
            return measure(stack, calls, console)

    raise typer.Exit(program.run("Recommend over gRPC", TARGETS, measured, check=check))


if __name__ == "__main__":
    typer.run(main)
