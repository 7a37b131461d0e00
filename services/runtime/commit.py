"""What Faust commits, what its consumer passes over, and what of it reaches the streams.

Committed is the newest acknowledged offset of each partition, since acknowledgements come in offset order. Faust's own
reckoning looks for gaps instead. It takes offsets that it has skipped while it seeks to the committed ones after a
start for gaps and counts them as acknowledged: a commit can then pass over records that are not done, and later ones
advance by a single offset at a time. Knows nothing of what acknowledges (`acknowledgement.py` keeps the order).

Two more of its ways lose records while partitions move under load (docs/decisions/0013): see `Flow` and
`OrderedConsumer.ack`. A third would read them before their tables are recovered: see `OrderedConsumer.on_buffer_drop`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

import faust
from faust.transport.drivers import aiokafka
from faust.types import TP
from mode.services import WaitResults
from mode.utils.queues import FlowControlEvent

from services.runtime.begun import begin
from services.runtime.gaps import Gaps
from services.runtime.prefetch import Prefetch
from services.runtime.producer import PatientProducer


class _Thread(aiokafka.AIOKafkaConsumerThread):
    """Faust's thread around aiokafka's consumer, which also says what each fetch passed over."""

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: set[TP],
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> Any:
        owner: Any = self.consumer
        if not owner.flow_active:
            return {}
        before = positions(consumer, active_partitions)
        found = await super()._fetch_records(consumer, active_partitions, timeout, max_records)
        note(owner.gaps, before, found, positions(consumer, active_partitions))
        return found


class OrderedConsumer(aiokafka.Consumer):
    """Faust's consumer; what was acknowledged last is what can be committed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        app: Any = self.app
        self.gaps: Gaps = app.gaps

    def ack(self, message: Any) -> bool:
        """Acknowledge a message, if its assignment still holds; else it is read again, here or by another worker.

        Faust's streams, where they are not compiled, acknowledge a message that they leave out because partitions are
        being assigned anew. The question is the one that makes them leave it out, with nothing awaited in between.
        """
        app: Any = self.app
        if not app.flow_control.is_active() or message.generation_id != app.consumer_generation_id:
            return False
        acknowledged: bool = super().ack(message)
        return acknowledged

    async def wait_first(self, *waited: Any, timeout: Any = None) -> Any:
        """Wait as Faust does; but a message that can be handed on at once is, without the four tasks that it makes.

        These were most of what a message cost (bench.surge).
        """
        if not all(map(asyncio.iscoroutine, waited)):
            return await super().wait_first(*waited, timeout=timeout)
        first, *others = waited
        left = None
        try:
            left = begin(first)
        finally:
            if left is None:
                for other in others:
                    other.close()
        if left is None:
            return WaitResults([first], [None], stopped=False)
        return await super().wait_first(left, *others, timeout=timeout)

    def on_buffer_drop(self, tp: TP) -> None:
        """There is room for a partition's records again: read on, but not while it is paused for recovery.

        A stream that was emptied because partitions move says so as well, and Faust would read at once.
        """
        if tp in self._paused_partitions:
            self._buffered_partitions.discard(tp)
        else:
            super().on_buffer_drop(tp)

    def _new_consumer_thread(self) -> aiokafka.AIOKafkaConsumerThread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    def _new_offset(self, tp: TP) -> int | None:
        acknowledged = self._acked[tp]
        if not acknowledged:
            return None
        newest: int = max(acknowledged)
        acknowledged.clear()
        self._acked_index[tp].clear()
        return newest + 1

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Gaps do not matter: a compacted record is never acknowledged, and never waited for."""


def positions(consumer: Any, partitions: Collection[TP]) -> dict[TP, int]:
    """Return the position of each partition that is assigned and has one."""
    # aiokafka's public way to a position waits until there is one.
    subscription = consumer._subscription.subscription  # noqa: SLF001
    if subscription is None or subscription.assignment is None:
        return {}
    states = {at: subscription.assignment.state_value(at) for at in partitions}
    return {at: state.position for at, state in states.items() if state is not None and state.has_valid_position}


def note(gaps: Gaps, before: Mapping[TP, int], found: Mapping[TP, Any], after: Mapping[TP, int]) -> None:
    """Note what a fetch passed over, given the positions before and after it and what it found."""
    for at, position in after.items():
        records = found.get(at)
        last = records[-1].offset if records else None
        gaps.fetched((at.topic, at.partition), before.get(at), last, position)


class _Producer(aiokafka.Producer):
    """Faust's producer of changelogs, as patient as that of the answers which rest on them."""

    @property
    def _producer_type(self) -> type[PatientProducer]:
        return PatientProducer


class _Transport(aiokafka.Transport):
    Consumer = OrderedConsumer
    Producer = _Producer


class Flow(FlowControlEvent):
    """Lets records flow into streams, which is stopped while partitions move.

    Faust lets them flow when it begins to recover tables, and once more when it has gone back to the committed offsets.
    What came in between is in the streams' queues, and letting flow empties these: so it must not while they do flow.
    """

    def resume(self) -> None:
        """Let records flow; what is left from before they were stopped is forgotten."""
        if not self.is_active():
            super().resume()


class OrderedApp(faust.App):
    """A Faust app whose consumer commits what was acknowledged in order and tells what it passes over."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.gaps = Gaps()
        super().__init__(*args, **options)

    @cached_property
    def flow_control(self) -> Flow:
        """What lets records flow into the streams."""
        return Flow(loop=self.loop)

    def FlowControlQueue(self, maxsize: int | None = None, *, clear_on_resume: bool = False) -> Prefetch:  # noqa: N802  Faust's name
        """Return what records of a stream wait in."""
        return Prefetch(maxsize=maxsize, flow_control=self.flow_control, clear_on_resume=clear_on_resume)

    def _new_transport(self) -> Any:
        return _Transport(self.conf.broker_consumer, self)
