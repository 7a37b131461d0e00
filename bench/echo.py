"""The barest way through the log: a process that answers each record of one topic on another, and does nothing else.

`bench/path.py` starts it. It prints one line when it reads, and ends with its standard input. The answer says where the
record lay, and is as long as it is told.
"""

from __future__ import annotations

import asyncio
import sys
import threading

import msgspec
import uvloop

from bench.topic_log import producing, reading


class Echo(msgspec.Struct, frozen=True):
    """From which topic to which, and how long an answer is, in bytes."""

    kafka: str
    source: str
    target: str
    answer_bytes: int


class Echoed(msgspec.Struct, frozen=True):
    """Where the answered record lay; `padding` makes the answer as long as a recommendation list."""

    partition: int
    offset: int
    padding: str = ""


async def answer(echo: Echo) -> None:
    """Answer until cancelled."""
    padding = " " * echo.answer_bytes
    async with producing(echo.kafka) as producer, reading(echo.kafka, echo.source) as consumer:
        print("reading", flush=True)
        async for message in consumer:
            echoed = msgspec.json.encode(Echoed(message.partition, message.offset))
            # 13 bytes: the comma, the name and the quotes of the padding.
            padded = echoed[:-1] + b',"padding":"' + padding[len(echoed) + 13 :].encode() + b'"}'
            await producer.send(echo.target, padded, message.key)


async def _until_input_ends(echo: Echo) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait, daemon=True).start()
    answering = asyncio.create_task(answer(echo))
    await asyncio.wait([answering, asyncio.create_task(ended.wait())], return_when=asyncio.FIRST_COMPLETED)
    if answering.done():
        answering.result()
    answering.cancel()


if __name__ == "__main__":
    uvloop.run(_until_input_ends(msgspec.json.decode(sys.stdin.buffer.readline(), type=Echo)))
