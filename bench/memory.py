"""The resident memory of the stack's processes, each by name, over time. Knows processes, not what they do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

import psutil

Sample = dict[str, int]

INTERVAL = 1.0


def resident(processes: Mapping[str, int]) -> Sample:
    """Return the resident bytes of each process and of each of its descendants, by `part` and `part/name`."""
    found: Sample = {}
    for part, pid in processes.items():
        for name, process in _tree(part, pid):
            with suppress(psutil.NoSuchProcess):
                found[name] = found.get(name, 0) + process.memory_info().rss
    return found


def growth(before: Sample, after: Sample) -> dict[str, float]:
    """Return how many times its memory `before` each process has `after`, for those that were there both times."""
    return {name: round(after[name] / before[name], 4) for name in before if name in after}


class MemoryWatch:
    """Samples every second for as long as `watch` runs. `processes` is asked each time: a restart changes ids."""

    def __init__(self, processes: Callable[[], Mapping[str, int]]) -> None:
        self._processes = processes
        self._samples: list[tuple[float, Sample]] = []

    async def watch(self) -> None:
        """Sample until cancelled."""
        while True:
            self.sample()
            await asyncio.sleep(INTERVAL)

    def sample(self) -> Sample:
        """Take a sample now."""
        sample = resident(self._processes())
        self._samples.append((time.time(), sample))
        return sample

    def at(self, unix_time: float) -> Sample:
        """Return the first sample at or after the time; the last one when there is none."""
        return next((sample for taken, sample in self._samples if taken >= unix_time), self._samples[-1][1])


def _tree(part: str, pid: int) -> Iterator[tuple[str, psutil.Process]]:
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        yield part, parent
        for child in parent.children(recursive=True):
            yield f"{part}/{_what(child)}", child


def _what(process: psutil.Process) -> str:
    """Name a process; Triton's stubs by the model folder among their arguments."""
    with suppress(psutil.NoSuchProcess):
        arguments = process.cmdline()
        model = next((argument for argument in arguments if argument.endswith("model.py")), "")
        return model.split("/")[-3] if model.count("/") >= 3 else process.name()
    return "ended"
