"""The backtest against the stream: `python -m bench.parity`.

One log of playlist edits and catalogue entries goes through real workers of track_tokens: shuffled within the
lateness, in order with three workers, and with a worker that is killed and restarted. What they publish must be, bit
for bit, what the folds give for the log in order. Knows the topics and the stack; `segue/cooccurrence/backtest.py` says
what is right.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import msgspec
import orjson
import typer
import uvloop
from rich.console import Console

from bench import program
from bench.program import Figures, Target
from bench.topic_log import end_offsets, producing, read_back, wait_until_committed
from deploy.local.config import StackConfig, free_ports
from deploy.local.part import Part
from deploy.local.parts import make_parts
from deploy.local.preflight import check_checkpoint
from deploy.local.probes import http_is_ok
from deploy.local.stack import LocalStack, MakeParts
from segue import wire
from segue.catalog import Track, TrackTokens
from segue.cooccurrence.backtest import Backtest, story
from segue.cooccurrence.rules import LiveRules
from segue.dataset import Dataset
from segue.events import PlaylistEvent
from segue.model.checkpoint import load_codebooks
from segue.model.checkpoint_files import FORMAT, MANIFEST, Files, version_of
from segue.model.frozen import load_clusters
from segue.replay import one_after_the_other, playlist_events
from segue.session import FoldRules, to_ms
from services.runtime.record import Record
from services.runtime.topology import CATALOG, PLAYLIST_EVENTS, TRACK_DELTAS, TRACK_TOKENS

TARGETS = (Target("differences", 0),)
PARTS = ("kafka", "triton", "topics", "track_tokens")
WORKER = "track_tokens"
GROUP = "segue-track-tokens"
CATCH_UP = 240.0
KILLS = 3
# Of the lateness: events that come later still are refused, and the broker's clock has no part in it.
MOST_LATE = 0.99

EAGER = LiveRules(code_days=5.0, known_belief=0.3, content_belief=0.1, margin=0.02)

Told = Mapping[str, bytes]
Written = tuple[str, str, bytes]  # topic, key, value


@dataclass(frozen=True, slots=True)
class Log:
    """What is written: edits in the order of their events, and the content of tracks."""

    edits: Sequence[PlaylistEvent]
    tracks: Sequence[Track]


@dataclass(frozen=True, slots=True)
class Variant:
    """One way for a log to reach its end."""

    name: str
    workers: int = 1
    shuffled: bool = False
    kills: int = 0


VARIANTS = (Variant("shuffled", shuffled=True), Variant("three_workers", workers=3), Variant("killed", kills=KILLS))


def log_of(dataset: Dataset, most: int) -> Log:
    """Return the first edits of a dataset, and every track that it knows."""
    return Log(list(islice(one_after_the_other(playlist_events(dataset)), most)), list(dataset.tracks()))


def expected(log: Log, checkpoint: Path) -> tuple[Told, int]:
    """Return what the folds give for the log in order, by track id, and how many codes left home."""
    codebooks, test = load_codebooks(checkpoint), Backtest(load_clusters(checkpoint))
    for track, codes in zip(log.tracks, codebooks.content_codes(log.tracks), strict=True):
        test.describe(track, codebooks.as_message(codes))
    for event in log.edits:
        test.edit(event)
    found = list(test.tokens())
    moved = sum(each.live is not None and each.live.code != each.live.home for each in found)
    return {each.track_id: wire.encode(each) for each in found}, moved


def measure(log: Log, variants: Collection[Variant], console: Console, checkpoint: Path | None = None) -> Figures:
    """Send the log in each variant, and return how many tracks differ from what the folds give."""
    began = time.monotonic()
    with TemporaryDirectory(prefix="segue-parity-") as folder:
        eager = write_eager(checkpoint or StackConfig().checkpoint, Path(folder) / "checkpoint")
        with console.status("folding the log"):
            wanted, moved = expected(log, eager)
        differences = {}
        for variant in variants:
            with _running(variant, console, eager) as stack:
                differences[variant.name] = uvloop.run(_differences(stack, log, variant, wanted, console))
    return {
        "differences": sum(differences.values()),
        **{f"differences_{name}": found for name, found in differences.items()},
        "edits": len(log.edits),
        "tracks": len(wanted),
        "moved_codes": moved,
        "seconds": round(time.monotonic() - began, 1),
    }


def write_eager(checkpoint: Path, out: Path) -> Path:
    """Copy a checkpoint, with rules by which codes move often: what never moves would hide how it does."""
    files = Files.open(checkpoint)
    facts = files.json("codebooks.json") | {"live": msgspec.to_builtins(EAGER)}
    contents = {**files.contents, "codebooks.json": orjson.dumps(facts)}
    digests = {name: sha256(content).hexdigest() for name, content in sorted(contents.items())}
    manifest = {"format": FORMAT, "version": version_of(digests), "files": digests}
    out.mkdir()
    for name, content in {**contents, MANIFEST: orjson.dumps(manifest)}.items():
        (out / name).write_bytes(content)
    return out


async def _differences(stack: LocalStack, log: Log, variant: Variant, wanted: Told, console: Console) -> int:
    kafka = stack.config.kafka
    chance = random.Random(1)  # noqa: S311  # an order, not a secret
    with program.progress(console) as progress:
        records = list(_records(log, variant, chance))
        task = progress.add_task(variant.name, total=len(records))
        kills = {len(records) * (number + 1) // (variant.kills + 1): number for number in range(variant.kills)}
        async with producing(kafka, linger_ms=5) as producer:
            for place, (topic, key, value) in enumerate(records):
                await producer.send(topic, value, key.encode())
                progress.advance(task)
                if place in kills:
                    await producer.flush()
                    await asyncio.to_thread(_kill, stack, lose_table=kills[place] % 2 == 1)
    with console.status(f"{variant.name}: waiting until all is published"):
        # Changes are in the log before the edits that made them are committed.
        for topics in ((PLAYLIST_EVENTS.name, CATALOG.name), (TRACK_DELTAS.name,)):
            await wait_until_committed(kafka, await end_offsets(kafka, topics), CATCH_UP, GROUP)
        found = _newest(await read_back(kafka, TRACK_TOKENS.name))
    return sum(found.get(track_id) != wanted.get(track_id) for track_id in found.keys() | wanted.keys())


def _records(log: Log, variant: Variant, chance: random.Random) -> Iterator[Written]:
    """Yield topic, key and value of each record, in the variant's order."""
    edits = [(PLAYLIST_EVENTS.name, event.playlist_id, wire.encode(event)) for event in log.edits]
    entries = [(CATALOG.name, track.track_id, wire.encode(track)) for track in log.tracks]
    if not variant.shuffled:
        return iter((*entries, *edits))
    order = sorted(range(len(edits)), key=_late(log.edits, chance))
    # Content may be told before, between or after the edits.
    return iter(_mixed([edits[place] for place in order], entries, chance))


