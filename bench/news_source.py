"""Writes batches of records when it is told to, in a process of its own: what it does delays no clock of the bench's.

`bench/swaps.py` starts it with one line of JSON, then sends a topic a line; it answers a line when a block is written.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec
import uvloop

from bench.topic_log import producing


class Block(msgspec.Struct, frozen=True):
    """The file with the batches of a block, each a list of (key, value), and over how many seconds to spread them."""

    kafka: str
    file: str
    seconds: float


Batches = list[list[tuple[bytes, bytes]]]


async def write(block: Block, batches: Batches) -> None:
    """Write the batches to each topic that is named, until no more are."""
    async with producing(block.kafka, linger_ms=5) as producer:
        while topic := (await asyncio.to_thread(sys.stdin.readline)).strip():
            for batch in batches:
                await asyncio.gather(*[await producer.send(topic, value, key) for key, value in batch])
                await asyncio.sleep(block.seconds / (len(batches) + 1))
            print("written", flush=True)


if __name__ == "__main__":
    told = msgspec.json.decode(sys.stdin.readline(), type=Block)
    uvloop.run(write(told, msgspec.msgpack.decode(Path(told.file).read_bytes(), type=Batches)))
