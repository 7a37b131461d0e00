"""Bad records among good ones, 1 to 20: `python -m bench.faults_poison`.

Each bad one must be refused by the broker or lie in the dead letters with a reason; each good one must be answered.
Knows the topics; `poison.py` knows what is bad.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from typing import Annotated

import typer
import uvloop
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from rich.console import Console

from bench import coverage, program
from bench.coverage import Emitted, Written
from bench.poison import BAD, CODECS, GOOD, Sending
from bench.program import Figures, Target
from bench.stack import STREAM_PARTS, running
from bench.topic_log import end_offsets, producing, read_back, wait_until_committed
from deploy.local.stack import LocalStack
from services.runtime.acknowledgement import Place
from services.runtime.record import Record
from services.runtime.topology import DEAD_LETTER, LISTENING_EVENTS, RECOMMENDATIONS, SESSION_TOPICS

TARGETS = (Target("bad_unaccounted", 0), Target("good_unanswered", 0))
GOOD_TO_ONE_BAD = 20
LISTENERS = 50
# By the codec that they pack records with.
Producers = Mapping[str | None, AIOKafkaProducer]

RATE = 200.0
CATCH_UP = 120.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A record that was sent. `place` is None where the broker refused it."""

    kind: str
    listener_id: str
    sending: Sending
    place: Place | None


def mixture(good: int) -> Iterator[tuple[str, str, int]]:
    """Yield (kind, listener, number): good records, and after each 20 of them a bad one of the same listener."""
    kinds, bad = cycle(GOOD), cycle(BAD)
    for number in range(good):
        # Each listener starts with a plain event, so that what is late is late for everyone.
        kind = "plain event" if number < LISTENERS else next(kinds)
        yield kind, f"listener-{number % LISTENERS}", number
        if number % GOOD_TO_ONE_BAD == GOOD_TO_ONE_BAD - 1:
            yield next(bad), f"listener-{number % LISTENERS}", good + number


def measure(stack: LocalStack, good: int, console: Console) -> Figures:
    """Send the mixture and return what came of it."""
    return uvloop.run(_measure(stack.config.kafka, good, console))


async def _measure(kafka: str, good: int, console: Console) -> Figures:
    async with AsyncExitStack() as producers:
        by_codec = {
            codec: await producers.enter_async_context(producing(kafka, codec=codec)) for codec in (None, *CODECS)
        }
        with program.progress(console) as progress:
            task = progress.add_task("good and bad records", total=good + good // GOOD_TO_ONE_BAD)
            sent = await _send(by_codec, good, lambda: progress.advance(task))
    with console.status("looking for what came of them"):
        await wait_until_committed(kafka, await end_offsets(kafka, [topic.name for topic in SESSION_TOPICS]), CATCH_UP)
        dead = await read_back(kafka, DEAD_LETTER.name)
        emitted = [coverage.decode(record.value or b"") for record in await read_back(kafka, RECOMMENDATIONS.name)]
    return figures(sent, dead, emitted)


def figures(sent: list[Sent], dead: list[Record], emitted: list[Emitted]) -> Figures:
    """Compare what was sent with the dead letters and the recommendations."""
    letters = {place_of(letter): letter for letter in dead}
    bad = [one for one in sent if one.kind in BAD]
    good = [one for one in sent if one.kind in GOOD]
    unaccounted = Counter(one.kind for one in bad if not _is_accounted(one, letters))
    unanswered = Counter(one.kind for one in _unanswered(good, emitted, letters))
    return {
        "bad_unaccounted": unaccounted.total(),
        "good_unanswered": unanswered.total(),
        "bad": len(bad),
        "good": len(good),
        "refused_by_the_broker": sum(one.place is None for one in bad),
        "dead_letters": len(dead),
        "unaccounted_by_kind": dict(unaccounted),
        "unanswered_by_kind": dict(unanswered),
        "reasons": dict(Counter(_said(letter).get("segue-reason", "none") for letter in dead)),
    }


def place_of(letter: Record) -> Place:
    """Return where the record of a dead letter lay."""
    said = _said(letter)
    return said["segue-topic"], int(said["segue-partition"]), int(said["segue-offset"])


def _said(letter: Record) -> dict[str, str]:
    """Return what the dead letter says beside what its record had."""
    return {name: value.decode() for name, value in letter.headers if name.startswith("segue-") and value is not None}


def _is_accounted(one: Sent, letters: dict[Place, Record]) -> bool:
    if one.place is None:
        return True
    letter = letters.get(one.place)
    if letter is None:
        return False
    said = _said(letter)
    original = letter.headers[: len(one.sending.headers)]
    is_whole = (letter.key, letter.value, original) == one.sending[1:4]
    return is_whole and bool(said.get("segue-reason")) and bool(said.get("segue-error"))


def _unanswered(good: list[Sent], emitted: list[Emitted], letters: dict[Place, Record]) -> list[Sent]:
    """Which good ones have no answer: a listening event from any list that has seen it, the others from their own."""
    ids = {answer.recommendation_id for answer in emitted}
    written = [Written(one.listener_id, one.place) for one in good if one.place is not None]
    unseen = set(coverage.uncovered(written, emitted))

    def is_answered(place: Place) -> bool:
        return place not in unseen if place[0] == LISTENING_EVENTS.name else "-".join(map(str, place)) in ids

    return [one for one in good if one.place is None or one.place in letters or not is_answered(one.place)]


async def _send(producers: Producers, good: int, advance: Callable[[], None]) -> list[Sent]:
    began = time.monotonic()
    sent: list[Sent] = []
    for place, (kind, listener_id, number) in enumerate(mixture(good)):
        await asyncio.sleep(max(0.0, began + place / RATE - time.monotonic()))
        sending = {**BAD, **GOOD}[kind](listener_id, number, datetime.now(UTC))
        sent.append(Sent(kind, listener_id, sending, await _send_one(producers[sending.codec], sending)))
        advance()
    return sent


async def _send_one(producer: AIOKafkaProducer, sending: Sending) -> Place | None:
    try:
        at = await producer.send_and_wait(sending.topic, sending.value, sending.key, headers=list(sending.headers))
    except MessageSizeTooLargeError:
        return None
    return at.topic, at.partition, at.offset


def main(
    good: Annotated[int, typer.Option(min=100, help="good records to send; one bad one for each 20 of them")] = 2_000,
    *,
    check: Annotated[bool, typer.Option(help="exit code 1 when a target is missed")] = False,
) -> None:
    """Send bad records among good ones, and look for what came of each."""

    def measured(console: Console) -> Figures:
        with running(STREAM_PARTS, console) as stack:
            return measure(stack, good, console)

    raise typer.Exit(program.run("Bad records among good ones", TARGETS, measured, check=check))


if __name__ == "__main__":
    typer.run(main)