def _late(edits: Sequence[PlaylistEvent], chance: random.Random) -> Callable[[int], float]:
    lateness_ms = FoldRules().lateness / timedelta(milliseconds=1) * MOST_LATE
    arrivals = [to_ms(event.event_time) + chance.uniform(0, lateness_ms) for event in edits if event.event_time]
    return arrivals.__getitem__


def _mixed(first: Sequence[Written], second: Sequence[Written], chance: random.Random) -> Iterable[Written]:
    sources = [iter(first), iter(second)]
    turns = [0] * len(first) + [1] * len(second)
    chance.shuffle(turns)
    return (next(sources[turn]) for turn in turns)


def _newest(records: Iterable[Record]) -> dict[str, bytes]:
    """Return the story of each track's newest tokens, where there is one."""
    newest = {(record.key or b"").decode(): record.value for record in records}
    told = {key: story(wire.decode(value, TrackTokens)) for key, value in newest.items() if value is not None}
    return {key: wire.encode(tokens) for key, tokens in told.items() if tokens is not None}


def _kill(stack: LocalStack, *, lose_table: bool) -> None:
    stack.kill(WORKER)
    if lose_table:
        shutil.rmtree(stack.config.folder / "state" / WORKER)
    stack.restart(WORKER)


@contextmanager
def _running(variant: Variant, console: Console, checkpoint: Path) -> Iterator[LocalStack]:
    with TemporaryDirectory(prefix="segue-parity-", ignore_cleanup_errors=True) as folder:
        config = StackConfig.for_tests(Path(folder), checkpoint=checkpoint)
        check_checkpoint(config.checkpoint)
        with LocalStack(config, only=PARTS, console=console, make=_with_workers(variant.workers)) as stack:
            yield stack


def _with_workers(workers: int) -> MakeParts:
    def make(config: StackConfig, only: Collection[str], name: str, console: Console) -> Iterator[Part]:
        for part in make_parts(config, only, name, console):
            yield part
            if part.name == WORKER:
                yield from (_another(part, config, number) for number in range(2, workers + 1))

    return make


def _another(part: Part, config: StackConfig, number: int) -> Part:
    """Return one worker more, with a table and a port of its own."""
    (port,) = free_ports(1)
    name = f"{part.name}-{number}"
    own = {"SEGUE_METRICS_PORT": str(port), "SEGUE_STATE": str(config.folder / "state" / name)}
    return replace(
        part, name=name, environment={**part.environment, **own}, ready=lambda: http_is_ok(port, "/ready"), ports={}
    )


def main(
    edits: Annotated[int, typer.Option(min=1, help="how many edits of the history")] = 8_000,
    dataset: Annotated[Path | None, typer.Option(help="dataset folder; the bundled sample without")] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="checkpoint folder; the bundled one without")] = None,
    *,
    check: Annotated[bool, typer.Option(help="exit code 1 when a target is missed")] = False,
) -> None:
    """Compare what track_tokens publishes with the backtest, three ways."""

    def measured(console: Console) -> Figures:
        log = log_of(Dataset.open(dataset or StackConfig().sample), edits)
        return measure(log, VARIANTS, console, checkpoint)

    raise typer.Exit(program.run("backtest against stream", TARGETS, measured, check=check))


if __name__ == "__main__":
    typer.run(main)
